//! Chrome trace event JSON as Kineto (the PyTorch profiler) writes it and Perfetto reads it.
//!
//! Times in the text are decimal microseconds; here they are integer nanoseconds and never pass through a float.
//! A file of ours reads back exactly: tracks, labels, facts and diagnostics travel in a `weftscope` object.
//!
//! `others` and `own` take what is read, each the files of its name; `write` writes.

mod error;
mod event;
mod others;
mod own;
mod read;
mod time;
mod write;

pub use error::ImportError;
pub use read::read;
pub use write::{ExportOptions, write, write_rank};

use crate::format::Format;

/// Any JSON; the general one among formats in JSON, so it stands last.
pub(crate) const FORMAT: Format = Format {
    name: "Chrome and PyTorch traces",
    endings: &["json", "json.gz"],
    probe: |start| {
        let text = start.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(start);
        let first = text.iter().find(|byte| !byte.is_ascii_whitespace() && **byte != 0x1e);
        matches!(first, Some(b'{' | b'['))
    },
    read: |input, options, progress| Ok(read(input, options, progress)?),
};
