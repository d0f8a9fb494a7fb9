//! Device kernels as the host loads and launches them: a launcher each, which holds the order of its arguments, its
//! threads, its grid and its shared memory, and a call that says in shapes what it works on.
//!
//! Why a launch is safe, and how lists are held against the `.cu` text, says `arguments`.

mod arguments;
mod collective;
mod decode;
mod experts;
mod fused_norm;
mod gemm;
mod gemm_few;
mod heads;
mod likeliest;
mod loader;
mod moments;
#[expect(dead_code, reason = "nothing makes the multicast object that these kernels need")]
mod multimem;
mod norm;
mod pointwise;
mod prefill;
mod rope;
mod source;
mod tensor_map;

#[cfg(test)]
mod signatures;

pub(in crate::cuda) use collective::{
    CollectiveCall, CollectiveKernel, CollectiveKind, Shared, peers,
};
pub(in crate::cuda) use decode::{Decode, DecodeCall, MergeCall, decode_blocks_per_key_head};
pub(in crate::cuda) use experts::{
    Choice, Combine, CombineCall, Copied, FEW_SCORES, MAX_EXPERTS, MAX_TOP_K, Permute, PermuteCall,
    Routes, Scores, ScoresCall, SharedExpert, TAKEN, TopK, TopKCall,
};
pub(in crate::cuda) use fused_norm::{FusedForm, FusedNorm, FusedNormCall};
pub(in crate::cuda) use gemm::Grouping;
pub use gemm::{Gemm, GemmCall, GemmForm, Groups};
pub(in crate::cuda) use gemm_few::{FewForm, GemmFew};
pub(in crate::cuda) use heads::HEAD_DIMS;
pub(in crate::cuda) use likeliest::{Likeliest, LikeliestCall, token_of};
pub use loader::Loader;
pub(in crate::cuda) use moments::{Clock, ClockCall, Mark, MarkCall, Moment};
pub(in crate::cuda) use norm::{Norm, NormCall, NormKind, QkNorm, QkNormCall};
pub(in crate::cuda) use pointwise::*;
pub(in crate::cuda) use prefill::{PageTable, Prefill, PrefillCall, PrefillForm};
pub(in crate::cuda) use rope::{Rope, RopeCall};
pub use tensor_map::{Matrix, TensorMap};
pub(in crate::cuda) use tensor_map::{padded, spread};
