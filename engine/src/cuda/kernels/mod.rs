//! Device kernels as the host loads and launches them.

mod attention;
mod fused_norm;
mod gemm;
mod loader;
mod tensor_map;

pub(in crate::cuda) use attention::{
    ATTENTION_SMEM_BYTES, DECODE_SMEM_BYTES, Decode, PORTABLE_ATTENTION_SMEM_BYTES,
};
pub(in crate::cuda) use fused_norm::FusedForm;
pub use gemm::{Gemm, GemmCall, GemmForm};
pub(in crate::cuda) use loader::Loader;
pub use tensor_map::{Matrix, TensorMap};
