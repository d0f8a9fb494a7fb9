use std::io::{self, Write};

use crate::tables::column::{Cell, Named, Sink};
use crate::tables::error::TableError;

/// Bytes kept before they are handed on.
const BUFFER_BYTES: usize = 1 << 16;

/// An array of objects, one a line.
pub(super) struct Json<'a> {
    out: &'a mut dyn Write,
    buffer: Vec<u8>,
    /// Names as JSON.
    names: Vec<String>,
    at: usize,
    is_first: bool,
}

impl<'a> Json<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, buffer: Vec::new(), names: Vec::new(), at: 0, is_first: true }
    }

    fn hand_over(&mut self) -> io::Result<()> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

impl Sink for Json<'_> {
    fn head(&mut self, columns: &[Named<'_>]) -> Result<(), TableError> {
        let name = |column: &Named<'_>| serde_json::Value::from(column.name).to_string();
        self.names = columns.iter().map(name).collect();
        self.buffer.push(b'[');
        Ok(())
    }

    fn cell(&mut self, cell: Cell<'_>) -> Result<(), TableError> {
        let before: &[u8] = match (self.at, self.is_first) {
            (0, true) => b"\n{",
            (0, false) => b",\n{",
            _ => b",",
        };
        self.buffer.extend_from_slice(before);
        self.buffer.extend_from_slice(self.names[self.at].as_bytes());
        self.buffer.push(b':');
        self.at += 1;
        let written = match cell {
            Cell::Null => serde_json::to_writer(&mut self.buffer, &()),
            Cell::Int(int) => serde_json::to_writer(&mut self.buffer, &int),
            Cell::Float(float) => serde_json::to_writer(&mut self.buffer, &float),
            Cell::Text(text) => serde_json::to_writer(&mut self.buffer, &text),
        };
        written.map_err(|error| TableError::Io(error.into()))
    }

    fn end_row(&mut self) -> Result<(), TableError> {
        self.buffer.push(b'}');
        (self.at, self.is_first) = (0, false);
        if self.buffer.len() >= BUFFER_BYTES {
            self.hand_over()?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), TableError> {
        self.buffer.extend_from_slice(b"\n]\n");
        self.hand_over()?;
        Ok(self.out.flush()?)
    }
}
