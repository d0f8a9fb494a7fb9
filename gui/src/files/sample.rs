//! Recordings that are part of the program. `sample:NAME` stands for one wherever a path does.

use std::path::{Path, PathBuf};

use super::{FileError, nearest::did_you_mean};

/// A recording that is part of the program.
#[derive(Clone, Copy)]
pub struct Sample {
    /// Name, e.g. `h200x2-tokenweave`.
    pub name: &'static str,
    /// The file, in the native format.
    pub bytes: &'static [u8],
}

/// Every sample, by name: the files of `traces/samples`.
pub static SAMPLES: &[Sample] = include!(concat!(env!("OUT_DIR"), "/samples.rs"));

const SCHEME: &str = "sample:";

impl Sample {
    /// The sample of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        SAMPLES.iter().find(|sample| sample.name == name)
    }

    /// What stands for it where a path is asked for.
    pub fn path(&self) -> PathBuf {
        Self::path_of(self.name)
    }

    /// What stands for the sample of this name.
    pub fn path_of(name: &str) -> PathBuf {
        PathBuf::from(format!("{SCHEME}{name}"))
    }

    /// The sample that a path stands for; `None` for the path of a file.
    ///
    /// # Errors
    /// When it stands for a sample that there is not.
    pub fn of_path(path: &Path) -> Result<Option<&'static Self>, FileError> {
        let Some(name) = path.to_str().and_then(|text| text.strip_prefix(SCHEME)) else {
            return Ok(None);
        };
        Self::named(name).map(Some).ok_or_else(|| {
            let names: Vec<&str> = SAMPLES.iter().map(|sample| sample.name).collect();
            let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let near = did_you_mean(name, names);
            FileError::new(format!("no such sample{near} (there are: {known})"), path)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stand_for_samples_or_files() {
        assert!(Sample::of_path(Path::new("a/sample.weft")).unwrap().is_none());
        let error = Sample::of_path(Path::new("sample:none-such")).err().unwrap();
        assert!(error.to_string().starts_with("no such sample (there are: "), "{error}");
        for sample in SAMPLES {
            let found = Sample::of_path(&sample.path()).unwrap().unwrap();
            assert_eq!(found.name, sample.name);
        }
    }
}
