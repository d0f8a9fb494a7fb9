use std::fmt;

/// CUPTI's API version, as `cuptiGetVersion` reports it.
///
/// Two countings exist: plain numbers up to CUDA 12 (`18` = 12.0 … `28` = 12.9) and, from CUDA 13 on, six digits
/// (`130001` = 13.0 update 1). They order correctly as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion(pub u32);

impl ApiVersion {
    /// CUDA 12.0, the oldest whose records [`Record::decode`](crate::Record::decode) promises to read.
    pub const CUDA_12_0: Self = Self(18);
    /// CUDA 13.0.
    pub const CUDA_13_0: Self = Self(130_000);

    /// Forwarding NVTX to it (`cuptiNvtxInitialize2`) works. In 13.0.0 alone it does not: NVIDIA/NVTX#125.
    pub fn takes_nvtx(self) -> bool {
        self != Self::CUDA_13_0
    }

    /// Records of this version begin with the prefixes that the decoder reads.
    pub fn is_supported(self) -> bool {
        self >= Self::CUDA_12_0
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 >= 100_000 {
            write!(f, "{}.{}.{}", self.0 / 10_000, self.0 / 100 % 100, self.0 % 100)
        } else {
            write!(f, "API {}", self.0)
        }
    }
}
