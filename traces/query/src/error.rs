use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a query has no answer.
#[derive(Debug, Error)]
pub enum QueryError {
    /// A table, a column or a function that does not exist.
    #[error("{what}")]
    Unknown {
        /// What SQLite says.
        what: String,
        /// The name.
        name: String,
        /// Names that do exist.
        known: Vec<String>,
        /// Where in the query, in bytes from its beginning.
        at: Option<usize>,
    },
    /// Text after the end of the query.
    #[error("one query at a time: there is another after the first semicolon")]
    Several,
    /// Only comments, or nothing.
    #[error("there is no query in it")]
    Nothing,
    /// A query that would change something.
    #[error("queries only read: {0}")]
    Denied(String),
    /// The caller's time is over, or the caller has cancelled.
    #[error("stopped before its end")]
    Stopped,
    /// More memory than a query may take.
    #[error("the query takes more memory than one may: {0}")]
    TooBig(String),
    /// Anything else, as SQLite says it.
    #[error("{what}")]
    Sql {
        /// What SQLite says.
        what: String,
        /// Where in the query, in bytes from its beginning.
        at: Option<usize>,
    },
    /// What takes the rows takes no more.
    #[error("{0}")]
    Taker(String),
}

impl QueryError {
    /// Where in the query it went wrong: line and column, both from 1, the column in letters.
    pub fn place(&self, query: &str) -> Option<Place> {
        let (Self::Unknown { at, .. } | Self::Sql { at, .. }) = self else { return None };
        let before = query.get(..(*at)?)?;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.matches('\n').count() + 1;
        let text = query[line_start..].lines().next().unwrap_or_default().to_owned();
        Some(Place { line, column: before[line_start..].chars().count() + 1, text })
    }
}

/// A place in a query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column in letters, from 1.
    pub column: usize,
    /// The whole line.
    pub text: String,
}
