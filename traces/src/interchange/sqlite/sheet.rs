//! What is being read off a database, whoever wrote it.

use super::SqliteError;
use super::database::{Cells, Database};
use crate::interchange::recording::Recording;
use crate::stream::Progress;
use crate::{OpenOptions, Trace};

/// A database while it is read; `Own` is what the reader of one exporter keeps beside.
pub(super) struct Sheet<'a, Own> {
    pub(super) database: &'a Database,
    pub(super) recording: Recording,
    pub(super) own: Own,
    read: Vec<String>,
}

impl<'a, Own: Default> Sheet<'a, Own> {
    pub(super) fn new(database: &'a Database) -> Self {
        let mut recording = Recording::default();
        if let Some((bytes, announced)) = database.cut() {
            recording.tally.diagnostics.note(format!(
                "the database is cut off: {bytes} of {announced} bytes are there, and rows behind them are lost"
            ));
        }
        Self { database, recording, own: Own::default(), read: Vec::new() }
    }

    /// Hands every row of a table to `each`, if there is such a table. What a damaged one still gives is taken.
    pub(super) fn each(
        &mut self,
        table: &str,
        columns: &[&str],
        progress: Progress<'_>,
        mut each: impl FnMut(&mut Self, &Cells<'_>),
    ) {
        self.read.push(table.to_owned());
        let database = self.database;
        let Some(found) = database.table(table) else { return };
        let mut count = 0_u64;
        let read = found.each(columns, progress, |cells| {
            count += 1;
            each(self, cells);
        });
        if let Err(error) = read {
            self.damaged(table, count, &error);
        }
    }

    fn damaged(&mut self, table: &str, count: u64, error: &SqliteError) {
        let diagnostics = &mut self.recording.tally.diagnostics;
        diagnostics.note(format!("the table {table} is read up to row {count}: {error}"));
        diagnostics.count("damaged tables", 1);
    }

    /// The span of a row whose first columns are start and end; counts why it has none.
    pub(super) fn span(&mut self, table: &str, cells: &Cells<'_>) -> Option<(i64, i64)> {
        self.recording.span(format_args!("rows of {table}"), cells.int(0), cells.int(1))
    }

    /// Counts what stands in tables that are not read, but for those of which `tells` is true: they say how others are to
    /// be read, and hold nothing to draw.
    pub(super) fn unread(&mut self, tells: impl Fn(&str) -> bool) {
        for name in self.database.table_names() {
            if tells(name) || self.read.iter().any(|read| read == name) {
                continue;
            }
            let rows = self.database.table(name).and_then(|table| table.len().ok()).unwrap_or(0);
            let diagnostics = &mut self.recording.tally.diagnostics;
            diagnostics.remark(&format!("rows of {name}, not read"), rows);
        }
    }

    /// The trace of all that was read.
    ///
    /// # Errors
    /// [`SqliteError::NoEvents`].
    pub(super) fn build(self, options: &OpenOptions) -> Result<Trace, SqliteError> {
        self.recording.build(options).map_err(SqliteError::NoEvents)
    }
}
