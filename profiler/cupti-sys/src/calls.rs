use crate::ApiVersion;

/// Calls that not every supported version has. Everything else that Weftscope uses has been there since CUDA 12.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// Subscribing under a name, beside others that allow it.
    SubscribeV2,
    /// Counters sampled over time.
    PmSampling,
    /// Building counter configurations on the host, which PM sampling needs.
    ProfilerHost,
    /// Records of chosen driver calls only.
    EnableDriverApi,
    /// Kernel stamps by the hardware event system (Blackwell).
    HwTrace,
}

impl Call {
    /// Every call.
    pub const ALL: [Self; 5] = [
        Self::SubscribeV2,
        Self::PmSampling,
        Self::ProfilerHost,
        Self::EnableDriverApi,
        Self::HwTrace,
    ];

    /// The symbol whose presence stands for the call.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::SubscribeV2 => "cuptiSubscribe_v2",
            Self::PmSampling => "cuptiPmSamplingEnable",
            Self::ProfilerHost => "cuptiProfilerHostInitialize",
            Self::EnableDriverApi => "cuptiActivityEnableDriverApi",
            Self::HwTrace => "cuptiActivityEnableHWTrace",
        }
    }

    /// The first version whose headers have it (12.6 is API 24, 12.8 API 26).
    pub fn since(self) -> ApiVersion {
        match self {
            Self::SubscribeV2 => ApiVersion::CUDA_13_0,
            Self::PmSampling | Self::ProfilerHost => ApiVersion(24),
            // 12.5 by the first bindings that have it.
            Self::EnableDriverApi => ApiVersion(23),
            Self::HwTrace => ApiVersion(26),
        }
    }
}
