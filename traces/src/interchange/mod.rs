//! Everybody else's formats, and the door through which any file comes in.
//!
//! Reading order: [`open`](open()) (which format is it), [`chrome`] (Chrome/Kineto JSON in and out), [`merge`](merge())
//! (several ranks' files on one timeline).

pub mod chrome;
mod merge;
mod open;
mod progress;

pub(crate) use chrome::{BytesRead, Counting};
pub use merge::merge;
pub use open::{Format, OpenError, open, sniff};
pub use progress::{Progress, silent};
