//! The folder of prepared recordings.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use thiserror::Error;

use super::MOST_BYTES;
use crate::files::remove_abandoned;

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

/// Why recordings are not kept.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum PreparedOff {
    /// The user wants none.
    #[error("WEFTSCOPE_CACHE_DIR is set and empty")]
    Asked,
    /// No variable names a place.
    #[error("none of WEFTSCOPE_CACHE_DIR, XDG_CACHE_HOME and HOME names a folder")]
    Nowhere,
}

impl Prepared {
    /// Looks into the folder of this user; one that is not there yet is empty.
    ///
    /// # Errors
    /// [`PreparedOff`].
    pub fn look() -> Result<Self, PreparedOff> {
        let folder = here()?;
        let files = files(&folder);
        let bytes = files.iter().map(|file| file.bytes).sum();
        Ok(Self { folder, entries: files.len(), bytes })
    }
}

/// The folder of this user.
pub(super) fn here() -> Result<PathBuf, PreparedOff> {
    of(|name| env::var_os(name))
}

/// `$WEFTSCOPE_CACHE_DIR/recordings`, else `weftscope/recordings` in the user's cache (XDG Base Directory Specification
/// 0.8: a relative `XDG_CACHE_HOME` is ignored, an empty one is unset).
fn of(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, PreparedOff> {
    match variable("WEFTSCOPE_CACHE_DIR") {
        Some(own) if own.is_empty() => return Err(PreparedOff::Asked),
        Some(own) => return Ok(Path::new(&own).join("recordings")),
        None => {}
    }
    let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
    cache.map(|cache| cache.join("weftscope/recordings")).ok_or(PreparedOff::Nowhere)
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
    fn the_folder_is_where_the_user_keeps_caches() {
        let of = |variables: &[(&str, &str)]| {
            of(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, to)| to.into()))
        };
        let at = |path: &str| Ok(PathBuf::from(path));
        assert_eq!(of(&[("HOME", "/h")]), at("/h/.cache/weftscope/recordings"));
        let xdg = [("HOME", "/h"), ("XDG_CACHE_HOME", "/x")];
        assert_eq!(of(&xdg), at("/x/weftscope/recordings"));
        assert_eq!(of(&[xdg[0], ("XDG_CACHE_HOME", "x")]), at("/h/.cache/weftscope/recordings"));
        assert_eq!(of(&[xdg[1], ("WEFTSCOPE_CACHE_DIR", "w")]), at("w/recordings"));
        assert_eq!(of(&[xdg[1], ("WEFTSCOPE_CACHE_DIR", "")]), Err(PreparedOff::Asked));
        assert_eq!(of(&[]), Err(PreparedOff::Nowhere));
    }

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
