use std::path::PathBuf;

use crate::{app::document::DocumentId, timeline::Mark};

/// What is to be done about marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarksTask {
    /// Read a file.
    Read(DocumentId, PathBuf),
    /// Write what has changed.
    Write {
        /// Whose marks.
        id: DocumentId,
        /// The file.
        path: PathBuf,
        /// What it held when it was read or written last. Another window may have written it since.
        before: Vec<Mark>,
        /// What became of that.
        marks: Vec<Mark>,
    },
}

/// What was done about marks; cause and place when it could not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarksEvent {
    /// They were read.
    Read(DocumentId, Result<Vec<Mark>, String>),
    /// They were written: all that the file holds now.
    Written(DocumentId, Result<Vec<Mark>, String>),
}
