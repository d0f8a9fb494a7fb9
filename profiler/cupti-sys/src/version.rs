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
    /// CUDA 13.1.
    pub const CUDA_13_1: Self = Self(130_100);

    /// Records of this version begin with the prefixes that the decoder reads.
    pub fn is_supported(self) -> bool {
        self >= Self::CUDA_12_0
    }

    /// A timestamp callback gives wrong or zero stamps from CUDA 12.6 update 2 (API 24) until 13.1 repaired it.
    pub fn timestamp_callback_is_sound(self) -> bool {
        self < Self(24) || self >= Self::CUDA_13_1
    }

    /// Several subscribers may coexist when each of them allows it.
    pub fn allows_several_subscribers(self) -> bool {
        self >= Self::CUDA_13_0
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
