use std::io;

use thiserror::Error;

/// Why a Chrome/Kineto file gave no trace.
#[derive(Debug, Error)]
pub enum ImportError {
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
    #[error("not JSON: expected {wanted} at line {line}, column {column}")]
    NotJson {
        /// What would have been right.
        wanted: &'static str,
        /// Line, from 1.
        line: u64,
        /// Column in bytes, from 1.
        column: u64,
    },
    /// The text or the compressed stream ends too early.
    #[error("the file is cut off: it ends inside the JSON at line {line}, column {column}")]
    Truncated {
        /// Last line, from 1.
        line: u64,
        /// Column in bytes, from 1.
        column: u64,
    },
    /// No bytes at all.
    #[error("the file is empty (0 bytes)")]
    Empty,
    /// JSON, but no trace: neither an array nor an object with `traceEvents`.
    #[error("JSON without \"traceEvents\": this is no Chrome or PyTorch trace")]
    NotATrace,
    /// A trace none of whose events could be used.
    #[error("no usable event among {events}: {why}")]
    NoEvents {
        /// Events in the file.
        events: u64,
        /// The causes with their counts.
        why: String,
    },
    /// The progress hook asked to stop.
    #[error("cancelled")]
    Cancelled,
}
