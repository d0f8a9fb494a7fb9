//! Turns a running engine into a trace.
//!
//! Reading order: [`recorder`] (the engine's observer: batches over a bounded channel), [`collect`] (batches
//! into a [`Trace`](weftscope_traces::Trace)), [`mod@record`] (a few iterations, start to end), [`live`]
//! (iteration after iteration, for a window), [`mod@baselines`] (times without recording), [`shared`] (GPUs for several users),
//! [`mod@bench`] (strategies against one another, kernels against the hardware), [`mod@calibrate`] (sweeps that a machine file is fitted to). For runs on GPUs:
//! `cupti` (activity records, counters), `instrument` (an executor under CUPTI), [`mod@overhead`] (what recording makes
//! of the run). Programs of others: `watch` (what their processes tell, as a trace). Many servers: `world` (one run in several processes), [`cluster`] (digests of simulated ones).

pub mod baselines;
pub mod bench;
pub mod calibrate;
pub mod cluster;
pub mod collect;
#[cfg(feature = "cuda")]
pub mod cupti;
#[cfg(feature = "cuda")]
pub mod instrument;
pub mod live;
pub mod overhead;
pub mod record;
pub mod recorder;
pub mod shared;
pub mod sweep;
#[cfg(feature = "cuda")]
pub mod watch;
#[cfg(not(target_arch = "wasm32"))]
pub mod world;

/// What the frames of all connections are made of.
#[cfg(not(target_arch = "wasm32"))]
pub use weftscope_wire::sized;

#[cfg(test)]
mod testing;
