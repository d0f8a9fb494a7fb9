//! An executor that CUPTI watches: it runs what it would run without; what CUPTI saw meanwhile goes to the same observer,
//! on the same time line.
//!
//! Reading order: [`Instrumented`] (holds each iteration's end back until CUPTI's records are in), [`Joiner`] (records
//! to ops), [`CuptiClock`] (CUPTI's time to the executor's), [`samples`] (counters over time).

mod activities;
mod clock;
mod executor;
mod held;
mod join;
mod open;
pub mod samples;
mod watch;
mod words;

pub use clock::{CuptiClock, Sighting};
pub use executor::Instrumented;
pub use join::{CONTAINMENT_NS, Joined, Joiner, LaunchedIteration, kernel_spans};
pub use open::{Opened, Options, open, open_or_plain};
pub use watch::{Seen, Source, Watched};

#[cfg(test)]
mod tests;
