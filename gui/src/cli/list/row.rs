/// A thing listed.
pub(in crate::cli) struct Row {
    /// What other commands know it by.
    pub(super) name: String,
    /// What it is.
    pub(super) line: String,
}

impl Row {
    pub(super) fn new(name: impl Into<String>, line: impl Into<String>) -> Self {
        Self { name: name.into(), line: line.into() }
    }
}
