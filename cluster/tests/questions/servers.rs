//! A scheduler and executors as processes of their own, on ports that are free.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use weftscope_cluster::{Ballista, Options};

/// What starts within this is up, also where others compile.
const PATIENCE: Duration = Duration::from_secs(120);

/// A scheduler and its executors; all are killed in the end.
pub(crate) struct Servers {
    port: u16,
    scheduler: Child,
    executors: Vec<Child>,
    scratch: TempDir,
}

impl Servers {
    pub(crate) fn start(executors: usize) -> Self {
        let port = free_ports::<1>()[0];
        let scratch = tempfile::tempdir().expect("a temporary folder");
        let mut all = Self { port, scheduler: scheduler(port), executors: Vec::new(), scratch };
        for at in 0..executors {
            let [rows, tasks] = free_ports();
            fs::create_dir_all(all.scratch_of(at)).expect("room");
            let mut command = program();
            command
                .args(["executor", "--threads", "1", "--memory", "1024", "--scheduler"])
                .arg(format!("127.0.0.1:{port}"))
                .args(["--port", &rows.to_string(), "--task-port", &tasks.to_string()])
                .arg("--scratch")
                .arg(all.scratch_of(at));
            all.executors.push(command.spawn().expect("an executor"));
            wait_for(rows);
        }
        all
    }

    /// How a digest is opened that they answer, a query within so many seconds.
    pub(crate) fn options(&self, limit_s: u64) -> Options {
        let ballista = Ballista {
            scheduler: format!("df://127.0.0.1:{}", self.port),
            shared: None,
            limit: Duration::from_secs(limit_s),
        };
        Options { ballista: Some(ballista), ..Options::default() }
    }

    /// Files that an executor has written for others.
    pub(crate) fn files_of(&self, executor: usize) -> usize {
        files(&self.scratch_of(executor))
    }

    /// Kills one at once, as a server's failing would.
    pub(crate) fn kill_executor(&mut self, executor: usize) {
        kill(&mut self.executors[executor]);
    }

    pub(crate) fn kill_scheduler(&mut self) {
        kill(&mut self.scheduler);
    }

    /// Another one in the place of one that was killed.
    pub(crate) fn start_scheduler_again(&mut self) {
        self.scheduler = scheduler(self.port);
    }

    fn scratch_of(&self, executor: usize) -> PathBuf {
        self.scratch.path().join(executor.to_string())
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.executors.iter_mut().for_each(kill);
        kill(&mut self.scheduler);
    }
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weftscope-ballista"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn scheduler(port: u16) -> Child {
    let mut command = program();
    let started = command.args(["scheduler", "--port", &port.to_string()]).spawn();
    let started = started.expect("a scheduler");
    wait_for(port);
    started
}

/// Ports that nobody listens on now.
fn free_ports<const N: usize>() -> [u16; N] {
    let taken = [(); N].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port"));
    taken.map(|listener| listener.local_addr().expect("an address").port())
}

fn wait_for(port: u16) {
    until(|| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
}

/// Waits until something holds.
pub(crate) fn until(holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "it does not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Files in a folder and below it.
pub(crate) fn files(folder: &Path) -> usize {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let paths = entries.flatten().map(|entry| entry.path());
    paths.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

fn kill(child: &mut Child) {
    // It may have ended by itself.
    let _ended = child.kill();
    child.wait().expect("it ends");
}
