//! An answer as the window keeps it.

use std::{cmp::Ordering, ops::ControlFlow};

use serde::{Deserialize, Serialize};
use weftscope_query::{Cell, Place, QueryError, Taker};

use crate::files::did_you_mean;

/// Rows shown at most; a file takes them all.
const MOST_ROWS: usize = 10_000;
/// Bytes of text kept at most.
const MOST_BYTES: usize = 64 << 20;

/// A cell of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SqlCell {
    /// Not known.
    Null,
    /// A whole number.
    Int(i64),
    /// A real number.
    Real(f64),
    /// Text.
    Text(String),
}

impl SqlCell {
    /// Unknown first, then numbers by size, then texts by letter, as SQLite has it.
    pub fn order(&self, other: &Self) -> Ordering {
        let class = |cell: &Self| match cell {
            Self::Null => 0,
            Self::Int(_) | Self::Real(_) => 1,
            Self::Text(_) => 2,
        };
        match (self, other) {
            (Self::Int(one), Self::Int(other)) => one.cmp(other),
            (Self::Text(one), Self::Text(other)) => one.cmp(other),
            (one, other) => match (one.number(), other.number()) {
                (Some(one), Some(other)) => one.total_cmp(&other),
                _ => class(one).cmp(&class(other)),
            },
        }
    }

    /// The number it is.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Int(int) => Some(*int as f64),
            Self::Real(real) => Some(*real),
            Self::Null | Self::Text(_) => None,
        }
    }
}

/// An answer to be shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SqlAnswer {
    /// The query.
    pub query: String,
    /// Names of the columns.
    pub names: Vec<String>,
    /// Rows as they came.
    pub rows: Vec<Vec<SqlCell>>,
    /// There are more rows than these.
    pub has_more: bool,
    /// Modules of Perfetto that were passed over.
    pub passed_over: Vec<String>,
    /// How long it took, s.
    pub took_s: f64,
    /// Bytes of all texts.
    num_bytes: usize,
}

impl SqlAnswer {
    /// An answer to this query, without rows yet.
    pub(super) fn to(query: &str) -> Self {
        Self { query: query.to_owned(), ..Self::default() }
    }

    /// Number of the column of this name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|it| it.eq_ignore_ascii_case(name))
    }

    /// The whole number in a column of a row.
    pub fn int(&self, row: usize, name: &str) -> Option<i64> {
        match self.rows.get(row)?.get(self.column(name)?)? {
            SqlCell::Int(int) => Some(*int),
            _ => None,
        }
    }

    /// It can be shown as a track: it says when, and for how long.
    pub fn has_times(&self) -> bool {
        self.column("ts").is_some() && self.column("dur").is_some()
    }

    /// Its rows lead somewhere in the timeline.
    pub fn leads_somewhere(&self) -> bool {
        self.column("ts").is_some() || self.column("slice_id").is_some()
    }
}

impl Taker for SqlAnswer {
    fn passed_over(&mut self, modules: &[String]) {
        self.passed_over.extend_from_slice(modules);
    }

    fn columns(&mut self, names: &[String]) -> Result<(), String> {
        self.names = names.to_vec();
        Ok(())
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> Result<ControlFlow<()>, String> {
        if self.rows.len() == MOST_ROWS || self.num_bytes > MOST_BYTES {
            self.has_more = true;
            return Ok(ControlFlow::Break(()));
        }
        let kept = |cell: &Cell<'_>| match *cell {
            Cell::Null => SqlCell::Null,
            Cell::Int(int) => SqlCell::Int(int),
            Cell::Real(real) => SqlCell::Real(real),
            Cell::Text(text) => SqlCell::Text(text.to_owned()),
        };
        let row: Vec<SqlCell> = cells.iter().map(kept).collect();
        self.num_bytes += row
            .iter()
            .map(|cell| match cell {
                SqlCell::Text(text) => text.len(),
                _ => 0,
            })
            .sum::<usize>();
        self.rows.push(row);
        Ok(ControlFlow::Continue(()))
    }
}

/// Why a query has no answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SqlFailure {
    /// Why, and what may have been meant.
    pub why: String,
    /// Where in the query.
    pub place: Option<Place>,
}

impl SqlFailure {
    /// Of a query that went wrong.
    pub(super) fn of(error: &QueryError, query: &str) -> Self {
        let near = match error {
            QueryError::Unknown { name, known, .. } => {
                did_you_mean(name, known.iter().map(String::as_str))
            }
            _ => String::new(),
        };
        Self { why: format!("{error}{near}"), place: error.place(query) }
    }
}
