//! Batches of records into a trace.

mod calls;
mod collector;
mod describe;
mod driver;
mod labels;
mod marks;
mod ops;
mod run;
mod staging;
mod tracks;

pub use collector::{CollectError, Collector};
pub use describe::{expected_error, spec_of};

#[cfg(test)]
mod tests;
