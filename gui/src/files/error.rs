use std::path::{Path, PathBuf};

use thiserror::Error;

/// What went wrong with a file: one line, cause first, path last.
#[derive(Debug, Error)]
#[error("{cause}: {}", path.display())]
pub struct FileError {
    /// One line.
    pub cause: String,
    /// The file.
    pub path: PathBuf,
    /// It was cancelled; not a fault.
    pub cancelled: bool,
}

impl FileError {
    /// A fault of `path`. Line breaks in the cause become blanks: an error is one line.
    pub fn new(cause: impl Into<String>, path: &Path) -> Self {
        let cause: String = cause.into();
        let cause = cause.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { cause, path: path.to_owned(), cancelled: false }
    }

    /// Cancelled while `path` was read or written.
    pub fn cancelled(path: &Path) -> Self {
        Self { cancelled: true, ..Self::new("cancelled", path) }
    }

    /// Words for what the system said, without its error number.
    pub fn io(doing: &str, error: &std::io::Error, path: &Path) -> Self {
        let said = error.to_string();
        let said = said.split(" (os error").next().unwrap_or(&said);
        Self::new(format!("{doing}: {said}"), path)
    }
}
