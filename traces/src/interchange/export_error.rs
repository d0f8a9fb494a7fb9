use std::io;

use thiserror::Error;

use crate::BuildError;

/// Why a trace could not be written in the format of another tool.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The output could not be written.
    #[error("writing failed after {at_byte} bytes: {source}")]
    Io {
        /// Bytes handed over before, uncompressed.
        at_byte: u64,
        /// What the writer says.
        #[source]
        source: io::Error,
    },
    /// The rank to be written is not in the trace.
    #[error("the trace has no rank {rank}")]
    NoSuchRank {
        /// The rank asked for.
        rank: u32,
    },
    /// The part of the trace that is to be written is no trace by itself.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The progress callback asked to stop.
    #[error("cancelled")]
    Cancelled,
}
