//! Where compiled programs are kept between runs.

use std::{
    env,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    process,
    time::{Duration, SystemTime},
};

use thiserror::Error;

use super::entry;

/// The folder of compiled programs and what lies in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CubinCache {
    /// Where.
    pub folder: PathBuf,
    /// Programs, of this version and others.
    pub entries: usize,
    /// What they take.
    pub bytes: u64,
}

/// Why compiled programs are not kept between runs.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CacheOff {
    /// The user wants none.
    #[error("WEFTSCOPE_CACHE_DIR is set and empty")]
    Asked,
    /// No variable names a place.
    #[error("none of WEFTSCOPE_CACHE_DIR, XDG_CACHE_HOME and HOME names a folder")]
    Nowhere,
    /// The folder is there or not, but nothing new gets into it.
    #[error("the cache folder cannot be written: {cause}: {}", .folder.display())]
    Unwritable {
        /// Where.
        folder: PathBuf,
        /// What the system said.
        cause: String,
    },
}

/// The cache folder as the next run will find it. Makes the folder, as that run would, and tries to write there.
///
/// # Errors
/// [`CacheOff`]: runs do without, and compile their programs each time.
pub fn cubin_cache() -> Result<CubinCache, CacheOff> {
    look(of(|name| env::var_os(name))?)
}

/// `$WEFTSCOPE_CACHE_DIR/cubins`, else `weftscope/cubins` in the user's cache (XDG Base Directory Specification 0.8: a
/// relative `XDG_CACHE_HOME` is ignored, an empty one is unset).
pub(super) fn of(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, CacheOff> {
    if let Some(own) = variable("WEFTSCOPE_CACHE_DIR") {
        return if own.is_empty() {
            Err(CacheOff::Asked)
        } else {
            Ok(Path::new(&own).join("cubins"))
        };
    }
    let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
    cache.map(|cache| cache.join("weftscope/cubins")).ok_or(CacheOff::Nowhere)
}

pub(super) fn look(folder: PathBuf) -> Result<CubinCache, CacheOff> {
    let read = try_writing(&folder).and_then(|()| fs::read_dir(&folder));
    match read {
        Ok(files) => {
            let entries = files.flatten().filter(|file| is_entry(&file.path()));
            let sizes: Vec<u64> =
                entries.filter_map(|file| Some(file.metadata().ok()?.len())).collect();
            Ok(CubinCache { folder, entries: sizes.len(), bytes: sizes.iter().sum() })
        }
        Err(error) => Err(CacheOff::Unwritable { folder, cause: error.to_string() }),
    }
}

/// What is kept between runs, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// Programs that nobody has read for so long are gone: those of other versions, for the most part.
    pub(super) unused_for: Duration,
    /// All together take no more than this; what was used last stays.
    pub(super) bytes: u64,
}

/// A run needs some thirty programs of 50 to 100 KB each.
pub(super) const LIMITS: Limits =
    Limits { unused_for: Duration::from_secs(90 * 24 * 3600), bytes: 256 << 20 };

/// Removes what is beyond the limits at `now`, oldest use first. What cannot be removed stays, and is no error.
pub(super) fn prune(folder: &Path, limits: Limits, now: SystemTime) {
    let Ok(files) = fs::read_dir(folder) else { return };
    let mut entries: Vec<(SystemTime, u64, PathBuf)> = files
        .flatten()
        .filter(|file| is_entry(&file.path()))
        .filter_map(|file| {
            let meta = file.metadata().ok()?;
            Some((meta.modified().ok()?, meta.len(), file.path()))
        })
        .collect();
    // Last used first.
    entries.sort_by(|a, b| b.cmp(a));
    let mut kept_bytes = 0;
    for (used, bytes, path) in entries {
        kept_bytes += bytes;
        let unused_for = now.duration_since(used).unwrap_or_default();
        if kept_bytes > limits.bytes || unused_for > limits.unused_for {
            let _stays = fs::remove_file(path);
        }
    }
}

fn is_entry(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == entry::EXTENSION)
}

fn try_writing(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let probe = folder.join(format!(".probe-{}.tmp", process::id()));
    fs::write(&probe, b"")?;
    fs::remove_file(&probe)
}
