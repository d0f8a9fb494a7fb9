//! What goes to standard output, for programs and for people.

use std::io::{self, IsTerminal, Write};

use weftscope_traces::tables::TableFormat;

use super::{Failure, Outcome, plain};

/// Writes a file's bytes; a reader that has gone is no fault.
pub(super) fn bytes(write: impl FnOnce(&mut dyn Write) -> Outcome) -> Outcome {
    noticing(io::stdout().lock(), write)
}

/// Writes text for people: names out of files do not steer a terminal.
pub(super) fn text(write: impl FnOnce(&mut dyn Write) -> Outcome) -> Outcome {
    noticing(io::BufWriter::new(plain::stdout()), write)
}

/// Writes rows of a table: bytes, but text where they go to a terminal.
pub(super) fn table(format: TableFormat, write: impl FnOnce(&mut dyn Write) -> Outcome) -> Outcome {
    match io::stdout().is_terminal() && format != TableFormat::Parquet {
        true => text(write),
        false => bytes(write),
    }
}

/// What could not be written.
pub(super) fn failed(cause: impl std::fmt::Display) -> Failure {
    Failure::failed(cause, "standard output")
}

fn noticing(out: impl Write, write: impl FnOnce(&mut dyn Write) -> Outcome) -> Outcome {
    let mut out = Noticing { out, is_closed: false };
    let written = write(&mut out);
    let flushed = out.flush();
    match written {
        _ if out.is_closed => Err(Failure::OutputClosed),
        Ok(()) => Ok(flushed?),
        Err(failure) => Err(failure),
    }
}

/// Remembers that the reader has gone, whatever becomes of the error on its way.
struct Noticing<W> {
    out: W,
    is_closed: bool,
}

impl<W: Write> Noticing<W> {
    fn noticed<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        let is_closed = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
        self.is_closed |= result.as_ref().is_err_and(is_closed);
        result
    }
}

impl<W: Write> Write for Noticing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes);
        self.noticed(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.out.flush();
        self.noticed(flushed)
    }
}
