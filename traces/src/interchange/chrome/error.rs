use thiserror::Error;

use crate::interchange::json::JsonError;

/// Why a Chrome/Kineto file gave no trace.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The text could not be read as JSON, or reading it was cancelled.
    #[error(transparent)]
    Json(#[from] JsonError),
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
}
