use std::io;

use thiserror::Error;

/// Why a table could not be written.
#[derive(Debug, Error)]
pub enum TableError {
    /// The output could not be written.
    #[error("writing failed: {0}")]
    Io(#[from] io::Error),
    /// The Parquet library refuses.
    #[error("writing failed: {0}")]
    Parquet(String),
    /// The table is made of something else.
    #[error("the table {table} is of something else")]
    OtherSource {
        /// Its name.
        table: &'static str,
    },
    /// The progress callback asked to stop.
    #[error("cancelled")]
    Cancelled,
}
