//! The system's `ssh`, which finds, trusts and pays for the way; this program only speaks over it.

use std::{
    collections::VecDeque,
    env,
    ffi::OsString,
    io::{BufRead, BufReader},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use thiserror::Error;

use super::{
    greeting::{Greeting, GreetingError},
    link::{Link, Lost},
    target::SshTarget,
};
use crate::jobs::Wake;

/// How servers are reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ssh {
    /// The program to start, which takes the arguments of OpenSSH's.
    pub program: OsString,
    /// The command that is run there.
    pub remote: String,
}

impl Default for Ssh {
    /// `ssh` and `weftscope`, or what `WEFTSCOPE_SSH` and `WEFTSCOPE_REMOTE` name in their place.
    fn default() -> Self {
        Self {
            program: env::var_os("WEFTSCOPE_SSH").unwrap_or_else(|| "ssh".into()),
            remote: env::var("WEFTSCOPE_REMOTE").unwrap_or_else(|_| "weftscope".to_owned()),
        }
    }
}

impl Ssh {
    /// Nobody has said where weftscope is there.
    fn is_default(&self) -> bool {
        self.remote == "weftscope"
    }
}

/// Where a copy of this program goes: a path from the home folder on, in which commands of ssh begin.
pub(super) const PLACE: &str = ".local/bin/weftscope";
/// Lines of what ssh says that are kept.
const KEPT_LINES: usize = 12;
/// How long an ending ssh may take to say why.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// How long one that is not wanted any more may take to end: the agent gives the GPUs back first.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why a server is not reached.
#[derive(Debug, Error)]
pub(super) enum ConnectError {
    /// There is no ssh.
    #[error("cannot start ssh: {0}")]
    NoSsh(std::io::Error),
    /// It failed, or what answers is not this program.
    #[error("{host}: {cause}")]
    Refused {
        /// Where.
        host: String,
        /// Why, with what ssh said.
        cause: String,
    },
    /// The server was reached and has no weftscope.
    #[error(
        "{host} has no `{program}`: install it there, or say where it is with WEFTSCOPE_REMOTE=/path/to/weftscope"
    )]
    NoProgram {
        /// Where.
        host: String,
        /// What was looked for.
        program: String,
    },
}

/// Reaches a server and greets the agent there. Waits as long as ssh does, which may ask its user for something.
///
/// # Errors
/// [`ConnectError`]
pub(super) fn connect(
    (ssh, target): (&Ssh, &SshTarget),
    ours: &Greeting,
    wake: Wake,
    lost: Lost,
) -> Result<(Link, Greeting), ConnectError> {
    match greet((ssh, target), ours) {
        // Where a copy of this program goes, no shell may look for it.
        Err(ConnectError::NoProgram { .. }) if ssh.is_default() => {
            let copy = Ssh { remote: PLACE.to_owned(), ..ssh.clone() };
            let no_copy = |error| match error {
                ConnectError::NoProgram { host, .. } => {
                    ConnectError::NoProgram { host, program: ssh.remote.clone() }
                }
                error => error,
            };
            greet((&copy, target), ours).map_err(no_copy)
        }
        reached => reached,
    }
    .and_then(|greeted| greeted.linked(target, wake, lost))
}

/// An agent that has greeted.
struct Greeted {
    halves: (ChildStdout, ChildStdin),
    child: Running,
    said: Said,
    greeting: Greeting,
}

fn greet((ssh, target): (&Ssh, &SshTarget), ours: &Greeting) -> Result<Greeted, ConnectError> {
    let mut child = Command::new(&ssh.program)
        .args(target.ssh_arguments(&[&ssh.remote, "agent", "--stdio"]))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(ConnectError::NoSsh)?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(mut stdin), Some(mut stdout), Some(stderr)) = (stdin, stdout, stderr) else {
        return Err(ConnectError::NoSsh(std::io::ErrorKind::BrokenPipe.into()));
    };
    let said = Said::heard(stderr, target.host().to_owned());
    let mut child = Running(child);
    let refused = |cause| ConnectError::Refused { host: target.host().to_owned(), cause };
    let greeting = ours
        .say(&mut stdin)
        .map_err(|error| GreetingError::Frame(error.into()))
        .and_then(|()| Greeting::hear(&mut stdout));
    let greeting = match greeting {
        Ok(greeting) => greeting,
        Err(error) => {
            let code = child.code(LAST_WORDS);
            // What a shell says of a command that it does not find.
            if code == Some(127) {
                let (host, program) = (target.host().to_owned(), ssh.remote.clone());
                return Err(ConnectError::NoProgram { host, program });
            }
            return Err(refused(said.with(&error.to_string())));
        }
    };
    Ok(Greeted { halves: (stdout, stdin), child, said, greeting })
}

impl Greeted {
    fn linked(
        self,
        target: &SshTarget,
        wake: Wake,
        lost: Lost,
    ) -> Result<(Link, Greeting), ConnectError> {
        let Self { halves, mut child, said, greeting } = self;
        let lost: Lost = Box::new(move |cause| lost(said.with(&cause)));
        let close = move || {
            // It ends by itself when it reads no more, which who closes does not wait for.
            let ending = thread::Builder::new().name("weftscope-ssh-end".to_owned());
            drop(ending.spawn(move || child.code(PATIENCE)));
        };
        let refused = |cause| ConnectError::Refused { host: target.host().to_owned(), cause };
        let link = Link::over(halves, wake, close, lost).map_err(refused)?;
        Ok((link, greeting))
    }
}

/// A running ssh, which ends when it is dropped: what it carries ends with it.
struct Running(Child);

impl Running {
    /// Its exit code, once it has one; waits so long for it.
    fn code(&mut self, patience: Duration) -> Option<i32> {
        let began = Instant::now();
        while began.elapsed() < patience {
            match self.0.try_wait() {
                Ok(Some(status)) => return status.code(),
                Ok(None) => thread::sleep(Duration::from_millis(20)),
                Err(_) => return None,
            }
        }
        None
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended already cannot be killed, and is only taken note of.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The last lines that ssh said on its standard error, which also go to this program's: host keys that have changed, refusals, banners, and what a program says that is watched there.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<VecDeque<String>>>);

impl Said {
    /// Of several servers each line says whose it is.
    fn heard(stderr: ChildStderr, host: String) -> Self {
        let said = Self::default();
        let kept = said.clone();
        let hearing = thread::Builder::new().name("weftscope-ssh".to_owned()).spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                eprintln!("{host}: {line}");
                let mut lines = kept.0.lock().unwrap_or_else(PoisonError::into_inner);
                if lines.len() == KEPT_LINES {
                    lines.pop_front();
                }
                lines.push_back(line);
            }
        });
        // Without a thread it is not known what ssh says.
        drop(hearing);
        said
    }

    /// A cause with what ssh said last.
    fn with(&self, cause: &str) -> String {
        // Its last words may be a moment behind its end.
        thread::sleep(Duration::from_millis(100));
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut words: Vec<&str> =
            lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
        if words.is_empty() {
            return cause.to_owned();
        }
        let last = words.split_off(words.len().saturating_sub(3));
        format!("{cause}; ssh says: {}", last.join(" / "))
    }
}
