//! The text of a file through a window of about one MiB, so that a file of any size costs the same memory.

use std::io::{self, Read};
use std::ops::ControlFlow;

use super::{Cursor, Fault, JsonError};
use crate::stream::{BytesRead, Progress};

/// First size; doubles when one value does not fit.
const WINDOW_BYTES: usize = 1 << 20;
/// A single value (an event, a header object) longer than this is taken for damage.
const MAX_VALUE_BYTES: usize = 1 << 28;

/// A stretch of the text, refilled on demand.
pub(crate) struct Window<'p, R> {
    input: R,
    buffer: Vec<u8>,
    /// The unread part of `buffer`.
    start: usize,
    end: usize,
    eof: bool,
    /// Offset in the text of `buffer[0]`, the line it is on (from 0) and its column.
    offset: u64,
    line: u64,
    column: u64,
    pub(crate) mended: u64,
    read: BytesRead,
    progress: Progress<'p>,
}

impl<'p, R: Read> Window<'p, R> {
    pub(crate) fn new(input: R, read: BytesRead, progress: Progress<'p>) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            eof: false,
            offset: 0,
            line: 0,
            column: 0,
            mended: 0,
            read,
            progress,
        }
    }

    /// Offset of the next unread byte in the (decompressed) text.
    pub(crate) fn position(&self) -> u64 {
        self.offset + self.start as u64
    }

    /// Runs `parse` on the text ahead; on success what it consumed is gone.
    ///
    /// `parse` is run again from the same place after a refill, so it must leave no trace of a failed try.
    pub(crate) fn parse<T>(
        &mut self,
        mut parse: impl FnMut(&mut Cursor<'_>) -> Result<T, Fault>,
    ) -> Result<T, JsonError> {
        loop {
            let mut cursor = Cursor::new(&self.buffer[self.start..self.end]);
            match parse(&mut cursor) {
                Ok(value) => {
                    self.mended += cursor.mended;
                    self.start += cursor.pos;
                    return Ok(value);
                }
                Err(Fault::More) if self.eof => return Err(self.truncated()),
                Err(Fault::More) => self.fill()?,
                Err(Fault::Bad { at, wanted }) => return Err(self.not_json(at, wanted)),
            }
        }
    }

    /// The next byte that is no blank, not consumed; `None` at the end of the text.
    pub(crate) fn peek(&mut self) -> Result<Option<u8>, JsonError> {
        loop {
            let mut cursor = Cursor::new(&self.buffer[self.start..self.end]);
            let byte = cursor.peek();
            self.start += cursor.pos;
            match byte {
                Ok(byte) => return Ok(Some(byte)),
                Err(_) if self.eof => return Ok(None),
                Err(_) => self.fill()?,
            }
        }
    }

    /// Skips one value by its brackets alone, after it turned out to be no JSON.
    pub(crate) fn skip_damaged(&mut self) -> Result<(), JsonError> {
        self.parse(|cursor| {
            cursor.peek()?;
            cursor.skip_nested()
        })
    }

    fn fill(&mut self) -> Result<(), JsonError> {
        let gone = &self.buffer[..self.start];
        self.line += gone.iter().filter(|&&byte| byte == b'\n').count() as u64;
        self.column = match gone.iter().rposition(|&byte| byte == b'\n') {
            Some(at) => (gone.len() - at - 1) as u64,
            None => self.column + gone.len() as u64,
        };
        self.offset += self.start as u64;
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            if self.end >= MAX_VALUE_BYTES {
                return Err(self.not_json(0, "a value of less than 256 MiB"));
            }
            self.buffer.resize((2 * self.end).max(WINDOW_BYTES), 0);
        }
        while self.end < self.buffer.len() && !self.eof {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.eof = true,
                Ok(n) => self.end += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.broken(error)),
            }
        }
        match (self.progress)(self.read.get()) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(JsonError::Cancelled),
        }
    }

    /// Line and column, from 1, of `at` bytes past the next unread one.
    fn place(&self, at: usize) -> (u64, u64) {
        let before = &self.buffer[..(self.start + at).min(self.end)];
        let line = self.line + before.iter().filter(|&&byte| byte == b'\n').count() as u64;
        let column = match before.iter().rposition(|&byte| byte == b'\n') {
            Some(newline) => (before.len() - newline - 1) as u64,
            None => self.column + before.len() as u64,
        };
        (line + 1, column + 1)
    }

    pub(crate) fn not_json(&self, at: usize, wanted: &'static str) -> JsonError {
        let (line, column) = self.place(at);
        JsonError::NotJson { wanted, line, column }
    }

    fn truncated(&self) -> JsonError {
        let (line, column) = self.place(self.end - self.start);
        JsonError::Truncated { line, column }
    }

    fn broken(&self, error: io::Error) -> JsonError {
        match error.kind() {
            // What a gzip decoder says of a file that was cut off.
            io::ErrorKind::UnexpectedEof => self.truncated(),
            _ => JsonError::Io { at_byte: self.read.get(), source: error },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Value;
    use super::*;
    use crate::stream::silent;

    fn window<'p>(text: &'p [u8], hook: Progress<'p>) -> Window<'p, &'p [u8]> {
        Window::new(text, BytesRead::default(), hook)
    }

    #[test]
    fn values_longer_than_the_window_are_read_whole() {
        let text = format!("[\"{}\"]  7 ", "x".repeat(3 * WINDOW_BYTES));
        let mut hook = silent;
        let mut window = window(text.as_bytes(), &mut hook);
        let len = window
            .parse(|cursor| match cursor.value()? {
                Value::Nested(raw) => Ok(raw.len()),
                _ => Err(Fault::Bad { at: 0, wanted: "an array" }),
            })
            .expect("whole");
        assert_eq!(len, 3 * WINDOW_BYTES + 4);
        assert_eq!(window.peek().expect("more"), Some(b'7'));
    }

    #[test]
    fn errors_tell_line_and_column() {
        let text = format!("{}\n  \"a\" ?", "\n".repeat(WINDOW_BYTES + 5));
        let mut hook = silent;
        let mut window = window(text.as_bytes(), &mut hook);
        window.parse(|cursor| cursor.value().map(|_| ())).expect("a string");
        let error = window.parse(|cursor| cursor.value().map(|_| ())).expect_err("no value");
        let JsonError::NotJson { line, column, .. } = error else { panic!("{error}") };
        assert_eq!((line, column), (WINDOW_BYTES as u64 + 7, 7));
    }
}
