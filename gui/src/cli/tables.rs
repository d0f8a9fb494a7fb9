//! Tables by their names: `--table` of `report`, `convert` and `compare`, and what `list tables` says.

use std::{ops::ControlFlow, path::Path};

use clap::builder::{PossibleValue, PossibleValuesParser};
use weftscope_traces::tables::{Answered, TABLES, Table, TableFormat, TableSource};

use super::{Failure, Outcome, progress::ProgressLine, reported::Reported, stdout};
use crate::files::{self, FileError};

/// Takes names of the tables that `keep` accepts.
pub(super) fn names(keep: fn(&Table) -> bool) -> PossibleValuesParser {
    let tables = TABLES.iter().filter(move |table| keep(table));
    tables.map(|table| PossibleValue::new(table.name).help(table.about)).collect::<Vec<_>>().into()
}

/// The table that the command line names.
pub(super) fn named(name: &str) -> Result<&'static Table, Failure> {
    Table::of_name(name).ok_or_else(|| Failure::misuse("no such table", name))
}

/// Hands recordings with their answers on as what tables are made of.
pub(super) fn with_answers<T>(reports: &[Reported], then: impl FnOnce(TableSource<'_>) -> T) -> T {
    let files: Vec<String> = reports.iter().map(Reported::file_names).collect();
    let answered = |(of, file)| {
        let Reported { trace, answers, statistics, .. }: &Reported = of;
        let file: &String = file;
        Answered { file, trace, answers, statistics }
    };
    let all: Vec<Answered<'_>> = reports.iter().zip(&files).map(answered).collect();
    then(TableSource::Report(&all))
}

/// Prints a table, as CSV or as JSON.
pub(super) fn print(table: &Table, source: TableSource<'_>, is_json: bool) -> Outcome {
    let format = if is_json { TableFormat::Json } else { TableFormat::Csv };
    stdout::table(format, |out| {
        let written = table.write(source, format, out, &mut |_| ControlFlow::Continue(()));
        written.map_err(stdout::failed)
    })
}

/// Writes a table to a file: beside, then renamed.
pub(super) fn save(
    table: &Table,
    source: TableSource<'_>,
    path: &Path,
    format: TableFormat,
) -> Outcome {
    let mut line = ProgressLine::new(format!("writing {}", path.display()));
    files::write_atomically(path, |out| {
        let mut progress = |rows: u64| {
            line.step(rows, None);
            ControlFlow::Continue(())
        };
        let written = table.write(source, format, out, &mut progress);
        written.map_err(|error| FileError::new(error.to_string(), path))
    })?;
    Ok(())
}
