//! A program that was started to be watched: its processes are found by their sockets and listened to.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fs::{self, OpenOptions},
    io,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use crossbeam::channel::{Receiver, Sender, bounded};
use thiserror::Error;
use weftscope_wire::{Command as Ask, Reply, Trigger, VERSION, folder, frame, variables};

use super::{
    Process, Setup, SetupError,
    folders::{FolderError, JobFolder, job_folder},
};

/// Messages that wait to be taken in at most; the processes wait then.
const WAITING: usize = 256;
/// Between two looks for new processes.
const LOOK: Duration = Duration::from_millis(20);
/// So long after all that recorded have stopped none of the others is expected to begin.
const AFTERMATH: Duration = Duration::from_secs(2);
/// How long a process may take to answer once its socket is there.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why a program is not watched.
#[derive(Debug, Error)]
pub enum JobError {
    /// What watching needs is missing.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The folder of the job cannot be made.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The program does not start.
    #[error("{program} does not start: {cause}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        cause: io::Error,
    },
    /// The system has no thread or does not say how the program is.
    #[error("the system refuses: {0}")]
    System(io::Error),
}

/// What to start, and how it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// Which modules are patched: `worth`, `all`, or a part of a kernel's name.
    pub patch: String,
    /// When recording begins by itself.
    pub trigger: Trigger,
    /// Where it is started.
    pub place: Place,
}

/// Where a program is started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// In this folder; `None`: in this program's.
    pub folder: Option<PathBuf>,
    /// What it says goes to the end of this file, which is there, and it hears nothing; `None`: both are this program's.
    pub output: Option<PathBuf>,
    /// What its environment has besides this program's.
    pub variables: Vec<(String, String)>,
}

impl Place {
    fn prepare(&self, command: &mut Command) -> io::Result<()> {
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        if let Some(output) = &self.output {
            let output = OpenOptions::new().append(true).open(output)?;
            command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        }
        Ok(())
    }
}

/// A watched program.
#[derive(Debug)]
pub struct Job {
    /// What was started; `None`: processes that were there before.
    started: Option<(Child, JobFolder)>,
    known: BTreeSet<u32>,
    heard: (Sender<Heard>, Receiver<Heard>),
    processes: BTreeMap<u32, Process>,
    status: Option<ExitStatus>,
    listening: usize,
    /// Where each process is told to stop.
    streams: BTreeMap<u32, UnixStream>,
    is_stopping: bool,
    last_heard: Instant,
    /// Blocks and kernels that are kept of a process; `None`: all.
    most_kept: Option<usize>,
    /// The same as `processes` once more, for whoever takes off what has ended; `None`: it is not kept twice.
    open: Option<BTreeMap<u32, Process>>,
}

/// What listening is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Go on.
    GoOn,
    /// Have launches leave stamps, or none, while all else goes on.
    Stamp(bool),
    /// Have the processes stop recording, and hear what is under way; the program goes on.
    Stop,
    /// Listen no more.
    Leave,
}

#[derive(Debug)]
enum Heard {
    Connected(u32, UnixStream),
    Said(u32, Reply),
    Gone,
}

impl Job {
    /// Starts a program; it records when the order says.
    ///
    /// # Errors
    /// [`JobError`].
    pub fn start(setup: &Setup, order: &Order) -> Result<Self, JobError> {
        Self::start_with(setup, order, |_| {})
    }

    /// The same; `prepare` has the last word on how the program is started.
    pub(super) fn start_with(
        setup: &Setup,
        order: &Order,
        prepare: impl FnOnce(&mut Command),
    ) -> Result<Self, JobError> {
        let folder = job_folder()?;
        let variables = setup.variables(&folder.0, &folder.0)?;
        let (program, arguments) = order.command.split_first().ok_or_else(|| JobError::Start {
            program: "nothing".to_owned(),
            cause: io::ErrorKind::InvalidInput.into(),
        })?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .envs(variables)
            .env(variables::RECORD, order.trigger.to_string())
            .env(variables::PATCH, &order.patch);
        prepare(&mut command);
        let child = order.place.prepare(&mut command).and_then(|()| command.spawn());
        let child = child
            .map_err(|cause| JobError::Start { program: program.display().to_string(), cause })?;
        Ok(Self { started: Some((child, folder)), ..Self::of_none() })
    }

