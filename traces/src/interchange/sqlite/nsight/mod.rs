//! Nsight Systems' export to SQLite (`nsys export -t sqlite`), schemas of 2022 to 2026.
//!
//! Every table of interest is read into the records that foreign files are collected in; ranks, rows and lanes are then
//! built as for any of them. Tables that nothing here draws are counted. Times are ns since the session's start, which
//! the export gives in Unix time. Table and column names are facts of the exporter's published schema.

mod counters;
mod facts;
mod gpu;
mod host;
mod ids;
mod messages;
mod nccl;
mod nvtx;
mod sheet;

use super::SqliteError;
use super::database::Database;
use crate::interchange::sqlite::sheet::Sheet;
use crate::stream::Progress;
use crate::{OpenOptions, Trace};
use sheet::{Nsight, tells};

/// Whether a database is Nsight Systems', by its tables.
pub(super) fn wrote(database: &Database) -> bool {
    let is_events =
        |name: &&str| name.starts_with("CUPTI_ACTIVITY_KIND_") || *name == "NVTX_EVENTS";
    database.table("StringIds").is_some() && database.table_names().iter().any(is_events)
}

/// Reads an export.
///
/// # Errors
/// [`SqliteError`]; a damaged table gives what stands before the damage, with a note.
pub(super) fn read(
    database: &Database,
    options: &OpenOptions,
    progress: Progress<'_>,
) -> Result<Trace, SqliteError> {
    let mut sheet: Sheet<'_, Nsight> = Sheet::new(database);
    sheet.strings(progress);
    sheet.facts(progress);
    sheet.nccl(progress);
    sheet.gpu(progress);
    sheet.host(progress);
    sheet.nvtx(progress);
    sheet.counters(progress);
    sheet.unread(tells);
    sheet.build(options)
}
