use std::ops::ControlFlow;

use weftscope_traces::tables::{Cell as Written, RowWriter};

use crate::cell::Cell;
use crate::taker::Taker;

/// Writes an answer as a file, row by row.
pub struct WritingTaker<'a>(pub RowWriter<'a>);

impl Taker for WritingTaker<'_> {
    fn columns(&mut self, names: &[String]) -> Result<(), String> {
        self.0.columns(names).map_err(|error| error.to_string())
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> Result<ControlFlow<()>, String> {
        let cells = cells.iter().map(|cell| match *cell {
            Cell::Null => Written::Null,
            Cell::Int(int) => Written::Int(int),
            Cell::Real(real) => Written::Float(real),
            Cell::Text(text) => Written::Text(text.into()),
        });
        self.0.row(cells).map_err(|error| error.to_string())?;
        Ok(ControlFlow::Continue(()))
    }
}
