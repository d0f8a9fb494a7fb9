//! Text from a model, token by token. Ids go in and come out; words are the caller's.

#[cfg(feature = "cuda")]
mod gpus;
mod run;
mod sample;

#[cfg(feature = "cuda")]
pub use gpus::OnGpus;
pub use run::{Ended, Generated, Language, Limits, generate};
pub use sample::{Sampler, Sampling, SamplingError};
