use thiserror::Error;

use crate::interchange::json::JsonError;

/// Why a document of `rocprofv3` gave no trace.
#[derive(Debug, Error)]
pub enum RocprofError {
    /// The text could not be read, or the progress callback asked to stop.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A document without anything that could be drawn.
    #[error("no record that can be used: {0}")]
    NoEvents(String),
}
