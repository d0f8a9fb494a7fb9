//! A stream that ends when somebody says so, although whoever writes it does not.

use std::{
    io::{self, Read},
    thread,
    time::Duration,
};

use crossbeam::channel::{Receiver, RecvTimeoutError, bounded};

/// How often it is looked whether it is to end.
const LOOK: Duration = Duration::from_millis(100);
/// Pieces that are read ahead.
const AHEAD: usize = 4;
/// Bytes of a piece at most.
const PIECE: usize = 64 << 10;

/// The stream, and what says that it is over.
pub(super) struct Until<F> {
    pieces: Receiver<io::Result<Vec<u8>>>,
    piece: Vec<u8>,
    at: usize,
    is_over: F,
}

impl<F: Fn() -> bool> Until<F> {
    /// Reads `input` on a thread, which stays in a read that nothing ends.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn of(mut input: impl Read + Send + 'static, is_over: F) -> io::Result<Self> {
        let (read, pieces) = bounded(AHEAD);
        let reading = move || {
            loop {
                let mut piece = vec![0; PIECE];
                let piece = match input.read(&mut piece) {
                    Ok(0) => return,
                    Ok(many) => {
                        piece.truncate(many);
                        Ok(piece)
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => Err(error),
                };
                let is_last = piece.is_err();
                if read.send(piece).is_err() || is_last {
                    return;
                }
            }
        };
        thread::Builder::new().name("weftscope-input".to_owned()).spawn(reading)?;
        Ok(Self { pieces, piece: Vec::new(), at: 0, is_over })
    }
}

impl<F: Fn() -> bool> Read for Until<F> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        while self.at == self.piece.len() {
            match self.pieces.recv_timeout(LOOK) {
                Ok(piece) => (self.piece, self.at) = (piece?, 0),
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
                Err(RecvTimeoutError::Timeout) if (self.is_over)() => return Ok(0),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        let many = bytes.len().min(self.piece.len() - self.at);
        bytes[..many].copy_from_slice(&self.piece[self.at..self.at + many]);
        self.at += many;
        Ok(many)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Write, pipe},
        sync::atomic::{AtomicBool, Ordering},
    };

    use super::*;

    #[test]
    fn what_comes_is_read_until_its_end_or_until_it_is_over() {
        let bytes: Vec<u8> = (0..200_000_u32).map(|at| (at % 251) as u8).collect();
        let mut read = Vec::new();
        Until::of(io::Cursor::new(bytes.clone()), || false)
            .unwrap()
            .read_to_end(&mut read)
            .unwrap();
        assert_eq!(read, bytes);
        // Held open, it ends all the same, with what had come.
        let (input, mut output) = pipe().unwrap();
        output.write_all(b"so far").unwrap();
        let is_over = AtomicBool::new(false);
        let mut until = Until::of(input, || is_over.load(Ordering::Relaxed)).unwrap();
        let mut so_far = [0; 6];
        until.read_exact(&mut so_far).unwrap();
        is_over.store(true, Ordering::Relaxed);
        assert_eq!((&so_far, until.read(&mut [0]).unwrap()), (b"so far", 0));
    }
}
