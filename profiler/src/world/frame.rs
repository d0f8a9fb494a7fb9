//! Letters on a TCP connection: eight bytes that say whose they are, four that say how long, JSON. Nothing is read that is longer than
//! the reader expects, no memory is made before that is known, and reading ends at a time that is stated.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde::{Serialize, de::DeserializeOwned};
use thiserror::Error;

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
    let mut bytes = OURS.to_vec();
    bytes.extend([0; 4]);
    serde_json::to_writer(&mut bytes, letter)?;
    let length = bytes.len() - 12;
    let stated = u32::try_from(length).map_err(|_| FrameError::TooLong(length))?;
    bytes[8..12].copy_from_slice(&stated.to_le_bytes());
    stream.write_all(&bytes).map_err(told)
}

/// Reads a letter of at most so many bytes; `None`: whenever it comes.
pub(super) fn read<T: DeserializeOwned>(
    stream: &TcpStream,
    most: usize,
    until: Option<Instant>,
) -> Result<T, FrameError> {
    let mut head = [0; 12];
    fill(stream, &mut head[..8], until)?;
    if head[..8] != OURS {
        return Err(FrameError::NotOurs);
    }
    fill(stream, &mut head[8..], until)?;
    let [.., a, b, c, d] = head;
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    if length > most {
        return Err(FrameError::TooLong(length));
    }
    let mut bytes = vec![0; length];
    fill(stream, &mut bytes, until)?;
    Ok(serde_json::from_slice(&bytes)?)
}

/// Fills a buffer, however slowly it comes, but not beyond a time.
fn fill(
    mut stream: &TcpStream,
    mut buffer: &mut [u8],
    until: Option<Instant>,
) -> Result<(), FrameError> {
    while !buffer.is_empty() {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(FrameError::Late);
        }
        // The system takes no time of 0 for a limit.
        let left = left.map(|left| left.max(Duration::from_millis(1)));
        stream.set_read_timeout(left).map_err(FrameError::Io)?;
        match stream.read(buffer) {
            Ok(0) => return Err(FrameError::Closed),
            Ok(count) => buffer = &mut buffer[count..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(told(error)),
        }
    }
    Ok(())
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
