//! Counters over time: the GPU samples its performance monitors at a fixed interval while kernels run.
//!
//! Which metric stands for a counter differs from chip to chip, so the candidates of [`metrics`] are tried against
//! what CUPTI's host library says of this one, and what the chip lacks is a value that says so.

mod decode;
mod host;
pub mod metrics;
mod raw;
mod sampler;

pub use sampler::{CounterStatus, Sampler, SamplerError, Taken};
