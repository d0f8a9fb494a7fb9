use std::io;

use thiserror::Error;

/// Why a `.weft` file could not be written or gave no trace.
#[derive(Debug, Error)]
pub enum ContainerError {
    /// The stream failed.
    #[error("{doing} failed at byte {at_byte}: {source}")]
    Io {
        /// `reading` or `writing`.
        doing: &'static str,
        /// Offset in the file.
        at_byte: u64,
        /// What the stream says.
        #[source]
        source: io::Error,
    },
    /// No bytes at all.
    #[error("the file is empty (0 bytes)")]
    Empty,
    /// The magic is not there.
    #[error("no .weft file: wrong magic at byte 0")]
    WrongMagic,
    /// Written by a later version.
    #[error(".weft version {version} is newer than this program reads ({})", super::VERSION)]
    Newer {
        /// Version of the file.
        version: u16,
    },
    /// Cut off before the description and the tracks, so that nothing can be shown.
    #[error("the file is cut off at byte {at_byte}, before its first slices")]
    Truncated {
        /// Bytes in the file.
        at_byte: u64,
    },
    /// A part without which nothing can be shown is damaged.
    #[error("the {part} chunk at byte {at_byte} is damaged: {why}")]
    Damaged {
        /// Which part.
        part: &'static str,
        /// Offset of the chunk, or of the place where it should be.
        at_byte: u64,
        /// In words.
        why: String,
    },
    /// The progress callback asked to stop.
    #[error("cancelled")]
    Cancelled,
}
