//! One compiled program as a file.
//!
//! Little endian: [`MAGIC`], [`FORMAT`] (u32), key (32 bytes), length of the cubin (u64), length of the PTX (u64), cubin,
//! PTX, SHA-256 of all before.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process,
    time::{SystemTime, UNIX_EPOCH},
};

use sha2::{Digest as _, Sha256};

use super::recipe::{FORMAT, Key};
use crate::cuda::compile::Compiled;

/// File extension.
pub(super) const EXTENSION: &str = "weft-cubin";

const MAGIC: &[u8; 16] = b"weftscope cubin\n";
const DIGEST_BYTES: usize = 32;

/// Where a program's entry lies.
pub(super) fn path(folder: &Path, key: &Key) -> PathBuf {
    folder.join(format!("{key}.{EXTENSION}"))
}

/// The entry of a key; `None` when there is none, or one that is cut off, changed or of something else. Its file's time
/// becomes that of this reading, so that what is in use stays.
pub(super) fn read(folder: &Path, key: &Key) -> Option<Compiled> {
    let path = path(folder, key);
    let compiled = decode(&fs::read(&path).ok()?, key)?;
    // A folder that may only be read keeps its times.
    let _untouched = fs::File::options()
        .append(true)
        .open(path)
        .and_then(|file| file.set_modified(SystemTime::now()));
    Some(compiled)
}

/// Puts an entry in place in one step, so that readers see the old one, the new one or none.
///
/// Nothing is synced to disk: what a power failure tears, the checksum tells.
///
/// # Errors
/// Those of the file system; what was written until then is removed.
pub(super) fn write(folder: &Path, key: &Key, compiled: &Compiled) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let beside = beside(folder, key);
    let mut file = fs::File::create_new(&beside)?;
    let written = file
        .write_all(&encode(compiled, key))
        .and_then(|()| fs::rename(&beside, path(folder, key)));
    if written.is_err() {
        // The first error is the one to report.
        let _removed = fs::remove_file(&beside);
    }
    written
}

/// A name that no other process takes, not even one of the same number in another container or before a crash.
fn beside(folder: &Path, key: &Key) -> PathBuf {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let thread = std::thread::current().id();
    folder.join(format!(".{key}-{}-{thread:?}-{}.tmp", process::id(), now.as_nanos()))
}

fn encode(compiled: &Compiled, key: &Key) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend_from_slice(MAGIC);
    bytes.extend(FORMAT.to_le_bytes());
    bytes.extend(key.0);
    bytes.extend((compiled.cubin.len() as u64).to_le_bytes());
    bytes.extend((compiled.ptx.len() as u64).to_le_bytes());
    bytes.extend(&compiled.cubin);
    bytes.extend(compiled.ptx.as_bytes());
    let digest = Sha256::digest(&bytes);
    bytes.extend(digest);
    bytes
}

fn decode(bytes: &[u8], key: &Key) -> Option<Compiled> {
    let (content, digest) = bytes.split_at_checked(bytes.len().checked_sub(DIGEST_BYTES)?)?;
    let rest = content.strip_prefix(MAGIC)?;
    let rest = rest.strip_prefix(&FORMAT.to_le_bytes())?;
    let rest = rest.strip_prefix(&key.0)?;
    let (cubin_bytes, rest) = rest.split_first_chunk()?;
    let (ptx_bytes, rest) = rest.split_first_chunk()?;
    let (cubin, ptx) = rest.split_at_checked(length(*cubin_bytes)?)?;
    if ptx.len() != length(*ptx_bytes)? || Sha256::digest(content).as_slice() != digest {
        return None;
    }
    let (cubin, ptx) = (cubin.to_vec(), String::from_utf8(ptx.to_vec()).ok()?);
    Some(Compiled { cubin, ptx })
}

fn length(bytes: [u8; 8]) -> Option<usize> {
    usize::try_from(u64::from_le_bytes(bytes)).ok()
}
