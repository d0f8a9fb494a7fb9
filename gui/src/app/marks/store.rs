use std::path::PathBuf;

use crate::{
    files::{Sample, is_elsewhere, marks_path},
    timeline::Mark,
};

/// Where the marks of an opened document are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarkStore {
    /// Nowhere: they go with the session. So it is for samples, and where the file cannot be read or written.
    Session,
    /// The file is being read.
    Reading(PathBuf),
    /// In this file.
    Beside {
        /// The file.
        path: PathBuf,
        /// What it holds, or will once it is written.
        kept: Vec<Mark>,
        /// It is being written; what changes meanwhile waits.
        is_writing: bool,
    },
}

impl MarkStore {
    /// Where the marks of these files are kept: beside the first.
    pub(in crate::app) fn of(paths: &[PathBuf]) -> Self {
        match paths.first() {
            // What lies on a server has nothing beside it here.
            Some(first) if is_elsewhere(first) => Self::Session,
            Some(first) if matches!(Sample::of_path(first), Ok(None)) => {
                Self::Reading(marks_path(first))
            }
            _ => Self::Session,
        }
    }
}
