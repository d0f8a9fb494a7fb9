use std::io;

use thiserror::Error;

/// Why a database gave no trace.
#[derive(Debug, Error)]
pub enum SqliteError {
    /// The bytes could not be read, or end too early.
    #[error("reading the database failed: {0}")]
    Io(#[from] io::Error),
    /// The file ends before the pages that its head announces.
    #[error("the database is cut off: {bytes} of the {announced} bytes that its head announces")]
    CutOff {
        /// Bytes that are there.
        bytes: u64,
        /// Size by the head.
        announced: u64,
    },
    /// More than SQLite's allocator gives at once.
    #[error(
        "a database of {bytes} bytes; up to 2 GiB is read. Export or record less: `nsys export -t sqlite --times=START/END`"
    )]
    TooLarge {
        /// Its size.
        bytes: u64,
    },
    /// SQLite cannot use it.
    #[error("the database is damaged: {0}")]
    Damaged(#[from] rusqlite::Error),
    /// A database of something else.
    #[error("an SQLite database, but no recording that is known here: {0}")]
    Unknown(String),
    /// A recording without anything that could be drawn.
    #[error("no event that can be used: {0}")]
    NoEvents(String),
}

impl SqliteError {
    /// What is known about a database with these tables.
    pub(super) fn unknown(tables: &[&str]) -> Self {
        Self::Unknown(if tables.is_empty() {
            "it has no tables".to_owned()
        } else {
            let some: Vec<&str> = tables.iter().copied().take(5).collect();
            let more = if tables.len() > some.len() { ", …" } else { "" };
            format!("its tables are {}{more}", some.join(", "))
        })
    }
}
