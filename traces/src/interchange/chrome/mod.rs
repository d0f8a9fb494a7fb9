//! Chrome trace event JSON as Kineto (the PyTorch profiler) writes it and Perfetto reads it.
//!
//! Times in the text are decimal microseconds; here they are integer nanoseconds and never pass through a float.
//! A file of ours reads back exactly: tracks, labels, facts and diagnostics travel in a `weftscope` object.

mod collect;
mod error;
mod event;
mod export_error;
mod flows;
mod foreign;
mod header;
mod intern;
mod json;
mod nest;
mod own;
mod own_read;
mod read;
mod rows;
mod split;
mod tally;
mod time;
mod window;
mod write;
mod write_events;
mod write_head;

pub use error::ImportError;
pub use export_error::ExportError;
pub use read::{ImportOptions, read};
pub(crate) use window::{BytesRead, Counting};
pub use write::{ExportOptions, ranks, write, write_rank};
