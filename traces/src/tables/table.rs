//! A table: its name, and what makes its rows of what.

use std::io::Write;

use super::column::{Cell, Column, Named, Sink};
use super::error::TableError;
use super::write::{TableFormat, sink};
use crate::Trace;
use crate::analysis::{CompareReport, Reports, Statistics};
use crate::stream::Progress;

/// A recording and what it answers.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// As it was given.
    pub file: &'a str,
    /// The recording.
    pub trace: &'a Trace,
    /// What is asked of every recording.
    pub answers: &'a Reports,
    /// Kernel by kernel, op by op, gap by gap.
    pub statistics: &'a Statistics,
}

/// What a table is made of.
#[derive(Clone, Copy, Debug)]
pub enum TableSource<'a> {
    /// Recordings of one job.
    Recordings(&'a [&'a Trace]),
    /// The same, each with its answers.
    Report(&'a [Answered<'a>]),
    /// What differs between two.
    Comparison(&'a CompareReport),
}

/// Makes the rows.
pub(super) enum Maker {
    /// Of recordings alone.
    Recordings(fn(&[&Trace], &mut dyn Sink) -> Result<(), TableError>),
    /// Of recordings and their answers.
    Report(fn(&[Answered<'_>], &mut dyn Sink) -> Result<(), TableError>),
    /// Of a comparison.
    Comparison(fn(&CompareReport, &mut dyn Sink) -> Result<(), TableError>),
}

/// A table.
pub struct Table {
    /// What users call it.
    pub name: &'static str,
    /// What its rows are.
    pub about: &'static str,
    pub(super) maker: Maker,
}

impl Table {
    /// True for one that a recording has by itself, without a question asked.
    pub fn is_of_recordings(&self) -> bool {
        matches!(self.maker, Maker::Recordings(_))
    }

    /// True for one that two recordings compared have.
    pub fn is_of_comparison(&self) -> bool {
        matches!(self.maker, Maker::Comparison(_))
    }

    /// Its columns.
    pub fn columns(&self) -> Vec<Column> {
        let mut columns = Columns(Vec::new());
        // Nothing that takes columns only can fail.
        let _taken = match self.maker {
            Maker::Recordings(make) => make(&[], &mut columns),
            Maker::Report(make) => make(&[], &mut columns),
            Maker::Comparison(make) => make(&CompareReport::default(), &mut columns),
        };
        columns.0
    }

    /// Writes the table as `format`, row by row; `progress` counts rows.
    ///
    /// # Errors
    /// [`TableError`]; what was written until then is not a whole file.
    pub fn write(
        &self,
        source: TableSource<'_>,
        format: TableFormat,
        out: &mut dyn Write,
        progress: Progress<'_>,
    ) -> Result<(), TableError> {
        let first = match source {
            TableSource::Recordings(traces) => traces.first().copied(),
            TableSource::Report(all) => all.first().map(|one| one.trace),
            TableSource::Comparison(_) => None,
        };
        self.make(source, &mut *sink(format, out, first.map(|trace| &trace.meta), progress))
    }

    /// All rows at once, a cell a column.
    ///
    /// # Errors
    /// [`TableError::OtherSource`].
    pub fn rows(&self, source: TableSource<'_>) -> Result<Vec<Vec<Cell<'static>>>, TableError> {
        let mut rows = Kept { rows: Vec::new(), row: Vec::new() };
        self.make(source, &mut rows)?;
        Ok(rows.rows)
    }

    fn make(&self, source: TableSource<'_>, sink: &mut dyn Sink) -> Result<(), TableError> {
        match (&self.maker, source) {
            (Maker::Recordings(make), TableSource::Recordings(traces)) => make(traces, sink),
            (Maker::Recordings(make), TableSource::Report(all)) => {
                let traces: Vec<&Trace> = all.iter().map(|one| one.trace).collect();
                make(&traces, sink)
            }
            (Maker::Report(make), TableSource::Report(all)) => make(all, sink),
            (Maker::Comparison(make), TableSource::Comparison(report)) => make(report, sink),
            _ => Err(TableError::OtherSource { table: self.name }),
        }
    }
}

/// Keeps the rows of a table.
struct Kept {
    rows: Vec<Vec<Cell<'static>>>,
    row: Vec<Cell<'static>>,
}

impl Sink for Kept {
    fn head(&mut self, _: &[Named<'_>]) -> Result<(), TableError> {
        Ok(())
    }

    fn cell(&mut self, cell: Cell<'_>) -> Result<(), TableError> {
        self.row.push(cell.into_owned());
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), TableError> {
        self.rows.push(std::mem::take(&mut self.row));
        Ok(())
    }

    fn finish(&mut self) -> Result<(), TableError> {
        Ok(())
    }
}

/// Takes the columns of a table without rows.
struct Columns(Vec<Column>);

impl Sink for Columns {
    fn head(&mut self, _: &[Named<'_>]) -> Result<(), TableError> {
        Ok(())
    }

    fn begin(&mut self, columns: &[Column]) -> Result<(), TableError> {
        self.0 = columns.to_vec();
        Ok(())
    }

    fn cell(&mut self, _: Cell<'_>) -> Result<(), TableError> {
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), TableError> {
        Ok(())
    }

    fn finish(&mut self) -> Result<(), TableError> {
        Ok(())
    }
}