    /// Records processes that are there, from now on.
    ///
    /// # Errors
    /// [`JobError::System`].
    pub fn attach(sockets: &[PathBuf]) -> Result<Self, JobError> {
        let mut job = Self::of_none();
        for socket in sockets {
            let Some(pid) = folder::pid_of(socket).filter(|&pid| job.known.insert(pid)) else {
                continue;
            };
            job.hear(socket.clone(), pid, Ask::Record)?;
        }
        Ok(job)
    }

    fn of_none() -> Self {
        Self {
            started: None,
            known: BTreeSet::new(),
            heard: bounded(WAITING),
            processes: BTreeMap::new(),
            status: None,
            listening: 0,
            streams: BTreeMap::new(),
            is_stopping: false,
            last_heard: Instant::now(),
            most_kept: None,
            open: None,
        }
    }

    /// Listens until the program has ended or recording was stopped, and everything was heard. `turn` is asked several
    /// times a second.
    ///
    /// # Errors
    /// [`JobError::System`].
    pub fn listen(&mut self, turn: &mut dyn FnMut(&mut Self) -> Turn) -> Result<(), JobError> {
        loop {
            match turn(self) {
                Turn::GoOn => {}
                Turn::Stamp(is_on) => self.stamp(is_on),
                Turn::Stop => self.stop(),
                Turn::Leave => return Ok(()),
            }
            let until = Instant::now() + LOOK;
            while let Ok(heard) = self.heard.1.recv_deadline(until) {
                self.take(heard);
            }
            self.look()?;
            if let (None, Some((child, _))) = (self.status, &mut self.started) {
                self.status = child.try_wait().map_err(JobError::System)?;
            }
            let is_over = self.started.is_none() || self.status.is_some() || self.is_stopping;
            if is_over && self.listening == 0 && self.heard.1.is_empty() {
                return Ok(());
            }
            if self.have_stopped() && self.last_heard.elapsed() > AFTERMATH {
                return Ok(());
            }
        }
    }

    /// From now on no more than so many blocks and kernels of a process are kept, the last ones.
    pub fn keep_at_most(&mut self, blocks: usize) {
        self.most_kept = Some(blocks);
    }

    /// From now on what is heard is kept twice: [`open_processes`](Self::open_processes) may be cut, and all of it stays whole.
    pub fn keep_whole_too(&mut self) {
        self.open = Some(BTreeMap::new());
    }

    /// The processes, to take off what has ended.
    pub fn open_processes(&mut self) -> impl Iterator<Item = &mut Process> {
        self.open.as_mut().unwrap_or(&mut self.processes).values_mut()
    }

    /// What is left of them; nothing is left here.
    pub fn take_open_processes(&mut self) -> Vec<Process> {
        let open = self.open.as_mut().unwrap_or(&mut self.processes);
        std::mem::take(open).into_values().collect()
    }

    /// All processes that recorded have stopped by themselves.
    fn have_stopped(&self) -> bool {
        let mut recorded = self.processes.values().filter(|process| process.has_run()).peekable();
        recorded.peek().is_some() && recorded.all(|process| process.has_stopped)
    }

    /// Has every process that is there leave stamps, or none.
    fn stamp(&mut self, is_on: bool) {
        for stream in self.streams.values_mut() {
            // A process that is gone leaves none.
            let _gone = frame::write(stream, &Ask::Stamp(is_on));
        }
    }

    /// Tells every process to stop, once.
    fn stop(&mut self) {
        self.is_stopping = true;
        for (_, mut stream) in std::mem::take(&mut self.streams) {
            // A process that is gone has nothing to stop.
            let _gone = frame::write(&mut stream, &Ask::Stop);
        }
    }

    /// Waits until the program that was started has ended; `None`: none was.
    ///
    /// # Errors
    /// [`JobError::System`].
    pub fn wait(&mut self) -> Result<Option<ExitStatus>, JobError> {
        if let Some((child, _)) = &mut self.started {
            self.status = Some(child.wait().map_err(JobError::System)?);
        }
        Ok(self.status)
    }

    /// The folder of what was started, as others name the job.
    pub fn name(&self) -> Option<String> {
        let (_, folder) = self.started.as_ref()?;
        Some(folder.0.file_name()?.to_string_lossy().into_owned())
    }

