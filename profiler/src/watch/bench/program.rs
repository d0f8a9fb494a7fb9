//! Runs a program, watched or not, and keeps what it printed.

use std::{
    ffi::OsString,
    io::{self, PipeReader, Read},
    process::{Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use thiserror::Error;

use super::super::{Job, JobError, Order, Place, Process, Setup, Trigger, Turn};

/// Why nothing was measured.
#[derive(Debug, Error)]
pub enum BenchError {
    /// The program is not watched.
    #[error(transparent)]
    Job(#[from] JobError),
    /// It does not start, or its output cannot be read.
    #[error("{program}: {cause}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        cause: io::Error,
    },
    /// It failed.
    #[error("{program} ended with {status}; it said last: {last}")]
    Failed {
        /// The program.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// Its last line.
        last: String,
    },
    /// It did not print what it is to print.
    #[error("no line of {wanted}; it said last: {last}")]
    Silent {
        /// How the line begins.
        wanted: &'static str,
        /// Its last line.
        last: String,
    },
}

/// A program that has run.
pub(super) struct Ran {
    pub(super) text: String,
    pub(super) took: Duration,
    pub(super) processes: Vec<Process>,
}

impl Ran {
    /// Lines that begin with a word and go on with as many numbers.
    pub(super) fn lines<const N: usize>(&self, word: &str) -> impl Iterator<Item = [f64; N]> {
        self.text.lines().filter_map(move |line| {
            let mut words = line.split_whitespace();
            words.next().filter(|first| *first == word)?;
            let numbers: Vec<f64> = words.map_while(|word| word.parse().ok()).collect();
            numbers.try_into().ok()
        })
    }

    pub(super) fn silent(&self, wanted: &'static str) -> BenchError {
        BenchError::Silent { wanted, last: last(&self.text) }
    }
}

fn last(text: &str) -> String {
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("nothing").to_owned()
}

fn name(command: &[OsString]) -> String {
    command.first().map_or_else(String::new, |program| program.display().to_string())
}

/// Both outputs of a program as one, read to the end beside it.
struct Output {
    writer: io::PipeWriter,
    reader: thread::JoinHandle<String>,
}

impl Output {
    fn open() -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        let read = |mut reader: PipeReader| {
            let mut bytes = Vec::new();
            // What was read until then is all there is.
            let _broken = reader.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let thread = thread::Builder::new().name("output".to_owned());
        Ok(Self { writer, reader: thread.spawn(move || read(reader))? })
    }

    fn give(&self, command: &mut Command) -> io::Result<()> {
        let (out, err) = (self.writer.try_clone()?, self.writer.try_clone()?);
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        Ok(())
    }

    /// After the program has ended.
    fn text(self) -> String {
        drop(self.writer);
        self.reader.join().unwrap_or_default()
    }
}

/// As it is.
pub(super) fn plain(command: &[OsString]) -> Result<Ran, BenchError> {
    let failed = |cause| BenchError::Start { program: name(command), cause };
    let output = Output::open().map_err(failed)?;
    let began = Instant::now();
    let mut program = Command::new(command.first().map_or_else(Default::default, Clone::clone));
    program.args(&command[1..]);
    output.give(&mut program).map_err(failed)?;
    let status = program.status().map_err(failed)?;
    // It holds the other end of the pipe.
    drop(program);
    ran(command, (status, began.elapsed()), output.text(), Vec::new())
}

/// Under watch.
pub(super) fn watched(
    setup: &Setup,
    command: &[OsString],
    patch: &str,
    trigger: Trigger,
) -> Result<Ran, BenchError> {
    let failed = |cause| BenchError::Start { program: name(command), cause };
    let output = Output::open().map_err(failed)?;
    let (patch, place) = (patch.to_owned(), Place::default());
    let order = Order { command: command.to_vec(), patch, trigger, place };
    let began = Instant::now();
    let mut given = Ok(());
    let mut job = Job::start_with(setup, &order, |program| given = output.give(program))?;
    given.map_err(failed)?;
    job.listen(&mut |_| Turn::GoOn)?;
    let status = job.wait()?.expect("a program was started");
    let took = began.elapsed();
    ran(command, (status, took), output.text(), job.take_processes())
}

fn ran(
    command: &[OsString],
    (status, took): (ExitStatus, Duration),
    text: String,
    processes: Vec<Process>,
) -> Result<Ran, BenchError> {
    if !status.success() {
        return Err(BenchError::Failed { program: name(command), status, last: last(&text) });
    }
    Ok(Ran { text, took, processes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Vec<OsString> {
        ["sh", "-c", script].map(OsString::from).to_vec()
    }

    #[test]
    fn what_a_program_prints_is_kept() {
        let ran = plain(&sh("echo weft-gemm 8192 3.5; echo other 1 2 >&2")).unwrap();
        assert_eq!(ran.lines("weft-gemm").collect::<Vec<[f64; 2]>>(), [[8192.0, 3.5]]);
        assert_eq!(ran.lines("other").collect::<Vec<[f64; 2]>>(), [[1.0, 2.0]]);
        assert_eq!(ran.lines::<3>("weft-gemm").count(), 0);
    }

    #[test]
    fn a_program_that_fails_is_quoted() {
        let error = plain(&sh("echo no GPU; exit 3")).err().unwrap().to_string();
        assert_eq!(error, "sh ended with exit status: 3; it said last: no GPU");
        assert!(plain(&["./none".into()]).err().unwrap().to_string().starts_with("./none: "));
    }
}
