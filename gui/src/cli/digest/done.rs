//! Which recordings a digest holds already: a small file a recording in a folder that readers of the digest pass over.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use serde::{Deserialize, Serialize};
use weftscope_traces::digest::DigestOf;

use super::files;
use crate::files::{FileError, write_atomically};

/// A recording that was digested.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Done {
    /// Where it lay.
    file: PathBuf,
    bytes: u64,
    /// When it was last changed, ns since 1970; as text, since JSON's numbers end before.
    changed_unix_ns: String,
    /// The server that was named.
    server: Option<String>,
    /// Its ranks.
    ranks: Vec<u32>,
}

impl Done {
    /// A recording as it lies there now; `None` where that cannot be told, as of standard input.
    pub(super) fn of(file: &Path, server: Option<&str>) -> Option<Self> {
        let file = fs::canonicalize(file).ok()?;
        let meta = fs::metadata(&file).ok()?;
        let changed = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(Self {
            file,
            bytes: meta.len(),
            changed_unix_ns: changed.as_nanos().to_string(),
            server: server.map(str::to_owned),
            ranks: Vec::new(),
        })
    }

    /// True where this recording, unchanged, was digested into `folder`, and what came of it is there.
    pub(super) fn is_there(&self, folder: &Path, job: &str) -> bool {
        let Ok(text) = fs::read_to_string(self.path(folder, job)) else { return false };
        let Ok(known) = serde_json::from_str::<Self>(&text) else { return false };
        let of = |&rank: &u32| DigestOf { job: job.to_owned(), rank, ..DigestOf::default() };
        let is_whole = known.ranks.iter().all(|rank| files::are_there(folder, &of(rank)));
        is_whole && Self { ranks: Vec::new(), ..known } == *self
    }

    /// Notes that it was, with these ranks.
    pub(super) fn note(self, folder: &Path, job: &str, ranks: Vec<u32>) -> Result<(), FileError> {
        let path = self.path(folder, job);
        let noted = Self { ranks, ..self };
        let cannot = |error: std::io::Error| FileError::io("cannot write", &error, &path);
        fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(cannot)?;
        write_atomically(&path, |out| {
            let written = serde_json::to_writer(out, &noted);
            written.map_err(|error| FileError::new(error.to_string(), &path))
        })
    }

    fn path(&self, folder: &Path, job: &str) -> PathBuf {
        let mut hash = DefaultHasher::new();
        self.file.hash(&mut hash);
        let name = self.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = format!("{name}.{:016x}.json", hash.finish());
        folder.join(format!("job={job}")).join("_digested").join(name)
    }
}
