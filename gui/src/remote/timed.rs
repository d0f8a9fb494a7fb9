//! A socket whose other end has not proven itself: all that is said until then takes so long at most, and so many bytes.

use std::{
    io::{self, Read, Write},
    time::{Duration, Instant},
};

use super::socket::Socket;

/// A view of a socket that ends.
pub(super) struct Timed<'a> {
    socket: &'a Socket,
    until: Instant,
    /// Bytes that may still be read.
    left: usize,
    /// Read ahead, to see what is spoken.
    ahead: Option<u8>,
}

impl<'a> Timed<'a> {
    /// One for so long, and so many bytes.
    pub(super) fn new(socket: &'a Socket, for_at_most: Duration, bytes: usize) -> Self {
        Self { socket, until: Instant::now() + for_at_most, left: bytes, ahead: None }
    }

    /// The next byte, which stays to be read.
    ///
    /// # Errors
    /// As reading; an end is [`io::ErrorKind::UnexpectedEof`].
    pub(super) fn peek(&mut self) -> io::Result<u8> {
        if let Some(byte) = self.ahead {
            return Ok(byte);
        }
        let mut byte = [0];
        self.read_exact(&mut byte)?;
        self.ahead = Some(byte[0]);
        Ok(byte[0])
    }

    /// What is left of the time.
    fn left(&self) -> io::Result<Duration> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

impl Read for Timed<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        if let Some(byte) = self.ahead.take() {
            bytes[0] = byte;
            return Ok(1);
        }
        let most = bytes.len().min(self.left);
        if most == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.socket.set_read_timeout(self.left()?)?;
        let read = (&*self.socket).read(&mut bytes[..most]).map_err(named)?;
        self.left -= read;
        Ok(read)
    }
}

impl Write for Timed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(self.left()?)?;
        (&*self.socket).write(bytes).map_err(named)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sockets say of a time that is over that they would wait.
fn named(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::WouldBlock { io::ErrorKind::TimedOut.into() } else { error }
}
