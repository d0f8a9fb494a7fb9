use std::io;

use thiserror::Error;

/// Why a table could not be written.
#[derive(Debug, Error)]
pub enum TableError {
    /// The output could not be written.
    #[error("writing failed: {0}")]
    Io(#[from] io::Error),
    /// The Parquet library refuses.
    #[cfg(feature = "parquet")]
    #[error("writing failed: {0}")]
    Parquet(String),
    /// The table is made of something else.
    #[error("the table {table} is of something else")]
    OtherSource {
        /// Its name.
        table: &'static str,
    },
    /// A column of a file has one type, and the cells of this one have two.
    #[error(
        "column {column} holds {first} at first and {then} in row {row}: give it one type, cast({column} as …)"
    )]
    TwoTypes {
        /// Its name.
        column: String,
        /// The type of its cells until then, in words.
        first: &'static str,
        /// The other.
        then: &'static str,
        /// Where, from 1.
        row: u64,
    },
    /// The progress callback asked to stop.
    #[error("cancelled")]
    Cancelled,
}
