//! Columns of rows of one type, and what takes their cells.

use std::borrow::Cow;

use super::error::TableError;

/// What stands in a column's cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellType {
    /// Whole numbers of 64 bits.
    Int,
    /// Real numbers of 64 bits.
    Float,
    /// Text.
    Text,
}

impl CellType {
    /// `integer`, `number` or `text`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Int => "integer",
            Self::Float => "number",
            Self::Text => "text",
        }
    }
}

/// A column as its readers see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name, unit included.
    pub name: &'static str,
    /// What stands in its cells.
    pub cell: CellType,
    /// What that means; when a cell is empty.
    pub about: &'static str,
}

/// What a file has to know of a column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named<'a> {
    pub(super) name: &'a str,
    #[cfg_attr(not(feature = "parquet"), expect(dead_code, reason = "texts have no types"))]
    pub(super) cell: CellType,
}

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Not known.
    Null,
    /// A whole number.
    Int(i64),
    /// A real number.
    Float(f64),
    /// Text.
    Text(Cow<'a, str>),
}

impl Cell<'_> {
    /// The same with a text of its own.
    pub(super) fn into_owned(self) -> Cell<'static> {
        match self {
            Cell::Null => Cell::Null,
            Cell::Int(int) => Cell::Int(int),
            Cell::Float(float) => Cell::Float(float),
            Cell::Text(text) => Cell::Text(Cow::Owned(text.into_owned())),
        }
    }
}

/// What takes a table: its columns, then its cells row by row.
pub(crate) trait Sink {
    /// Takes names and types of columns.
    fn head(&mut self, columns: &[Named<'_>]) -> Result<(), TableError>;
    /// Takes the columns of a table that is known by its name.
    fn begin(&mut self, columns: &[Column]) -> Result<(), TableError> {
        let named = |column: &Column| Named { name: column.name, cell: column.cell };
        self.head(&columns.iter().map(named).collect::<Vec<_>>())
    }
    fn cell(&mut self, cell: Cell<'_>) -> Result<(), TableError>;
    fn end_row(&mut self) -> Result<(), TableError>;
    fn finish(&mut self) -> Result<(), TableError>;
}

type Text<T> = for<'r> fn(&'r T) -> Option<Cow<'r, str>>;

/// Where a column's cells come from.
enum Get<T> {
    Int(fn(&T) -> Option<i64>),
    Float(fn(&T) -> Option<f64>),
    Text(Text<T>),
}

/// A column of rows of one type.
pub(crate) struct Of<T> {
    column: Column,
    get: Get<T>,
}

impl<T> Of<T> {
    /// As its readers see it.
    pub(crate) fn column(&self) -> Column {
        self.column
    }
}

/// A column of whole numbers.
pub(crate) fn int<T>(name: &'static str, about: &'static str, get: fn(&T) -> Option<i64>) -> Of<T> {
    Of { column: Column { name, cell: CellType::Int, about }, get: Get::Int(get) }
}

/// A column of real numbers.
pub(crate) fn float<T>(
    name: &'static str,
    about: &'static str,
    get: fn(&T) -> Option<f64>,
) -> Of<T> {
    Of { column: Column { name, cell: CellType::Float, about }, get: Get::Float(get) }
}

/// A column of texts.
pub(crate) fn text<T>(name: &'static str, about: &'static str, get: Text<T>) -> Of<T> {
    Of { column: Column { name, cell: CellType::Text, about }, get: Get::Text(get) }
}

/// Hands a table over.
pub(crate) fn emit<T>(
    columns: &[Of<T>],
    rows: impl Iterator<Item = T>,
    sink: &mut dyn Sink,
) -> Result<(), TableError> {
    let infos: Vec<Column> = columns.iter().map(|column| column.column).collect();
    sink.begin(&infos)?;
    for row in rows {
        for column in columns {
            sink.cell(match column.get {
                Get::Int(get) => get(&row).map_or(Cell::Null, Cell::Int),
                Get::Float(get) => get(&row).map_or(Cell::Null, Cell::Float),
                Get::Text(get) => get(&row).map_or(Cell::Null, Cell::Text),
            })?;
        }
        sink.end_row()?;
    }
    sink.finish()
}
