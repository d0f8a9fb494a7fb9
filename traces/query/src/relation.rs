//! What a table is to SQLite: columns, ways to find rows, and rows one after another.

use std::ops::Range;

use crate::cell::Cell;

/// A column: its name, and the type that SQLite is told.
pub(crate) type Column = (&'static str, &'static str);

/// How a column is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compared {
    Equal,
    /// At or above; above is checked by SQLite afterwards, as everything is.
    AtLeast,
    AtMost,
}

impl Compared {
    /// As it stands in the text that goes from plan to search.
    pub(crate) fn sign(self) -> char {
        match self {
            Self::Equal => '=',
            Self::AtLeast => '>',
            Self::AtMost => '<',
        }
    }

    pub(crate) fn of_sign(sign: char) -> Option<Self> {
        [Self::Equal, Self::AtLeast, Self::AtMost].into_iter().find(|it| it.sign() == sign)
    }
}

/// A value to search by. A value of a type that the column never has is left to SQLite.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sought {
    Int(i64),
    Text(String),
    Other,
}

/// A comparison of a search.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bound {
    pub(crate) column: usize,
    pub(crate) compared: Compared,
    pub(crate) value: Sought,
}

/// A table. What it is asked for only narrows the search: SQLite checks every row again.
pub(crate) trait Relation: Send + Sync {
    /// Its columns, in order.
    fn columns(&self) -> &'static [Column];
    /// Whether a search by this comparison reads fewer rows.
    fn narrows(&self, _column: usize, _compared: Compared) -> bool {
        false
    }
    /// Whether rows can come in ascending order of this column.
    fn sorts(&self, _column: usize) -> bool {
        false
    }
    /// Columns that a query has to give: arguments of a function that answers rows.
    fn arguments(&self) -> Range<usize> {
        0..0
    }
    /// About how many rows there are.
    fn len(&self) -> usize;
    /// The rows, at the least all that meet `bounds`, ascending by `sorted` where it is one that this relation sorts by.
    fn rows(&self, bounds: &[Bound], sorted: Option<usize>) -> Found;
}

/// Rows, or why there are none.
pub(crate) type Found = Result<Box<dyn Rows>, String>;

/// Rows on their way.
pub(crate) trait Rows {
    /// Goes to the next row, at first to the first.
    fn advance(&mut self) -> bool;
    /// A cell of the row.
    fn cell(&self, column: usize) -> Cell<'_>;
    /// Number of the row in its table.
    fn id(&self) -> i64;
}
