//! Runs the real binary in a folder of its own.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

/// A folder that is gone when the test is over.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Runs `weftscope` with these arguments in the folder, without a display.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        command(args).current_dir(self.folder.path()).output().unwrap()
    }

    /// Runs and expects success; gives standard output.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs and expects this exit code, nothing on standard output, and one line on stderr; gives the line.
    pub(crate) fn fails(&self, args: &[&str], code: i32) -> String {
        let output = self.run(args);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {stderr}");
        assert!(output.stdout.is_empty(), "{args:?} prints although it failed");
        assert_eq!(stderr.lines().count(), 1, "{args:?}: {stderr}");
        let line = stderr.trim_end().strip_prefix("weftscope: ");
        line.unwrap_or_else(|| panic!("{args:?}: {stderr}")).to_owned()
    }
}

pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weftscope"));
    command.args(args).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    // No test leaves anything in the user's cache.
    command.env("WEFTSCOPE_CACHE_DIR", "");
    command
}

/// A small run: quick enough for a test, all SM rows there.
pub(crate) const SMALL: [&str; 6] = ["--tokens", "1024", "--layers", "1", "--tp", "2"];

/// The bits of `report --json` of one file.
pub(crate) fn report(place: &Place, files: &[&str]) -> serde_json::Value {
    let args: Vec<&str> = ["report", "--json"].into_iter().chain(files.iter().copied()).collect();
    serde_json::from_str(&place.ok(&args)).unwrap()
}
