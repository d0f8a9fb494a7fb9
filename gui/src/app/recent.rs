use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::document::short_name;

/// What was opened as one: a file, or the files of a job's ranks. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Recent {
    first: PathBuf,
    rest: Vec<PathBuf>,
}

/// As settings hold it: before jobs were remembered as jobs, a path alone.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Stored {
    One(PathBuf),
    Several(Vec<PathBuf>),
}

impl From<Stored> for Recent {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::One(first) => Self { first, rest: Vec::new() },
            Stored::Several(paths) => {
                let mut paths = paths.into_iter();
                Self { first: paths.next().unwrap_or_default(), rest: paths.collect() }
            }
        }
    }
}

impl From<Recent> for Stored {
    fn from(recent: Recent) -> Self {
        if recent.rest.is_empty() { Self::One(recent.first) } else { Self::Several(recent.paths()) }
    }
}

impl Recent {
    /// Of these paths; `None` when there are none.
    pub fn of(paths: &[PathBuf]) -> Option<Self> {
        let (first, rest) = paths.split_first()?;
        Some(Self { first: first.clone(), rest: rest.to_vec() })
    }

    /// All paths.
    pub fn paths(&self) -> Vec<PathBuf> {
        std::iter::once(&self.first).chain(&self.rest).cloned().collect()
    }

    /// The folder of the first.
    pub fn folder(&self) -> Option<&Path> {
        self.first.parent()
    }

    /// For a list: `rank0.json.gz and 7 more`.
    pub fn name(&self) -> String {
        self.with_rest(short_name(&self.first))
    }

    /// The whole path of the first, and how many more.
    pub fn place(&self) -> String {
        self.with_rest(self.first.display().to_string())
    }

    fn with_rest(&self, first: String) -> String {
        match self.rest.len() {
            0 => first,
            more => format!("{first} and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_lists_and_files_stay_as_they_were_stored() {
        let text = r#"["/a.json",["/r0.json","/r1.json"]]"#;
        let read: Vec<Recent> = serde_json::from_str(text).unwrap();
        assert_eq!(read[0].name(), "a.json");
        assert_eq!(read[1].name(), "r0.json and 1 more");
        assert_eq!(read[1].paths().len(), 2);
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }
}
