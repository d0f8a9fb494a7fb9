use thiserror::Error;

/// Why a query has no answer.
#[derive(Debug, Error)]
pub enum QueryError {
    /// A table or a column that does not exist.
    #[error("{what}")]
    Unknown {
        /// What SQLite says.
        what: String,
        /// The name.
        name: String,
        /// Names that do exist.
        known: Vec<String>,
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
    #[error("{0}")]
    Sql(String),
    /// What takes the rows takes no more.
    #[error("{0}")]
    Taker(String),
}
