//! Serving: requests that come and go, in iterations of continuous batching.
//!
//! [`requests`](fixed) come from fixed lengths or [a trace](read_trace). The [`Scheduler`] makes a [`Step`] of them, as vLLM V1
//! does; an [`Engine`] computes it: a [`Simulated`] machine, whose [`Pricer`] says what an iteration takes, or the GPUs
//! (`OnGpus`). [`serve`] goes from iteration to iteration, and a [`ServingReport`] says what came of it.
//!
//! Not in it: prefix caching, speculative decoding, a host that schedules while the GPUs work (its time stands between
//! iterations), pipeline and data parallelism.

mod bucket;
mod distribution;
mod engine;
#[cfg(feature = "cuda")]
mod gpus;
mod graphs;
mod memory;
mod price;
mod replay;
mod report;
mod requests;
mod scheduler;
mod serve;
mod simulated;
mod spec;
mod step;
mod trace;
mod trace_time;

pub use distribution::Distribution;
pub use engine::{CommTime, Engine, Ran};
#[cfg(feature = "cuda")]
pub use gpus::{OnGpus, Prompts};
pub use graphs::CudaGraphs;
pub use memory::KvCapacity;
pub use price::{Pricer, Pricing};
pub use replay::step_of;
pub use report::{Latencies, ServingReport};
pub use requests::{Arrivals, ServingRequest, arrive, fixed};
pub use scheduler::Scheduler;
pub use serve::{Iteration, Outcome, Served, serve};
pub use simulated::Simulated;
pub use spec::{ServingError, ServingSpec};
pub use step::{BLOCK_TOKENS, Blocks, Chunk, Limits, Step};
pub use trace::{RequestTrace, TraceError, read_trace};

#[cfg(test)]
mod tests;
