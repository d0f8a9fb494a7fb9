//! One recording's place in the folder.

use std::{
    env,
    fs::{self, File, Metadata},
    hash::{DefaultHasher, Hash, Hasher as _},
    io::{self, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    time::SystemTime,
};

use weftscope_traces::{Classifier, Trace, container, stream::silent};

use super::{
    LEAST_BYTES,
    folder::{ENDING, clean, here},
};
use crate::files::{FileError, Hook, hook::told, write_atomically};

/// Bytes of each end of a file that tell it from others.
const END_BYTES: u64 = 64 << 10;

/// Where a recording is, or will be, kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// In the folder.
    path: PathBuf,
    /// The recording itself and what it was when it was looked at.
    source: PathBuf,
    stamp: (u64, SystemTime),
}

impl Entry {
    /// The place of an opened file; `None` where it is not worth one, is in our own format, or nothing is kept.
    pub fn of(path: &Path, file: &File, meta: &Metadata, classifier: &Classifier) -> Option<Self> {
        if !meta.is_file() || meta.len() < LEAST_BYTES {
            return None;
        }
        Self::within(&here().ok()?, path, (file, meta), classifier)
    }

    fn within(
        folder: &Path,
        path: &Path,
        (file, meta): (&File, &Metadata),
        classifier: &Classifier,
    ) -> Option<Self> {
        let stamp = (meta.len(), meta.modified().ok()?);
        let ends = ends(file, meta.len()).ok()?;
        if ends.starts_with(&container::MAGIC) {
            return None;
        }
        let name = path.file_name()?.to_string_lossy();
        let mut hasher = DefaultHasher::new();
        // The name is part of the trace, as its title.
        (&*name, stamp, ends, classifier.told(), build()).hash(&mut hasher);
        let short: String = name.chars().take(60).collect();
        let own = folder.join(format!("{short}-{:016x}.{ENDING}", hasher.finish()));
        Some(Self { path: own, source: path.to_owned(), stamp })
    }

    /// The recording, where it is kept; one that cannot be read is forgotten.
    ///
    /// # Errors
    /// [`FileError::cancelled`] only.
    pub fn open(&self, hook: Hook<'_>) -> Result<Option<Trace>, FileError> {
        let Ok(file) = File::options().read(true).write(true).open(&self.path) else {
            return Ok(None);
        };
        let total = file.metadata().map_or(0, |meta| meta.len());
        let (read, cancelled) = told(hook, total, |progress| {
            container::read_whole(io::BufReader::new(&file), progress)
        });
        if cancelled {
            return Err(FileError::cancelled(&self.source));
        }
        match read.ok().flatten() {
            Some(trace) => {
                // Used now: what was unused for longest goes first.
                let _untouched = file.set_modified(SystemTime::now());
                Ok(Some(trace))
            }
            None => {
                let _gone = fs::remove_file(&self.path);
                Ok(None)
            }
        }
    }

    /// Keeps a recording, unless its file is not what it was when it was looked at. What fails is left out.
    pub fn keep(&self, trace: &Trace) {
        let now = fs::metadata(&self.source).and_then(|meta| Ok((meta.len(), meta.modified()?)));
        if !now.is_ok_and(|now| now == self.stamp) {
            return;
        }
        let Some(folder) = self.path.parent() else { return };
        if fs::create_dir_all(folder).is_ok() {
            let _written = write_atomically(&self.path, |out| {
                container::write(trace, out, &mut silent)
                    .map_err(|error| FileError::new(error.to_string(), &self.path))
            });
        }
        clean(folder);
    }
}

/// First and last bytes of a file, which is left at its beginning.
fn ends(mut file: &File, bytes: u64) -> io::Result<Vec<u8>> {
    let mut ends = Vec::new();
    file.take(END_BYTES).read_to_end(&mut ends)?;
    file.seek(SeekFrom::Start(bytes.saturating_sub(END_BYTES)))?;
    file.take(END_BYTES).read_to_end(&mut ends)?;
    file.rewind()?;
    Ok(ends)
}

/// What tells this build of the program from others: they may read the same file differently.
fn build() -> Option<(u64, SystemTime)> {
    let meta = fs::metadata(env::current_exe().ok()?).ok()?;
    Some((meta.len(), meta.modified().ok()?))
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use weftscope_traces::{OpenOptions, open};

    use super::*;
    use crate::files::no_hook;

    const TEXT: &str = r#"[{"ph": "X", "cat": "kernel", "name": "gemm", "pid": 0, "ts": 1, "dur": 5, "args": {"stream": 7, "grid": [1, 2, 3]}}]"#;

    fn place(folder: &Path, path: &Path, classifier: &Classifier) -> Option<Entry> {
        let file = File::open(path).expect("it is there");
        let meta = file.metadata().expect("it has some");
        Entry::within(&folder.join("kept"), path, (&file, &meta), classifier)
    }

    fn trace() -> Trace {
        open(TEXT.as_bytes(), &OpenOptions::default(), &mut silent).expect("a trace")
    }

    #[test]
    fn what_is_kept_comes_back_and_belongs_to_one_file_and_its_rules() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("run.json");
        fs::write(&path, TEXT).expect("it is written");
        let usual = Classifier::default();
        let entry = place(folder.path(), &path, &usual).expect("a place");
        assert!(entry.open(&mut no_hook).expect("nobody cancels").is_none(), "nothing is kept yet");
        entry.keep(&trace());
        assert_eq!(entry.open(&mut no_hook).expect("nobody cancels"), Some(trace()));
        assert_eq!(place(folder.path(), &path, &usual), Some(entry.clone()));

        let own = Classifier::new(&["gemm".to_owned()]).expect("a pattern");
        assert_ne!(place(folder.path(), &path, &own), Some(entry.clone()), "other rules");
        fs::write(&path, TEXT.replace('5', "6")).expect("it is written");
        let changed = place(folder.path(), &path, &usual).expect("a place");
        assert_ne!(changed, entry, "another file");
        // What was read of the file before is not kept for the one there is now.
        fs::remove_file(&entry.path).expect("it was kept");
        entry.keep(&trace());
        assert!(!entry.path.exists());
    }

    #[test]
    fn what_is_damaged_is_forgotten_and_what_is_ours_needs_no_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("run.json");
        fs::write(&path, TEXT).expect("it is written");
        let entry = place(folder.path(), &path, &Classifier::default()).expect("a place");
        entry.keep(&trace());
        let mut bytes = fs::read(&entry.path).expect("it was kept");
        let cancel = &mut |_, _| ControlFlow::Break(());
        assert!(entry.open(cancel).is_err_and(|error| error.cancelled));
        assert!(entry.path.exists(), "to cancel says nothing about it");
        let weft = folder.path().join("run.weft");
        fs::write(&weft, &bytes).expect("it is written");
        assert_eq!(place(folder.path(), &weft, &Classifier::default()), None);
        bytes.truncate(bytes.len() - 40);
        fs::write(&entry.path, &bytes).expect("it is written");
        assert_eq!(entry.open(&mut no_hook).expect("nobody cancels"), None);
        assert!(!entry.path.exists());
    }
}
