//! Batches of records into a trace.

mod collector;
mod describe;
mod driver;
mod labels;
mod layout;
mod marks;
mod staging;

pub use collector::{CollectError, Collector};
pub use describe::{SPEC_KEY, spec_of};

#[cfg(test)]
mod tests;
