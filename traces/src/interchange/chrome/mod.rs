//! Chrome trace event JSON as Kineto (the PyTorch profiler) writes it and Perfetto reads it.
//!
//! Times in the text are decimal microseconds; here they are integer nanoseconds and never pass through a float.
//! A file of ours reads back exactly: tracks, labels, facts and diagnostics travel in a `weftscope` object.

mod collect;
mod error;
mod event;
mod flows;
mod foreign;
mod header;
mod intern;
mod json;
mod nest;
mod own;
mod own_read;
mod read;
mod tally;
mod time;
mod window;

pub use error::ImportError;
pub use read::{ImportOptions, read};
pub(crate) use window::{BytesRead, Counting};
