//! Files written beside and renamed: a file is never half-written, and an interrupted one leaves nothing.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    process,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use super::FileError;

/// Files under way, so that an interrupt can clear them away.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Writes a file so that its path holds either what was there before or the whole new content.
///
/// `fill` writes to a file beside the target, which takes the target's name once everything is on disk. When
/// anything fails, that file is removed and the target is as it was. A target that cannot be a file (a folder, a
/// missing folder) is refused before `fill` runs.
///
/// # Errors
/// What `fill` returned, or [`FileError`] with the cause and `path`.
pub fn write_atomically(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), FileError>,
) -> Result<(), FileError> {
    let Target { target, through } = check(path)?;
    if through {
        return write_through(path, fill);
    }
    let cannot = |error: &io::Error| FileError::io("cannot write", error, path);
    if let Some(folder) = target.parent() {
        remove_abandoned(folder);
    }
    let (part, file) = create_beside(&target).map_err(|error| cannot(&error))?;
    let mut out = BufWriter::with_capacity(1 << 20, file);
    fill(&mut out)?;
    let file = out.into_inner().map_err(|error| cannot(error.error()))?;
    file.sync_all().map_err(|error| cannot(&error))?;
    drop(file);
    if let Ok(meta) = fs::metadata(&target) {
        // Best effort: a file that was private stays private where the system lets us say so.
        let _kept = fs::set_permissions(&part.path, meta.permissions());
    }
    fs::rename(&part.path, &target).map_err(|error| cannot(&error))
}

/// Whether [`write_atomically`] could begin now: for work that takes long before it writes.
///
/// # Errors
/// [`FileError`] as [`write_atomically`] would give it.
pub fn check_target(path: &Path) -> Result<(), FileError> {
    let Target { target, through } = check(path)?;
    if !through {
        create_beside(&target).map_err(|error| FileError::io("cannot write", &error, path))?;
    }
    Ok(())
}

/// Where a path leads.
struct Target {
    /// The file that is replaced.
    target: PathBuf,
    /// It is a device or a pipe: nothing to keep, and not to be replaced by a file.
    through: bool,
}

fn check(path: &Path) -> Result<Target, FileError> {
    let through = match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => {
            return Err(FileError::new("cannot write: it is a folder", path));
        }
        Ok(meta) if meta.is_file() && meta.permissions().readonly() => {
            return Err(FileError::new("cannot write: the file is read-only", path));
        }
        Ok(meta) => !meta.is_file(),
        Err(_) => false,
    };
    // A link keeps pointing where it points: what it points at is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    Ok(Target { target, through })
}

fn write_through(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), FileError>,
) -> Result<(), FileError> {
    let cannot = |error: io::Error| FileError::io("cannot write", &error, path);
    let mut out = BufWriter::new(OpenOptions::new().write(true).open(path).map_err(cannot)?);
    fill(&mut out)?;
    out.flush().map_err(cannot)
}

/// Removes every file that is being written now. For an interrupt, just before the process ends.
pub fn remove_unfinished() {
    for path in unfinished().drain(..) {
        let _gone = fs::remove_file(path);
    }
}

/// Removes what a program that was killed while it wrote has left in `folder`. Never what one that still runs is writing;
/// where that cannot be known, nothing. Done at each start of the window where files were last, and before each write.
pub fn remove_abandoned(folder: &Path) {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let writer = name.to_str().and_then(writer_of);
        if writer.is_some_and(is_gone) && is_quiet(&entry) {
            let _gone = fs::remove_file(entry.path());
        }
    }
}

/// The process that writes a file of this name, when it is the name of a file beside.
fn writer_of(name: &str) -> Option<u32> {
    let (_, last) = name.strip_prefix('.')?.strip_suffix(".part")?.rsplit_once('.')?;
    let (id, count) = last.split_once('-')?;
    let _count: u32 = count.parse().ok()?;
    id.parse().ok()
}

/// True when nobody has written to it for a while: a number says nothing about processes of another container or computer
/// that write into the same folder.
fn is_quiet(entry: &fs::DirEntry) -> bool {
    let modified = entry.metadata().and_then(|meta| meta.modified());
    modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > QUIET))
}

/// An export under way writes many times a second; one that packs a gigabyte before it writes takes half a minute.
const QUIET: Duration = Duration::from_secs(120);

/// True when no process has this number: known on Linux only.
fn is_gone(id: u32) -> bool {
    Path::new("/proc/self").exists() && !Path::new(&format!("/proc/{id}")).exists()
}

/// The file beside; removed when dropped, which after the rename finds nothing to remove.
struct Part {
    path: PathBuf,
}

impl Drop for Part {
    fn drop(&mut self) {
        let mut unfinished = unfinished();
        unfinished.retain(|path| *path != self.path);
        let _gone = fs::remove_file(&self.path);
    }
}

fn create_beside(target: &Path) -> io::Result<(Part, File)> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = target.file_name().ok_or(io::ErrorKind::InvalidFilename)?.to_string_lossy();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let part = format!(".{name}.{}-{count}.part", process::id());
    let path = target.with_file_name(part);
    // Listed before it exists, so that no interrupt finds it unlisted.
    unfinished().push(path.clone());
    let part = Part { path };
    let file = OpenOptions::new().write(true).create_new(true).open(&part.path)?;
    Ok((part, file))
}

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    // A list of paths is valid after any panic.
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.json");
        write_atomically(&path, |out| {
            out.write_all(b"first").unwrap();
            assert!(!path.exists());
            Ok(())
        })
        .unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first");
        let failed = write_atomically(&path, |out| {
            out.write_all(b"second").unwrap();
            Err(FileError::new("told to fail", &path))
        });
        assert_eq!(failed.unwrap_err().cause, "told to fail");
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(names(folder.path()), ["out.json"]);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_a_killed_program_left_goes_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let (gone, mine) = (child.id(), process::id());
        let left = format!(".out.json.{gone}-3.part");
        let kept = [
            format!(".out.json.{mine}-9999.part"),
            ".out.part".to_owned(),
            "a.1-2.part".to_owned(),
        ];
        let fresh = format!(".fresh.json.{gone}-3.part");
        for name in kept.iter().chain([&left, &fresh]) {
            let file = File::create(folder.path().join(name)).unwrap();
            if *name != fresh {
                file.set_modified(std::time::SystemTime::now() - 2 * QUIET).unwrap();
            }
        }
        write_atomically(&folder.path().join("new"), |_| Ok(())).unwrap();
        let mut expected = kept.to_vec();
        expected.extend(["new".to_owned(), fresh]);
        expected.sort();
        assert_eq!(names(folder.path()), expected);
    }

    #[test]
    fn places_that_cannot_be_written_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let never = |_: &mut dyn Write| -> Result<(), FileError> { panic!("not reached") };
        let error = write_atomically(folder.path(), never).unwrap_err();
        assert!(error.to_string().starts_with("cannot write: it is a folder: /"), "{error}");
        let missing = folder.path().join("no/such/folder.json");
        let error = write_atomically(&missing, never).unwrap_err();
        assert!(error.to_string().contains("No such file or directory: /"), "{error}");
        let protected = folder.path().join("protected.json");
        fs::write(&protected, b"mine").unwrap();
        let mut permissions = fs::metadata(&protected).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&protected, permissions).unwrap();
        let error = write_atomically(&protected, never).unwrap_err();
        assert_eq!(error.cause, "cannot write: the file is read-only");
        assert_eq!(fs::read(&protected).unwrap(), b"mine");
    }
}
