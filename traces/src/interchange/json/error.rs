use std::io;

use thiserror::Error;

/// Why a text could not be read as JSON.
#[derive(Debug, Error)]
pub enum JsonError {
    /// The input could not be read or decompressed.
    #[error("reading failed after {at_byte} bytes: {source}")]
    Io {
        /// Bytes of the input read before.
        at_byte: u64,
        /// What the reader says.
        #[source]
        source: io::Error,
    },
    /// The text is not JSON.
    #[error("not JSON: expected {wanted} at line {line}, column {column} (byte {at_byte})")]
    NotJson {
        /// What would have been right.
        wanted: &'static str,
        /// Offset in the text, unpacked.
        at_byte: u64,
        /// Line, from 1.
        line: u64,
        /// Column in bytes, from 1.
        column: u64,
    },
    /// The text or the compressed stream ends too early.
    #[error(
        "the file is cut off: it ends inside the JSON at line {line}, column {column} (byte {at_byte})"
    )]
    Truncated {
        /// Bytes of the text, unpacked.
        at_byte: u64,
        /// Last line, from 1.
        line: u64,
        /// Column in bytes, from 1.
        column: u64,
    },
    /// The progress callback asked to stop.
    #[error("cancelled")]
    Cancelled,
}
