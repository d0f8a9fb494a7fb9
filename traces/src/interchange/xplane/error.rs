use std::io;

use thiserror::Error;

/// Why an XPlane gave no trace.
#[derive(Debug, Error)]
pub enum XplaneError {
    /// The bytes could not be read.
    #[error("reading failed: {0}")]
    Io(#[from] io::Error),
    /// The progress callback asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// Planes, but no event in them that could be drawn.
    #[error("no event that can be used: {0}")]
    NoEvents(String),
}
