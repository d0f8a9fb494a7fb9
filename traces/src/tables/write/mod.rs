//! Tables on their way out: as CSV, JSON or Parquet, row by row, with bounded memory.

mod csv;
mod json;
#[cfg(feature = "parquet")]
mod parquet;
mod rows;

use std::io::Write;
use std::ops::ControlFlow;

pub use rows::RowWriter;
use serde::{Deserialize, Serialize};

use super::column::{Cell, Named, Of, Sink, emit, text};
use super::error::TableError;
use crate::Meta;
use crate::stream::Progress;

/// What a table can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TableFormat {
    /// Comma-separated values as RFC 4180 has them, but for line ends, which are one byte; the first line has the names.
    Csv,
    /// One array of objects, one a line.
    Json,
    /// Parquet, compressed by Snappy, in row groups of [`TableFormat::ROW_GROUP`] rows.
    #[cfg(feature = "parquet")]
    Parquet,
}

impl TableFormat {
    /// True when every cell of a column has the type of the column.
    pub(super) fn is_typed(self) -> bool {
        match self {
            Self::Csv | Self::Json => false,
            #[cfg(feature = "parquet")]
            Self::Parquet => true,
        }
    }

    /// Rows of a row group.
    pub const ROW_GROUP: usize = 1 << 17;
}

/// What writes a table as `format`; `meta` is told where the format has a place for it.
pub(super) fn sink<'a>(
    format: TableFormat,
    out: &'a mut dyn Write,
    meta: Option<&Meta>,
    progress: Progress<'a>,
) -> Box<dyn Sink + 'a> {
    #[cfg(not(feature = "parquet"))]
    let _nowhere = meta;
    match format {
        TableFormat::Csv => Counted::boxed(csv::Csv::new(out), progress),
        TableFormat::Json => Counted::boxed(json::Json::new(out), progress),
        #[cfg(feature = "parquet")]
        TableFormat::Parquet => {
            let told = meta.map(parquet::told).unwrap_or_default();
            Counted::boxed(parquet::Parquet::new(out, told), progress)
        }
    }
}

/// What writes a table as Parquet that says this of itself, by key.
#[cfg(feature = "parquet")]
pub(crate) fn parquet_sink<'a>(
    out: &'a mut dyn Write,
    told: Vec<(String, String)>,
    progress: Progress<'a>,
) -> Box<dyn Sink + 'a> {
    Counted::boxed(parquet::Parquet::new(out, told), progress)
}

/// Writes rows of texts that are no table of a recording, under these names.
///
/// # Errors
/// [`TableError`]; what was written until then is not a whole file.
pub fn write_texts(
    names: [&'static str; 2],
    rows: &[[String; 2]],
    format: TableFormat,
    out: &mut dyn Write,
) -> Result<(), TableError> {
    let columns: [Of<&[String; 2]>; 2] = [
        text(names[0], "", |row: &&[String; 2]| Some(row[0].as_str().into())),
        text(names[1], "", |row: &&[String; 2]| Some(row[1].as_str().into())),
    ];
    let progress = &mut |_| ControlFlow::Continue(());
    emit(&columns, rows.iter(), &mut *sink(format, out, None, progress))
}

/// Counts rows for whatever shows progress.
struct Counted<'a, S> {
    sink: S,
    rows: u64,
    progress: Progress<'a>,
}

impl<'a, S: Sink + 'a> Counted<'a, S> {
    fn boxed(sink: S, progress: Progress<'a>) -> Box<dyn Sink + 'a> {
        Box::new(Self { sink, rows: 0, progress })
    }
}

impl<S: Sink> Sink for Counted<'_, S> {
    fn head(&mut self, columns: &[Named<'_>]) -> Result<(), TableError> {
        self.sink.head(columns)
    }

    fn cell(&mut self, cell: Cell<'_>) -> Result<(), TableError> {
        self.sink.cell(cell)
    }

    fn end_row(&mut self) -> Result<(), TableError> {
        self.rows += 1;
        if self.rows.is_multiple_of(1 << 16)
            && let ControlFlow::Break(()) = (self.progress)(self.rows)
        {
            return Err(TableError::Cancelled);
        }
        self.sink.end_row()
    }

    fn finish(&mut self) -> Result<(), TableError> {
        self.sink.finish()
    }
}
