//! Letters on a TCP connection: eight bytes that say whose they are, four that say how long, JSON. Nothing is read that is longer than
//! the reader expects, no memory is made before that is known, and reading ends at a time that is stated.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde::{Serialize, de::DeserializeOwned};
use thiserror::Error;
use weftscope_wire::sized;

/// Before every letter; the digit is the version of what is said.
const OURS: [u8; 8] = *b"WEFTRNK1";

/// Why a letter was not read.
#[derive(Debug, Error)]
pub(super) enum FrameError {
    #[error("the connection was closed")]
    Closed,
    #[error("nothing was said in time")]
    Late,
    #[error("what is said there is not of this program")]
    NotOurs,
    #[error("a letter of {0} bytes is too long")]
    TooLong(usize),
    #[error("a letter cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("{0}")]
    Io(io::Error),
}

/// Writes a letter in one piece.
pub(super) fn write(mut stream: &TcpStream, letter: &impl Serialize) -> Result<(), FrameError> {
    let mut bytes = [&OURS[..], &sized::ROOM].concat();
    serde_json::to_writer(&mut bytes, letter)?;
    sized::state_length(&mut bytes, OURS.len(), usize::MAX).map_err(FrameError::TooLong)?;
    stream.write_all(&bytes).map_err(told)
}

/// Reads a letter of at most so many bytes; `None`: whenever it comes.
pub(super) fn read<T: DeserializeOwned>(
    stream: &TcpStream,
    most: usize,
    until: Option<Instant>,
) -> Result<T, FrameError> {
    let mut from = Until { stream, until };
    let mut whose = [0; OURS.len()];
    from.read_exact(&mut whose).map_err(told)?;
    if whose != OURS {
        return Err(FrameError::NotOurs);
    }
    let length = sized::length(&mut from).map_err(told)?.ok_or(FrameError::Closed)?;
    if length > most {
        return Err(FrameError::TooLong(length));
    }
    let bytes = sized::bytes(&mut from, length).map_err(told)?;
    Ok(serde_json::from_slice(&bytes)?)
}

/// What comes until a time, however slowly.
struct Until<'a> {
    stream: &'a TcpStream,
    until: Option<Instant>,
}

impl Read for Until<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.until.map(|until| until.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        // The system takes no time of 0 for a limit.
        let left = left.map(|left| left.max(Duration::from_millis(1)));
        self.stream.set_read_timeout(left)?;
        let mut stream = self.stream;
        stream.read(buffer)
    }
}

fn told(error: io::Error) -> FrameError {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => FrameError::Late,
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => FrameError::Closed,
        _ => FrameError::Io(error),
    }
}
