//! Reports of Nsight Systems (`.nsys-rep`), through `nsys export` where it is installed.
//!
//! The report's own format is not public; the tool that wrote it turns it into a database that is read here. It runs without
//! a shell, into a folder that is gone afterwards, as long as nobody cancels and not longer than [`LIMIT`].

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Read},
    path::{self, Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::FileError;

/// Name of the tool, looked for as the system looks for programs.
pub(super) const NSYS: &str = "nsys";
/// Longest time that an export may take: about 240 MB a minute are turned into some 2 GiB at most.
pub(super) const LIMIT: Duration = Duration::from_secs(20 * 60);
/// Time between two looks at whether it is done.
const A_LOOK: Duration = Duration::from_millis(20);
/// Most bytes of what the tool says that an error repeats.
const MAX_SAID: usize = 400;

/// An export in a folder that goes with it.
pub(super) struct Export {
    folder: TempDir,
}

impl Export {
    /// The database.
    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("report.sqlite")
    }

    fn said(&self) -> PathBuf {
        self.folder.path().join("said.txt")
    }
}

/// Asked now and then whether to give up.
pub(super) type IsCancelled<'a> = &'a mut dyn FnMut() -> bool;

/// The database of a report; `None` where there is no such tool.
///
/// # Errors
/// [`FileError`]: what the tool says, that it took too long, or that it was cancelled.
pub(super) fn export(
    tool: &OsStr,
    report: &Path,
    limit: Duration,
    is_cancelled: IsCancelled<'_>,
) -> Result<Option<Export>, FileError> {
    let io = |error: io::Error| FileError::io("cannot export the report", &error, report);
    let export = Export { folder: tempfile::tempdir().map_err(io)? };
    let said = File::create(export.said()).map_err(io)?;
    // A name that begins with a dash is an option, and a path from the root on never does.
    let input = path::absolute(report).map_err(io)?;
    let started = Command::new(tool)
        .args(["export", "--type", "sqlite", "--force-overwrite", "true", "--output"])
        .arg(export.path())
        .arg(input)
        .stdin(Stdio::null())
        .stdout(said.try_clone().map_err(io)?)
        .stderr(said)
        .spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(FileError::io("cannot run `nsys export`", &error, report)),
    };
    let ended = wait(&mut child, limit, is_cancelled);
    if !matches!(ended, Ok(Ended::Itself(_))) {
        // It may have ended meanwhile; then there is nothing to end.
        let _ = child.kill();
        let _ = child.wait();
    }
    match ended.map_err(io)? {
        Ended::Itself(status) if status.success() && export.path().is_file() => Ok(Some(export)),
        Ended::Itself(status) => {
            let said = last_words(&export.said());
            Err(FileError::new(format!("`nsys export` failed ({status}): {said}"), report))
        }
        Ended::TooLong => {
            let limit = limit.as_secs_f64();
            Err(FileError::new(format!("`nsys export` was not done after {limit} s"), report))
        }
        Ended::Cancelled => Err(FileError::cancelled(report)),
    }
}

/// How the tool ended.
enum Ended {
    Itself(ExitStatus),
    TooLong,
    Cancelled,
}

fn wait(child: &mut Child, limit: Duration, is_cancelled: IsCancelled<'_>) -> io::Result<Ended> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Ended::Itself(status));
        }
        if is_cancelled() {
            return Ok(Ended::Cancelled);
        }
        if began.elapsed() > limit {
            return Ok(Ended::TooLong);
        }
        thread::sleep(A_LOOK);
    }
}

/// The end of what the tool said, without control characters.
fn last_words(said: &Path) -> String {
    let bytes = fs::read(said).unwrap_or_default();
    let last = &bytes[bytes.len().saturating_sub(MAX_SAID)..];
    let text = String::from_utf8_lossy(last);
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let text = text.trim();
    if text.is_empty() { "it says nothing".to_owned() } else { text.to_owned() }
}

/// Whether a file begins as reports do.
pub(super) fn is_report(path: &Path) -> io::Result<bool> {
    let mut head = Vec::with_capacity(64);
    File::open(path)?.take(64).read_to_end(&mut head)?;
    Ok(weftscope_traces::is_nsys_report(&head))
}

#[cfg(all(test, unix))]
mod tests {
    use std::{cell::Cell, os::unix::fs::PermissionsExt};

    use super::*;

    /// A tool of the name that does what the script says; `$7` is the output, `$8` the report.
    fn tool(folder: &Path, script: &str) -> PathBuf {
        let (text, path) = (folder.join("script"), folder.join("nsys"));
        fs::write(&text, format!("#!/bin/sh\n{script}\n")).expect("it can");
        fs::set_permissions(&text, fs::Permissions::from_mode(0o755)).expect("it can");
        // Written by another process: a program that this one has open for writing cannot be run.
        assert!(Command::new("cp").args([&text, &path]).status().expect("it can").success());
        path
    }

    fn cause(result: Result<Option<Export>, FileError>) -> FileError {
        match result {
            Ok(_) => panic!("it must fail"),
            Err(error) => error,
        }
    }

    #[test]
    fn the_database_stands_as_long_as_the_export() {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("-my $(touch owned); \"report\".nsys-rep");
        fs::write(&report, "content").unwrap();
        let tool =
            tool(folder.path(), "[ \"$1 $2 $3\" = 'export --type sqlite' ] && cp \"$8\" \"$7\"");
        let export = export(tool.as_os_str(), &report, LIMIT, &mut || false).unwrap().unwrap();
        let path = export.path();
        assert_eq!(fs::read_to_string(&path).unwrap(), "content");
        drop(export);
        assert!(!path.exists() && !path.parent().unwrap().exists());
        assert!(!folder.path().join("owned").exists());
    }

    #[test]
    fn failures_are_said() {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("a.nsys-rep");
        fs::write(&report, "content").unwrap();
        let failing =
            tool(folder.path(), "echo 'first line'; printf 'no\\033[31m such report' >&2; exit 3");
        let error = cause(export(failing.as_os_str(), &report, LIMIT, &mut || false)).to_string();
        assert!(error.contains("3") && error.contains("first line no [31m such report"), "{error}");
        let silent = tool(folder.path(), "exit 0");
        let error = cause(export(silent.as_os_str(), &report, LIMIT, &mut || false)).to_string();
        assert!(error.contains("it says nothing"), "{error}");
        let none = folder.path().join("nowhere/nsys");
        assert!(export(none.as_os_str(), &report, LIMIT, &mut || false).unwrap().is_none());
    }

    #[test]
    fn it_ends_when_cancelled_and_at_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("a.nsys-rep");
        fs::write(&report, "content").unwrap();
        let tool = tool(folder.path(), "exec sleep 600");
        let looks = Cell::new(0);
        let mut at_the_fourth = || {
            looks.set(looks.get() + 1);
            looks.get() > 3
        };
        assert!(cause(export(tool.as_os_str(), &report, LIMIT, &mut at_the_fourth)).cancelled);
        let limit = Duration::from_millis(50);
        let error = cause(export(tool.as_os_str(), &report, limit, &mut || false)).to_string();
        assert!(error.contains("was not done after"), "{error}");
    }
}
