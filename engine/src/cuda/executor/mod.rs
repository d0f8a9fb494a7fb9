//! Plans on real GPUs: one rank a GPU, all in this process, or some of them here and the others in processes that NCCL joins.
//!
//! What runs here today: dense models and mixtures of experts, whole prefills, prefills after a cached prefix and decode steps, peer-to-peer
//! collectives and NCCL, on Hopper. Anything else is refused before the run, with the reason. Weights are random by seed or
//! a checkpoint's, token ids arbitrary or given, cached tokens random or those of earlier plans.
//!
//! Every op of the plan is one launch, so measured and modelled timelines can be laid side by side, op by op.

mod activations;
mod attention;
mod cache;
mod clocks;
mod collective;
mod compute;
mod contents;
mod experts;
mod graph;
mod held;
mod inputs;
mod isolated;
mod launch;
mod layout;
mod need;
mod places;
mod prepared;
mod products;
mod programs;
mod random;
mod rank;
mod report;
mod routing;
mod run;
mod share;
mod support;
mod tiles;
mod timer;
mod weights;
mod workspace;

#[cfg(test)]
pub(in crate::cuda) use cache::shuffled as shuffled_pages;
pub use contents::{Contents, Placed};
pub use graph::Launching;
pub use layout::{PAGE_TOKENS, pages_of};
pub use need::page_bytes;
pub use run::CudaExecutor;
pub use share::{Share, share_refusal};
pub use support::refusal;
pub use weights::Weights;
