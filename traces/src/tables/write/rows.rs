//! Rows of columns that are known by name alone: what a query answers.
//!
//! CSV and JSON need no types. Parquet does, and before the first row: the rows of a first row group are kept, and what
//! stands in them decides.

use std::collections::HashSet;
use std::io::Write;

use super::{TableFormat, sink};
use crate::Meta;
use crate::stream::Progress;
use crate::tables::column::{Cell, CellType, Named, Sink};
use crate::tables::error::TableError;

/// Writes rows whose columns have names and, cell by cell, types.
pub struct RowWriter<'a> {
    sink: Box<dyn Sink + 'a>,
    names: Vec<String>,
    /// What each column holds, as far as rows have told.
    types: Vec<Option<CellType>>,
    /// The format wants one type a column.
    is_typed: bool,
    /// Rows that wait for the types of their columns.
    waiting: Option<Vec<Vec<Cell<'static>>>>,
    rows: u64,
}

impl<'a> RowWriter<'a> {
    /// A writer of `format`; `meta` is told where the format has a place for it, `progress` counts rows.
    pub fn new(
        format: TableFormat,
        out: &'a mut dyn Write,
        meta: Option<&Meta>,
        progress: Progress<'a>,
    ) -> Self {
        Self {
            sink: sink(format, out, meta, progress),
            names: Vec::new(),
            types: Vec::new(),
            is_typed: format.is_typed(),
            waiting: format.is_typed().then(Vec::new),
            rows: 0,
        }
    }

    /// Takes the columns' names, first of all; names that stand twice get a number.
    ///
    /// # Errors
    /// [`TableError`].
    pub fn columns(&mut self, names: &[String]) -> Result<(), TableError> {
        self.names = distinct(names);
        self.types = vec![None; names.len()];
        if self.waiting.is_some() { Ok(()) } else { self.head() }
    }

    /// Takes a row.
    ///
    /// # Errors
    /// [`TableError`]; what was written until then is not a whole file.
    pub fn row<'c>(&mut self, cells: impl IntoIterator<Item = Cell<'c>>) -> Result<(), TableError> {
        self.rows += 1;
        let Some(waiting) = &mut self.waiting else {
            for (at, cell) in cells.into_iter().enumerate() {
                let cell = self.typed(at, cell)?;
                self.sink.cell(cell)?;
            }
            return self.sink.end_row();
        };
        let row: Vec<Cell<'static>> = cells.into_iter().map(Cell::into_owned).collect();
        for (known, cell) in self.types.iter_mut().zip(&row) {
            *known = wider(*known, type_of(cell));
        }
        waiting.push(row);
        if waiting.len() == TableFormat::ROW_GROUP { self.flush() } else { Ok(()) }
    }

    /// Ends a whole file.
    ///
    /// # Errors
    /// [`TableError`].
    pub fn finish(mut self) -> Result<(), TableError> {
        self.flush()?;
        self.sink.finish()
    }

    fn head(&mut self) -> Result<(), TableError> {
        let named = self.names.iter().zip(&self.types);
        let columns: Vec<Named<'_>> = named
            .map(|(name, cell)| Named { name, cell: cell.unwrap_or(CellType::Text) })
            .collect();
        self.sink.head(&columns)
    }

    /// Writes the rows that wait, the types of their columns now settled.
    fn flush(&mut self) -> Result<(), TableError> {
        let Some(rows) = self.waiting.take() else { return Ok(()) };
        self.head()?;
        for row in rows {
            for (cell, &known) in row.into_iter().zip(&self.types) {
                self.sink.cell(as_type(cell, known))?;
            }
            self.sink.end_row()?;
        }
        Ok(())
    }

    /// The cell as its column's type has it, where there is one.
    fn typed<'c>(&self, at: usize, cell: Cell<'c>) -> Result<Cell<'c>, TableError> {
        let Some(known) = self.types.get(at).copied().filter(|_| self.is_typed) else {
            return Ok(cell);
        };
        let found = type_of(&cell);
        if found.is_none() || wider(known, found) == known {
            return Ok(as_type(cell, known));
        }
        Err(TableError::TwoTypes {
            column: self.names.get(at).cloned().unwrap_or_default(),
            first: known.map_or("nothing", words),
            then: found.map_or("nothing", words),
            row: self.rows,
        })
    }
}

