//! Bytes with a look ahead and a count, so that damage can be told with its place, and passed over.

use std::io::{self, Read};

/// Bytes held, and the longest look ahead.
const BUFFER_BYTES: usize = 1 << 16;

/// See the module.
#[derive(Debug)]
pub(crate) struct Source<R> {
    input: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    is_end: bool,
    /// Offset of `buffer[0]`.
    offset: u64,
}

impl<R: Read> Source<R> {
    pub(crate) fn new(input: R) -> Self {
        let buffer = vec![0; BUFFER_BYTES];
        Self { input, buffer, start: 0, end: 0, is_end: false, offset: 0 }
    }

    /// Bytes consumed so far.
    pub(crate) fn at(&self) -> u64 {
        self.offset + self.start as u64
    }

    /// At least `n` bytes ahead, not consumed; fewer only at the end of the input. `n` is at most 64 KiB.
    pub(crate) fn ahead(&mut self, n: usize) -> io::Result<&[u8]> {
        while self.end - self.start < n && !self.is_end {
            if self.start > 0 {
                self.buffer.copy_within(self.start..self.end, 0);
                self.offset += self.start as u64;
                self.end -= self.start;
                self.start = 0;
            }
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.is_end = true,
                Ok(n) => self.end += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(&self.buffer[self.start..self.end])
    }

    /// Consumes bytes of the last look ahead.
    pub(crate) fn consume(&mut self, n: usize) {
        self.start = (self.start + n).min(self.end);
    }

    /// Consumes `N` bytes; `None`, and nothing consumed, when the input ends before.
    pub(crate) fn chunk<const N: usize>(&mut self) -> io::Result<Option<[u8; N]>> {
        let bytes = self.ahead(N)?.first_chunk::<N>().copied();
        if bytes.is_some() {
            self.consume(N);
        }
        Ok(bytes)
    }

    /// Consumes `n` bytes, or all there are; gives how many.
    pub(crate) fn skip(&mut self, n: u64) -> io::Result<u64> {
        let mut left = n;
        while left > 0 {
            let here = self.ahead(1)?.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            if here == 0 {
                break;
            }
            self.consume(here);
            left -= here as u64;
        }
        Ok(n - left)
    }

    /// Consumes bytes while they are 0; gives how many.
    pub(crate) fn skip_zeros(&mut self) -> io::Result<u64> {
        let first = self.at();
        loop {
            let ahead = self.ahead(1)?;
            let zeros = ahead.iter().position(|&byte| byte != 0).unwrap_or(ahead.len());
            let is_done = zeros < ahead.len() || ahead.is_empty();
            self.consume(zeros);
            if is_done {
                return Ok(self.at() - first);
            }
        }
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let ahead = self.ahead(1)?;
        let n = ahead.len().min(out.len());
        out[..n].copy_from_slice(&ahead[..n]);
        self.consume(n);
        Ok(n)
    }
}
