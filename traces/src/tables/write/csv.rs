use std::io::{self, Write};

use crate::tables::column::{Cell, Named, Sink};
use crate::tables::error::TableError;

/// Comma-separated values.
pub(super) struct Csv<'a> {
    out: csv::Writer<&'a mut dyn Write>,
}

impl<'a> Csv<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out: csv::Writer::from_writer(out) }
    }
}

impl Sink for Csv<'_> {
    fn head(&mut self, columns: &[Named<'_>]) -> Result<(), TableError> {
        let names = columns.iter().map(|column| column.name);
        self.out.write_record(names).map_err(io_error)
    }

    fn cell(&mut self, cell: Cell<'_>) -> Result<(), TableError> {
        match cell {
            Cell::Null => self.out.write_field(""),
            Cell::Int(int) => self.out.write_field(int.to_string()),
            Cell::Float(float) => self.out.write_field(format!("{float:?}")),
            Cell::Text(text) => self.out.write_field(text.as_bytes()),
        }
        .map_err(io_error)
    }

    fn end_row(&mut self) -> Result<(), TableError> {
        self.out.write_record(None::<&[u8]>).map_err(io_error)
    }

    fn finish(&mut self) -> Result<(), TableError> {
        Ok(self.out.flush()?)
    }
}

fn io_error(error: csv::Error) -> TableError {
    TableError::Io(io::Error::from(error))
}
