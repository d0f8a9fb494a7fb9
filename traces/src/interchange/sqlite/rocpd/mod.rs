//! ROCm's databases (`rocprofv3 --output-format rocpd`, ROCm Systems Profiler), schemas 3.0 to 4.1.
//!
//! A database holds one set of tables a process, told apart by a suffix; all sets are read. Times are ns of the clock that
//! runs since the machine was booted. Table and column names are facts of the published schemas.

mod events;
mod facts;
mod gpu;
mod host;
mod process;
mod samples;
mod set;

use super::SqliteError;
use super::database::Database;
use super::sheet::Sheet;
use crate::stream::Progress;
use crate::{OpenOptions, Trace};
use set::{Rocpd, tells};

/// What the tables of any set begin with.
const PROCESSES: &str = "rocpd_info_process";

/// Whether a database is of this kind, by its tables.
pub(super) fn wrote(database: &Database) -> bool {
    database.table_names().iter().any(|name| name.starts_with(PROCESSES))
}

/// Reads a database.
///
/// # Errors
/// [`SqliteError`]; a damaged table gives what stands before the damage, with a note.
pub(super) fn read(
    database: &Database,
    options: &OpenOptions,
    progress: Progress<'_>,
) -> Result<Trace, SqliteError> {
    let mut sheet: Sheet<'_, Rocpd> = Sheet::new(database);
    let mut suffixes: Vec<String> = database
        .table_names()
        .iter()
        .filter_map(|name| name.strip_prefix(PROCESSES))
        .map(str::to_owned)
        .collect();
    // Without a suffix they are views of all sets together.
    if suffixes.len() > 1 {
        suffixes.retain(|suffix| !suffix.is_empty());
    }
    for suffix in &suffixes {
        sheet.begin(suffix);
        sheet.facts(progress);
        sheet.events(progress);
        sheet.gpu(progress);
        sheet.host(progress);
        sheet.samples(progress);
        sheet.end();
    }
    sheet.name_ranks();
    sheet.unread(|name| tells(name, &suffixes));
    sheet.build(options)
}
