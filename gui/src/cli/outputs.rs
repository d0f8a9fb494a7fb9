//! What help says of files that commands write.

use crate::files::{OutputFormat, TraceFormat, endings_in_words};

/// Help of an argument that names the file to write.
pub(super) fn output_help() -> String {
    format!(
        "File to write; its name says the format: {}. - is standard output, as JSON",
        endings_in_words(TraceFormat::ALL.iter().flat_map(|format| format.endings()))
    )
}

/// The same where tables are written too.
pub(super) fn output_or_table_help() -> String {
    format!(
        "File to write; its name says the format: {}, or for a table {}. - is standard output, as JSON, of a table as CSV",
        endings_in_words(TraceFormat::ALL.iter().flat_map(|format| format.endings())),
        endings_in_words(OutputFormat::TABLES.iter().map(|(ending, _)| ending))
    )
}
