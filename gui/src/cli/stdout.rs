//! Files written to standard output.

use std::io::{self, Write};

use super::{Failure, Outcome};

/// Writes a file's bytes to standard output; a reader that has gone is no fault.
pub(super) fn bytes(write: impl FnOnce(&mut dyn Write) -> Result<(), String>) -> Outcome {
    let mut out = Noticing { out: io::stdout().lock(), is_closed: false };
    let written = write(&mut out);
    let flushed = out.flush();
    match written {
        _ if out.is_closed => Err(Failure::OutputClosed),
        Ok(()) => Ok(flushed?),
        Err(cause) => Err(Failure::failed(cause, "standard output")),
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
