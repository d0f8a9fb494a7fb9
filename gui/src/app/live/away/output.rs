//! What a program says that was started for a window elsewhere: into a file, so that it goes on when the connection does not, and from
//! there to that window's terminal.

use std::{
    env,
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf, absolute},
    process,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// How often it is looked whether there is more.
const LOOK: Duration = Duration::from_millis(200);

/// The file, as long as somebody hears of it.
pub(super) struct Output {
    path: PathBuf,
    is_over: Arc<AtomicBool>,
}

impl Output {
    /// Into this file, which is made, for this user alone.
    ///
    /// # Errors
    /// In words, when it cannot be made.
    pub(super) fn to(path: PathBuf) -> Result<Self, String> {
        let failed = |error: io::Error| format!("{}: {error}", path.display());
        let mut options = OpenOptions::new();
        options.read(true).append(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(failed)?;
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        thread::Builder::new()
            .name("weftscope-output".to_owned())
            .spawn(move || pass_on(file, &over))
            .map_err(failed)?;
        Ok(Self { path, is_over })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

/// To standard error: standard output is the connection itself.
fn pass_on(mut file: File, over: &AtomicBool) {
    let mut bytes = vec![0; 1 << 16];
    loop {
        let is_over = over.load(Ordering::Relaxed);
        match file.read(&mut bytes) {
            Ok(0) if is_over => return,
            Ok(0) => thread::sleep(LOOK),
            Ok(read) => {
                // A window that is gone hears nothing; the file has it.
                if io::stderr().write_all(&bytes[..read]).is_err() {
                    return;
                }
            }
            Err(_) => return,
        }
    }
}

/// A recording that is not there yet, in this folder or where this program is.
pub(super) fn place_in(folder: Option<&Path>) -> PathBuf {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let name = format!("weftscope-run-{seconds}-{}.weft", process::id());
    let here = || env::current_dir().unwrap_or_default();
    let place = folder.map_or_else(here, Path::to_path_buf).join(name);
    absolute(&place).unwrap_or(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_there_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = place_in(Some(folder.path())).with_extension("log");
        let output = Output::to(path.clone()).unwrap();
        assert!(output.path().is_absolute() && output.path().exists());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        let told = Output::to(path.clone()).err().unwrap();
        assert!(told.starts_with(&path.display().to_string()), "{told}");
    }
}
