//! A stream of bytes to another computer, or to another program of this one: TCP or a UNIX socket.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    os::unix::net::UnixStream,
    time::Duration,
};

/// Nothing read, or nothing that could be written, for so long is an end: both ends of a connection ping every two seconds.
pub(super) const SILENCE: Duration = Duration::from_secs(30);

/// Either sort; clones are the same stream.
#[derive(Debug)]
pub(super) enum Socket {
    /// Over a network, or a computer's own.
    Tcp(TcpStream),
    /// By a path.
    Unix(UnixStream),
}

/// Applies a method that both sorts have.
macro_rules! either {
    ($socket:expr, $stream:ident => $call:expr) => {
        match $socket {
            Socket::Tcp($stream) => $call,
            Socket::Unix($stream) => $call,
        }
    };
}

impl Socket {
    /// The same stream once more.
    ///
    /// # Errors
    /// Where the system has no descriptor left.
    pub(super) fn try_clone(&self) -> io::Result<Self> {
        Ok(match self {
            Self::Tcp(stream) => Self::Tcp(stream.try_clone()?),
            Self::Unix(stream) => Self::Unix(stream.try_clone()?),
        })
    }

    /// How long one read, and one write, may wait; not 0.
    ///
    /// # Errors
    /// Those of the system.
    pub(super) fn set_timeouts(&self, wait: Duration) -> io::Result<()> {
        self.set_read_timeout(wait)?;
        self.set_write_timeout(wait)
    }

    pub(super) fn set_read_timeout(&self, wait: Duration) -> io::Result<()> {
        either!(self, stream => stream.set_read_timeout(Some(wait)))
    }

    pub(super) fn set_write_timeout(&self, wait: Duration) -> io::Result<()> {
        either!(self, stream => stream.set_write_timeout(Some(wait)))
    }

    /// Small frames go at once.
    pub(super) fn hurry(&self) {
        if let Self::Tcp(stream) = self {
            // Without it frames come some 40 ms later, and no less.
            let _slower = stream.set_nodelay(true);
        }
    }

    /// Ends it for all clones, and for whoever waits in one of them.
    pub(super) fn end(&self, how: Shutdown) {
        // One that has ended is as good.
        let _ended = either!(self, stream => stream.shutdown(how));
    }
}

impl Read for &Socket {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        either!(self, stream => { let mut stream = stream; stream.read(bytes) })
    }
}

impl Write for &Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        either!(self, stream => { let mut stream = stream; stream.write(bytes) })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is read of a stream.
pub(super) struct ReadHalf(pub(super) Socket);

impl Read for ReadHalf {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        (&self.0).read(bytes)
    }
}

/// What is written to a stream; dropped, the other end reads an end.
pub(super) struct WriteHalf(pub(super) Socket);

impl Write for WriteHalf {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for WriteHalf {
    fn drop(&mut self) {
        self.0.end(Shutdown::Write);
    }
}
