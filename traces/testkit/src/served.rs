//! A running `weftscope serve`: its link, its log, and what it takes of the computer.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How long it may take to listen, or to say something.
const PATIENCE: Duration = Duration::from_secs(60);

/// One, which ends when this is dropped.
pub struct Served {
    child: Child,
    folder: tempfile::TempDir,
    link: String,
}

impl Served {
    /// Starts `program serve` with these arguments and a token of its own, without GPUs.
    ///
    /// # Panics
    /// Where it does not print a link.
    pub fn start(program: &str, arguments: &[&str]) -> Self {
        Self::with_gpus(program, &[&["--no-gpus"], arguments].concat())
    }

    /// The same with whatever GPUs there are.
    ///
    /// # Panics
    /// Where it does not print a link.
    pub fn with_gpus(program: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let log = fs::File::create(folder.path().join("log")).expect("a file of ours");
        let mut child = Command::new(program)
            .args(["serve", "--token-file"])
            .arg(folder.path().join("token"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the program");
        let stdout = child.stdout.take().expect("its output");
        let mut link = String::new();
        let _read = BufReader::new(stdout).read_line(&mut link);
        let served = Self { child, folder, link: link.trim().to_owned() };
        assert!(!served.link.is_empty(), "it prints no link: {}", served.log());
        served
    }

    /// The link that it printed.
    pub fn link(&self) -> &str {
        &self.link
    }

    /// The secret of it.
    ///
    /// # Panics
    /// Where it has none.
    pub fn token(&self) -> &str {
        self.link.rsplit_once("token=").expect("a link with its token").1
    }

    /// Where it listens.
    ///
    /// # Panics
    /// Where it listens on no port of the loopback.
    pub fn address(&self) -> SocketAddr {
        let place = self.link.strip_prefix("weft://").expect("a port");
        place.split('#').next().and_then(|place| place.parse().ok()).expect("an address")
    }

    /// The link with another port in it.
    ///
    /// # Panics
    /// Where it listens on no port of the loopback.
    pub fn link_by(&self, port: u16) -> String {
        self.link.replace(&format!(":{}", self.address().port()), &format!(":{port}"))
    }

    /// What it wrote on standard error.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// A path for a file of the test's.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The most memory that it has had, KiB.
    pub fn peak_kib(&self) -> u64 {
        self.of_status("VmHWM:")
    }

    /// Its threads now.
    pub fn threads(&self) -> u64 {
        self.of_status("Threads:")
    }

    /// Waits until something is so.
    ///
    /// # Panics
    /// When it never is.
    pub fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let since = Instant::now();
        while !is_so(self) {
            assert!(since.elapsed() < PATIENCE, "not {what}: {}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn of_status(&self, key: &str) -> u64 {
        let path = Path::new("/proc").join(self.child.id().to_string()).join("status");
        let status = fs::read_to_string(path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.expect("it runs")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
