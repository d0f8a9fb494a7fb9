use super::Loader;
use crate::cuda::driver::{CudaError, Kernel};

/// Dynamic shared memory of the attention kernels: what stages, queries and staging rows take, rounded up; portable: two
/// stages of 64 keys and values.
pub(in crate::cuda) const ATTENTION_SMEM_BYTES: u32 = 183_552;
pub(in crate::cuda) const PORTABLE_ATTENTION_SMEM_BYTES: u32 = 4 * 64 * (128 * 2 + 16);

/// Dynamic shared memory of the decode kernel: three stages of sixteen keys and values for each of four warps.
pub(in crate::cuda) const DECODE_SMEM_BYTES: u32 = 98_304;

/// Attention of single queries.
#[derive(Debug)]
pub(in crate::cuda) struct Decode {
    pub(in crate::cuda) pieces: Kernel,
    pub(in crate::cuda) merge: Kernel,
}

impl Decode {
    pub(in crate::cuda) fn load(loader: Loader<'_>) -> Result<Self, CudaError> {
        let load = |entry, smem_bytes| loader.load("attention_decode.cu", entry, &[], smem_bytes);
        Ok(Self {
            pieces: load("weft_attention_decode", DECODE_SMEM_BYTES)?,
            merge: load("weft_attention_merge", 0)?,
        })
    }
}