fn words(cell: CellType) -> &'static str {
    match cell {
        CellType::Int => "whole numbers",
        CellType::Float => "real numbers",
        CellType::Text => "text",
    }
}

fn type_of(cell: &Cell<'_>) -> Option<CellType> {
    match cell {
        Cell::Null => None,
        Cell::Int(_) => Some(CellType::Int),
        Cell::Float(_) => Some(CellType::Float),
        Cell::Text(_) => Some(CellType::Text),
    }
}

/// The type that holds both: real numbers hold whole ones, text holds all.
fn wider(one: Option<CellType>, other: Option<CellType>) -> Option<CellType> {
    match (one, other) {
        (None, it) | (it, None) => it,
        (Some(one), Some(other)) if one == other => Some(one),
        (Some(CellType::Text), _) | (_, Some(CellType::Text)) => Some(CellType::Text),
        _ => Some(CellType::Float),
    }
}

fn as_type(cell: Cell<'_>, known: Option<CellType>) -> Cell<'_> {
    match (cell, known) {
        (Cell::Int(int), Some(CellType::Float)) => Cell::Float(int as f64),
        (Cell::Int(int), Some(CellType::Text)) => Cell::Text(int.to_string().into()),
        (Cell::Float(real), Some(CellType::Text)) => Cell::Text(format!("{real:?}").into()),
        (cell, _) => cell,
    }
}

/// `id`, `id_2`: a file's columns are told apart by their names.
fn distinct(names: &[String]) -> Vec<String> {
    let mut taken: HashSet<String> = HashSet::new();
    let free = |name: &String, taken: &HashSet<String>| {
        let numbered = (2..).map(|number| format!("{name}_{number}"));
        std::iter::once(name.clone()).chain(numbered).find(|name| !taken.contains(name))
    };
    let mut out = Vec::with_capacity(names.len());
    for name in names {
        let name = free(name, &taken).unwrap_or_default();
        taken.insert(name.clone());
        out.push(name);
    }
    out
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;

    fn written(
        format: TableFormat,
        names: &[&str],
        rows: &[Vec<Cell<'static>>],
    ) -> Result<Vec<u8>, TableError> {
        let mut out = Vec::new();
        let mut go_on = |_| ControlFlow::Continue(());
        let mut writer = RowWriter::new(format, &mut out, None, &mut go_on);
        writer.columns(&names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>())?;
        for row in rows {
            writer.row(row.iter().cloned())?;
        }
        writer.finish()?;
        Ok(out)
    }

    #[test]
    fn names_that_stand_twice_are_told_apart() {
        let names = ["id", "id", "id_2", "id"].map(str::to_owned);
        assert_eq!(distinct(&names), ["id", "id_2", "id_2_2", "id_3"]);
        let text = written(TableFormat::Csv, &["n", "n"], &[vec![Cell::Int(1), Cell::Int(2)]]);
        assert_eq!(text.unwrap(), b"n,n_2\n1,2\n");
    }

    #[test]
    fn text_files_take_any_type_in_any_row() {
        let rows = [vec![Cell::Null], vec![Cell::Int(1)], vec![Cell::Text("a\"b".into())]];
        let text = written(TableFormat::Csv, &["n"], &rows).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), "n\n\"\"\n1\n\"a\"\"b\"\n");
        let text = written(TableFormat::Json, &["n"], &rows).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(json, serde_json::json!([{"n": null}, {"n": 1}, {"n": "a\"b"}]));
    }

    #[test]
    fn types_of_parquet_are_those_of_the_first_row_group() {
        let mut rows = vec![vec![Cell::Int(1)]; TableFormat::ROW_GROUP];
        rows[5] = vec![Cell::Float(0.5)];
        rows.push(vec![Cell::Int(3)]);
        assert!(written(TableFormat::Parquet, &["n"], &rows).unwrap().starts_with(b"PAR1"));
        rows.push(vec![Cell::Text("x".into())]);
        let error = written(TableFormat::Parquet, &["n"], &rows).unwrap_err().to_string();
        assert!(error.contains("column n holds real numbers at first and text in row 131074"));
        assert!(written(TableFormat::Parquet, &["n"], &[]).unwrap().starts_with(b"PAR1"));
    }
}
