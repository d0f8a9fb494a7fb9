use std::{fmt, io, process::ExitCode};

use crate::files::FileError;

/// Why a command did not do its work.
#[derive(Debug)]
pub enum Failure {
    /// The command line asks for something that does not exist: exit 2.
    Misuse(String),
    /// The work failed: exit 1.
    Failed(String),
    /// The reader of the output has gone (`| head`): no fault, exit 0, nothing said.
    OutputClosed,
}

/// Result of a command.
pub type Outcome = Result<(), Failure>;

impl Failure {
    /// Misuse: what is wrong, and the argument it stands in.
    pub fn misuse(cause: impl fmt::Display, argument: &str) -> Self {
        Self::Misuse(format!("{cause}: {argument}"))
    }

    /// A failure, and its place.
    pub fn failed(cause: impl fmt::Display, place: impl fmt::Display) -> Self {
        Self::Failed(format!("{cause}: {place}"))
    }

    /// Says the one line on stderr and gives the exit code.
    pub fn report(&self) -> ExitCode {
        let (line, code) = match self {
            Self::Misuse(line) => (line, 2),
            Self::Failed(line) => (line, 1),
            Self::OutputClosed => return ExitCode::SUCCESS,
        };
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        let line = super::plain::plain(&line);
        // With stderr closed nothing can be reported; the exit code still says it.
        let _unheard = io::Write::write_fmt(&mut io::stderr(), format_args!("weftscope: {line}\n"));
        ExitCode::from(code)
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Errors of writing to stdout; files go through [`FileError`].
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::failed(format!("cannot write: {error}"), "standard output"),
        }
    }
}
