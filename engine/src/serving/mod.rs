//! Serving: requests that come and go, in iterations of continuous batching, on the simulated machine.
//!
//! [`requests`](fixed) come from fixed lengths or [a trace](read_trace). The [`Scheduler`] makes a [`Step`] of them, as vLLM V1
//! does; a [`Pricer`] says what its iteration takes, from the engine's own plans and simulator; [`serve`] goes from
//! iteration to iteration, and a [`ServingReport`] says what came of it.
//!
//! Not in it: prefix caching, speculative decoding, sampling on the GPU, a host that schedules while the GPUs work
//! (its time stands between iterations), pipeline and data parallelism.

mod bucket;
mod chosen;
mod distribution;
mod graphs;
mod memory;
mod price;
mod replay;
mod report;
mod requests;
mod scheduler;
mod serve;
mod spec;
mod step;
mod trace;
mod trace_time;

pub use distribution::Distribution;
pub use graphs::CudaGraphs;
pub use memory::KvCapacity;
pub use price::{Pricer, Pricing};
pub use replay::step_of;
pub use report::{Latencies, ServingReport};
pub use requests::{Arrivals, ServingRequest, arrive, fixed};
pub use scheduler::Scheduler;
pub use serve::{Iteration, Outcome, Served, serve};
pub use spec::{ServingError, ServingSpec};
pub use step::{BLOCK_TOKENS, Chunk, Limits, Step};
pub use trace::{RequestTrace, TraceError, read_trace};

#[cfg(test)]
mod tests;
