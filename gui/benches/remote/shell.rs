//! A server: a real sshd, or where there is none a shell behind a socket, which takes a command's place at the other end of a link as well.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    os::{fd::OwnedFd, unix::fs::PermissionsExt},
    path::{Path, PathBuf},
    process::{self, Command},
    thread,
};

use tempfile::TempDir;
use weftscope_testkit::sshd::Sshd;

/// What this program is called with to be the near end of such a shell.
const NEAR: &str = "--near-end-of";

/// A server.
pub(super) enum Server {
    Sshd(Sshd),
    Shell(Shell),
}

/// Runs the command that a connection begins with.
pub(super) struct Shell {
    folder: TempDir,
    address: SocketAddr,
}

impl Server {
    pub(super) fn start() -> Self {
        match Sshd::start() {
            Ok(sshd) => Self::Sshd(sshd),
            Err(reason) => {
                println!("no sshd ({reason}): a shell behind the same link stands for it\n");
                Self::Shell(Shell::start())
            }
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        match self {
            Self::Sshd(sshd) => sshd.address(),
            Self::Shell(shell) => shell.address,
        }
    }

    /// The path of an ssh to which `testbox` is what listens on `port`.
    pub(super) fn ssh(&self, port: u16) -> PathBuf {
        match self {
            Self::Sshd(sshd) => sshd.ssh(port),
            Self::Shell(shell) => shell.near_end(port),
        }
    }
}

impl Shell {
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a socket");
        let address = listener.local_addr().expect("a socket");
        let serve = move || {
            for stream in listener.incoming().flatten() {
                beside(move || run(&stream).expect("a shell"));
            }
        };
        beside(serve);
        Self { folder, address }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Of its own, where what it runs may write.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The path of an ssh to which any host is what listens on `port`.
    pub(super) fn near_end(&self, port: u16) -> PathBuf {
        let path = self.folder.path().join(format!("near-{port}"));
        let program = env::current_exe().expect("this program");
        let text = format!("#!/bin/sh\nexec '{}' {NEAR} {port} \"$@\"\n", program.display());
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("a file of ours");
        path
    }
}

fn beside(work: impl FnOnce() + Send + 'static) {
    thread::Builder::new().name("shell".to_owned()).spawn(work).expect("a thread");
}

fn run(stream: &TcpStream) -> io::Result<()> {
    // Byte by byte: what follows is the command's.
    let mut command = Vec::new();
    let mut byte = [0];
    while (&*stream).read(&mut byte)? == 1 && byte != *b"\n" {
        command.extend(byte);
    }
    let end = || Ok::<_, io::Error>(OwnedFd::from(stream.try_clone()?));
    let command = String::from_utf8_lossy(&command).into_owned();
    let mut child =
        Command::new("sh").args(["-c", &command]).stdin(end()?).stdout(end()?).spawn()?;
    child.wait()?;
    // One that has ended is as good.
    drop(stream.shutdown(Shutdown::Both));
    Ok(())
}

/// Where this program was called to be the near end of a shell: is that, and ends.
pub(super) fn be_near_end() {
    let arguments: Vec<String> = env::args().collect();
    let Some(at) = arguments.iter().position(|argument| argument == NEAR) else { return };
    let port: u16 = arguments[at + 1].parse().expect("a port");
    let command = arguments.last().expect("a command");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the far end");
    stream.set_nodelay(true).expect("a socket");
    writeln!(stream, "{command}").expect("the far end");
    let up = stream.try_clone().expect("a socket");
    beside(move || {
        pass_on(io::stdin().lock(), &up);
        drop(up.shutdown(Shutdown::Write));
    });
    pass_on(BufReader::new(stream), io::stdout().lock());
    process::exit(0);
}

/// As soon as it comes.
fn pass_on(mut from: impl BufRead, mut to: impl Write) {
    while let Ok(bytes @ [_, ..]) = from.fill_buf() {
        let many = bytes.len();
        if to.write_all(bytes).and_then(|()| to.flush()).is_err() {
            return;
        }
        from.consume(many);
    }
}
