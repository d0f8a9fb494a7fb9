//! Recordings that are SQLite databases, told apart by their tables.
//!
//! The database is read into memory whole, because it has to be read out of order and this crate opens no files; SQLite's
//! own allocator takes 2 GiB at most, and a larger one is refused with what to export instead.

mod database;
mod error;
mod nsight;
mod rocpd;
mod rpd;
mod sheet;
mod triple;

use std::io::Read;

use database::Database;
pub use error::SqliteError;

use crate::format::Format;
use crate::stream::Progress;
use crate::{OpenOptions, Trace};

/// First bytes of any SQLite database.
const MAGIC: &[u8] = b"SQLite format 3\0";

pub(crate) const FORMAT: Format = Format {
    name: "Nsight Systems SQLite exports and ROCm's databases",
    endings: &["sqlite", "db", "rpd"],
    probe: |start| start.starts_with(MAGIC),
    read: |input, options, progress| Ok(read(input, options, progress)?),
};

/// Reads a database, as the program that wrote it is recognised by its tables.
fn read(
    input: &mut dyn Read,
    options: &OpenOptions,
    progress: Progress<'_>,
) -> Result<Trace, SqliteError> {
    let database = Database::read(input, progress)?;
    if nsight::wrote(&database) {
        return nsight::read(&database, options, progress);
    }
    if rocpd::wrote(&database) {
        return rocpd::read(&database, options, progress);
    }
    if rpd::wrote(&database) {
        return rpd::read(&database, options, progress);
    }
    Err(SqliteError::unknown(&database.table_names()))
}
