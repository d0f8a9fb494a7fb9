use std::path::PathBuf;

use crate::{app::document::DocumentId, timeline::Mark};

/// What is to be done about marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarksTask {
    /// Read a file.
    Read(DocumentId, PathBuf),
    /// Write it.
    Write(DocumentId, PathBuf, Vec<Mark>),
}

/// What was done about marks; cause and place when it could not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarksEvent {
    /// They were read.
    Read(DocumentId, Result<Vec<Mark>, String>),
    /// They were written.
    Written(DocumentId, Result<(), String>),
}
