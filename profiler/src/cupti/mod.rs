//! Activity records from CUPTI. The only part of this crate that may be unsafe.
//!
//! The callbacks that CUPTI runs on its own threads decode a buffer into owned records and push them into a bounded
//! channel, nothing more; what does not fit is counted.
#![expect(
    unsafe_code,
    reason = "calls into libcupti and callbacks from it; every block says why it is sound"
)]

mod activity;
mod buffers;
mod callback;
mod error;
mod here;
pub(crate) mod mark;
mod nodes;
pub mod pm;
mod source;
mod subscriber;

pub use activity::{Activity, Collected};
pub use buffers::{ActivityRecord, Loss};
pub use error::CuptiError;
pub use here::{CuptiHere, cupti_here};
pub use source::{CuptiSource, KINDS};

#[cfg(test)]
mod tests;
