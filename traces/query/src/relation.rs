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

/// In which order rows are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Ascending by the columns, the first before the others.
    Sorted,
    /// Rows that are equal in all of the columns beside one another.
    Grouped,
}

/// What is asked of a table.
pub(crate) struct Search<'a> {
    /// What narrows it: comparisons that rows have to meet, all of them.
    pub(crate) bounds: &'a [Bound],
    /// Columns by which rows come, as the table has said that it can; empty: in any order.
    pub(crate) order: &'a [usize],
    /// Columns that the query reads, one bit each; the last bit stands for all columns from it on.
    pub(crate) read: u64,
    /// Whether whoever asks wants it no longer.
    pub(crate) is_stopped: &'a dyn Fn() -> bool,
}

impl Search<'_> {
    /// Whether the query reads this column.
    pub(crate) fn reads(&self, column: usize) -> bool {
        self.read >> column.min(63) & 1 != 0
    }

    /// Asked between steps of what takes long.
    ///
    /// # Errors
    /// Where the query has to end.
    pub(crate) fn go_on(&self) -> Result<(), String> {
        if (self.is_stopped)() { Err("stopped before its end".to_owned()) } else { Ok(()) }
    }
}

/// A table. What it is asked for only narrows the search: SQLite checks every row again.
pub(crate) trait Relation: Send + Sync {
    /// Its columns, in order.
    fn columns(&self) -> &'static [Column];
    /// Whether a search by this comparison reads fewer rows.
    fn narrows(&self, _column: usize, _compared: Compared) -> bool {
        false
    }
    /// The columns by which rows can come so that they come as wanted by these; `None` where they cannot.
    fn order(&self, _columns: &[usize], _wanted: Wanted) -> Option<Vec<usize>> {
        None
    }
    /// Columns that a query has to give: arguments of a function that answers rows.
    fn arguments(&self) -> Range<usize> {
        0..0
    }
    /// About how many rows there are.
    fn len(&self) -> usize;
    /// The rows, at the least all that meet the bounds, ascending by the columns of the order.
    fn rows(&self, search: &Search<'_>) -> Found;
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
