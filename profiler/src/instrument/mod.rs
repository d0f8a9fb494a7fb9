//! An executor under CUPTI's eyes: what it runs, it runs as ever; what CUPTI saw meanwhile goes to the same observer,
//! on the same time.
//!
//! Reading order: [`Instrumented`] (holds each iteration's end back until CUPTI's records are in), [`Joiner`] (records
//! to ops), [`CuptiClock`] (CUPTI's time to the executor's), [`samples`] (counters over time).

mod clock;
mod executor;
mod join;
mod open;
pub mod samples;
mod words;

pub use clock::{CuptiClock, Sighting};
pub use executor::{Instrumented, Seen, Source, Watched};
pub use join::{CONTAINMENT_NS, Iteration, Joined, Joiner, kernel_spans};
pub use open::{Opened, Options, open, open_or_plain};

#[cfg(test)]
mod tests;
