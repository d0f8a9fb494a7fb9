//! Plans on real GPUs: one rank a GPU, all in this process.
//!
//! What runs here today: dense models, prefill without a cached prefix, peer-to-peer collectives, on Hopper. Anything
//! else is refused before the run, with the reason. Weights and tokens are random by seed.
//!
//! Every op of the plan is one launch, so measured and modelled timelines can be laid side by side, op by op.

mod attention;
mod clocks;
mod collective;
mod compute;
mod launch;
mod layout;
mod prepared;
mod programs;
mod rank;
mod report;
mod run;
mod support;
mod timer;

pub use run::{CudaExecutor, Launching};
