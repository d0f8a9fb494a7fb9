//! The folder of prepared recordings.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::MOST_BYTES;
use crate::files::{CacheOff, cache_folder, remove_abandoned};

/// What entries' names end with.
pub(super) const ENDING: &str = "weft";

/// The folder, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// Where.
    pub folder: PathBuf,
    /// Recordings in it.
    pub entries: usize,
    /// What they take.
    pub bytes: u64,
}

impl Prepared {
    /// Looks into the folder of this user; one that is not there yet is empty.
    ///
    /// # Errors
    /// [`CacheOff`].
    pub fn look() -> Result<Self, CacheOff> {
        let folder = here()?;
        let files = files(&folder);
        let bytes = files.iter().map(|file| file.bytes).sum();
        Ok(Self { folder, entries: files.len(), bytes })
    }
}

/// The folder of this user.
pub(super) fn here() -> Result<PathBuf, CacheOff> {
    cache_folder("recordings")
}

struct Kept {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

fn files(folder: &Path) -> Vec<Kept> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let kept = entries.flatten().filter_map(|entry| {
        let path = entry.path();
        path.extension().is_some_and(|ending| ending == ENDING).then_some(())?;
        let meta = entry.metadata().ok()?;
        Some(Kept { path, bytes: meta.len(), used: meta.modified().ok()? })
    });
    kept.collect()
}

/// Removes what was not used for longest until the rest takes no more than allowed, and what writers that are gone left.
pub(super) fn clean(folder: &Path) {
    clean_to(folder, MOST_BYTES);
}

fn clean_to(folder: &Path, most_bytes: u64) {
    remove_abandoned(folder);
    let mut files = files(folder);
    files.sort_by_key(|file| std::cmp::Reverse(file.used));
    let mut bytes = 0;
    for file in files {
        bytes += file.bytes;
        if bytes > most_bytes {
            let _gone = fs::remove_file(file.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_was_unused_for_longest_goes() {
        let folder = tempfile::tempdir().expect("a folder");
        let now = SystemTime::now();
        for (name, bytes, age_s) in
            [("a.weft", 10, 5), ("b.weft", 10, 1), ("c.weft", 10, 9), ("mine.txt", 99, 99)]
        {
            let path = folder.path().join(name);
            fs::write(&path, vec![0; bytes]).expect("it is written");
            let file = fs::File::options().write(true).open(&path).expect("it is there");
            file.set_modified(now - Duration::from_secs(age_s)).expect("it takes a time");
        }
        clean_to(folder.path(), 25);
        let mut left: Vec<_> = files(folder.path()).into_iter().map(|file| file.path).collect();
        left.sort();
        assert_eq!(left, ["a.weft", "b.weft"].map(|name| folder.path().join(name)));
        assert!(folder.path().join("mine.txt").exists(), "only entries are ours");
    }
}
