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
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, Thread},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// How often it is looked whether there is more.
const LOOK: Duration = Duration::from_millis(200);
/// How long the end waits for what was said last to be passed on: who no longer hears it must not hold up the end.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The file, as long as somebody hears of it.
pub(super) struct Output {
    path: PathBuf,
    is_over: Arc<AtomicBool>,
    passing: Thread,
    /// Closed once all is passed on.
    passed: Receiver<()>,
}

impl Output {
    /// Into this file, which is made, for this user alone.
    ///
    /// # Errors
    /// In words, when it cannot be made.
    pub(super) fn to(path: PathBuf) -> Result<Self, String> {
        // Standard output is the connection itself.
        Self::heard_by(path, io::stderr())
    }

    fn heard_by(path: PathBuf, hearer: impl Write + Send + 'static) -> Result<Self, String> {
        let failed = |error: io::Error| format!("{}: {error}", path.display());
        let mut options = OpenOptions::new();
        options.read(true).append(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(failed)?;
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let (passing, passed): (SyncSender<()>, _) = sync_channel(0);
        let passing = thread::Builder::new()
            .name("weftscope-output".to_owned())
            .spawn(move || {
                pass_on(file, hearer, &over);
                drop(passing);
            })
            .map_err(failed)?;
        Ok(Self { path, is_over, passing: passing.thread().clone(), passed })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.passing.unpark();
        // Nothing is sent: it ends with the sender.
        let _ended = self.passed.recv_timeout(LAST_WORDS);
    }
}

/// What is said, until it is over and all of it is passed on.
fn pass_on(mut file: File, mut hearer: impl Write, over: &AtomicBool) {
    let mut bytes = vec![0; 1 << 16];
    loop {
        let is_over = over.load(Ordering::Relaxed);
        match file.read(&mut bytes) {
            Ok(0) if is_over => return,
            Ok(0) => thread::park_timeout(LOOK),
            Ok(read) => {
                // A window that is gone hears nothing; the file has it.
                if hearer.write_all(&bytes[..read]).is_err() {
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
    use std::sync::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Heard(Arc<Mutex<Vec<u8>>>);

    impl Write for Heard {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_said_last_is_heard_before_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let (path, heard) = (folder.path().join("run.log"), Heard::default());
        let output = Output::heard_by(path.clone(), heard.clone()).unwrap();
        let mut program = OpenOptions::new().append(true).open(&path).unwrap();
        for line in ["hello\n", "bye\n"] {
            program.write_all(line.as_bytes()).unwrap();
        }
        drop(output);
        assert_eq!(String::from_utf8(heard.0.lock().unwrap().clone()).unwrap(), "hello\nbye\n");
    }

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
