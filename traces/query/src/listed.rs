//! Small tables, made once when a query first asks for them.

use std::sync::{Arc, OnceLock};

use weftscope_traces::Trace;

use crate::cell::Cell;
use crate::relation::{Column, Found, Relation, Rows, Search};

/// A cell that is kept.
#[derive(Clone, Debug)]
pub(crate) enum Kept {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
}

impl Kept {
    pub(crate) fn int(value: Option<impl Into<i64>>) -> Self {
        value.map_or(Self::Null, |value| Self::Int(value.into()))
    }

    pub(crate) fn text(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

/// Makes all rows of a table.
pub(crate) type Make = fn(&Trace) -> Vec<Vec<Kept>>;

/// A table of rows that are kept.
pub(crate) struct Listed {
    pub(crate) trace: Arc<Trace>,
    pub(crate) columns: &'static [Column],
    pub(crate) make: Make,
    pub(crate) rows: OnceLock<Arc<Vec<Vec<Kept>>>>,
}

impl Relation for Listed {
    fn columns(&self) -> &'static [Column] {
        self.columns
    }

    fn len(&self) -> usize {
        self.trace.tracks.len()
    }

    fn rows(&self, _: &Search<'_>) -> Found {
        let rows = Arc::clone(self.rows.get_or_init(|| Arc::new((self.make)(&self.trace))));
        Ok(Box::new(ListedRows::of(rows)))
    }
}

/// Kept rows on their way.
pub(crate) struct ListedRows {
    rows: Arc<Vec<Vec<Kept>>>,
    /// Number of the row after the one at hand.
    next: usize,
}

impl ListedRows {
    pub(crate) fn of(rows: Arc<Vec<Vec<Kept>>>) -> Self {
        Self { rows, next: 0 }
    }
}

impl Rows for ListedRows {
    fn advance(&mut self) -> bool {
        self.next += 1;
        self.next <= self.rows.len()
    }

    fn cell(&self, column: usize) -> Cell<'_> {
        match self.rows[self.next - 1].get(column) {
            None | Some(Kept::Null) => Cell::Null,
            Some(Kept::Int(int)) => Cell::Int(*int),
            Some(Kept::Real(real)) => Cell::Real(*real),
            Some(Kept::Text(text)) => Cell::Text(text),
        }
    }

    fn id(&self) -> i64 {
        self.next as i64 - 1
    }
}
