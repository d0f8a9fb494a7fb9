//! What needs all of a document, asked where that lies.

use serde::{Deserialize, Serialize};
use weftscope_traces::{Span, TrackId, tables::TableFormat};

use crate::files::TraceFormat;

/// A question. Answers are bytes: JSON, or the file that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Question {
    /// The tables of a range of some rows: a `SelectionReport`.
    Range(Span, Vec<TrackId>),
    /// The rows of a query, to be shown: a `Result<SqlAnswer, SqlFailure>`.
    Rows(String),
    /// The recording as a file.
    File(TraceFormat),
    /// All rows of a query as a file.
    RowsFile(String, TableFormat),
}
