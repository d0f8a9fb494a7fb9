//! Plans on real GPUs: one rank a GPU, all in this process.
//!
//! What runs here today: dense models, prefill without a cached prefix, peer-to-peer collectives, on Hopper. Anything
//! else is refused before the run, with the reason. Weights are random by seed or a checkpoint's, token ids arbitrary or
//! given.
//!
//! Every op of the plan is one launch, so measured and modelled timelines can be laid side by side, op by op.

mod attention;
mod clocks;
mod collective;
mod compute;
mod inputs;
mod launch;
mod layout;
mod need;
mod prepared;
mod programs;
mod random;
mod rank;
mod report;
mod run;
mod support;
mod timer;
mod weights;

pub use run::{CudaExecutor, Launching};
pub use support::refusal;
pub use weights::Weights;
