use std::io;

use thiserror::Error;

/// Why a Perfetto trace gave no trace.
#[derive(Debug, Error)]
pub enum PerfettoError {
    /// The bytes could not be read.
    #[error("reading failed: {0}")]
    Io(#[from] io::Error),
    /// The frame of a packet is none, so that nothing behind it can be found either.
    #[error("no packet of a Perfetto trace at byte {at_byte}")]
    NotAPacket {
        /// Where.
        at_byte: u64,
    },
    /// The progress callback asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// Packets, but nothing in them that could be drawn.
    #[error("no track event, counter or GPU stage: {0}")]
    NoEvents(String),
}