    /// How the program ended; `None`: it has not.
    pub fn status(&self) -> Option<ExitStatus> {
        self.status
    }

    /// What was heard so far, by process.
    pub fn processes(&self) -> impl Iterator<Item = &Process> + Clone {
        self.processes.values()
    }

    /// What was heard, by process; nothing is left here.
    pub fn take_processes(&mut self) -> Vec<Process> {
        std::mem::take(&mut self.processes).into_values().collect()
    }

    /// Listens to processes that were not there before.
    fn look(&mut self) -> Result<(), JobError> {
        if self.is_stopping {
            return Ok(());
        }
        let Some((_, folder)) = &self.started else { return Ok(()) };
        let Ok(entries) = fs::read_dir(&folder.0) else { return Ok(()) };
        for path in entries.flatten().map(|entry| entry.path()) {
            let Some(pid) = folder::pid_of(&path).filter(|&pid| self.known.insert(pid)) else {
                continue;
            };
            self.hear(path, pid, Ask::Listen)?;
        }
        Ok(())
    }

    /// Has what a process says heard, on a thread of its own.
    fn hear(&mut self, path: PathBuf, pid: u32, ask: Ask) -> Result<(), JobError> {
        let heard = self.heard.0.clone();
        let listen = move || {
            listen(&path, pid, &ask, &heard);
            // Whoever takes messages in is gone when this fails, and then nobody misses it.
            let _nobody = heard.send(Heard::Gone);
        };
        let thread = thread::Builder::new().name(format!("process {pid}"));
        thread.spawn(listen).map_err(JobError::System)?;
        self.listening += 1;
        Ok(())
    }

    fn take(&mut self, heard: Heard) {
        self.last_heard = Instant::now();
        match heard {
            Heard::Said(pid, Reply::Hello(hello)) => {
                let mut process = Process::new(hello);
                if process.hello.version != VERSION {
                    let version = process.hello.version;
                    process
                        .notes
                        .push(format!("process {pid} speaks version {version}, not {VERSION}"));
                }
                if let Some(open) = &mut self.open {
                    open.insert(pid, process.clone());
                }
                self.processes.insert(pid, process);
            }
            Heard::Said(pid, Reply::Events(events)) => {
                if let Some(open) = self.open.as_mut().and_then(|open| open.get_mut(&pid)) {
                    events.iter().for_each(|event| open.take(event.clone()));
                }
                if let Some(process) = self.processes.get_mut(&pid) {
                    events.into_iter().for_each(|event| process.take(event));
                    if let Some(most) = self.most_kept {
                        process.keep_at_most(most);
                    }
                }
            }
            Heard::Said(pid, Reply::Stopped) => {
                let open = self.open.as_mut().and_then(|open| open.get_mut(&pid));
                for process in self.processes.get_mut(&pid).into_iter().chain(open) {
                    process.has_stopped = true;
                }
            }
            Heard::Connected(pid, mut stream) => {
                if self.is_stopping {
                    let _gone = frame::write(&mut stream, &Ask::Stop);
                } else {
                    self.streams.insert(pid, stream);
                }
            }
            Heard::Gone => self.listening -= 1,
        }
    }
}

/// Listens to a process, and hands on what it says until it is gone or has recorded.
fn listen(path: &Path, pid: u32, ask: &Ask, heard: &Sender<Heard>) {
    let Some(mut stream) = connect(path) else { return };
    if frame::write(&mut stream, ask).is_err() {
        return;
    }
    if let Ok(same) = stream.try_clone()
        && heard.send(Heard::Connected(pid, same)).is_err()
    {
        return;
    }
    while let Ok(reply) = frame::read::<Reply>(&mut stream) {
        let is_last = reply == Reply::Stopped;
        if heard.send(Heard::Said(pid, reply)).is_err() || is_last {
            break;
        }
    }
}

/// The socket is there a moment before it answers.
fn connect(path: &Path) -> Option<UnixStream> {
    let until = Instant::now() + PATIENCE;
    loop {
        match UnixStream::connect(path) {
            Ok(stream) => return Some(stream),
            Err(_) if Instant::now() < until => thread::sleep(Duration::from_millis(5)),
            Err(_) => return None,
        }
    }
}
