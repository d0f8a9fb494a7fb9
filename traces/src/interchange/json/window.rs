//! The text of a file through a window of about one MiB, so that a file of any size costs the same memory.
//!
//! Failures are told by their byte alone: lines are counted only where a person will read of them, because counting
//! costs a pass over the window and a damaged file may fail at every event.

use std::fmt;
use std::io::{self, Read};
use std::ops::ControlFlow;

use super::{Cursor, Fault, JsonError};
use crate::stream::{BytesRead, Progress};

/// First size; doubles when one value does not fit.
const WINDOW_BYTES: usize = 1 << 20;
/// A single value (an event, a header object) longer than this is taken for damage.
const MAX_VALUE_BYTES: usize = 1 << 28;
/// Bytes that [`Window::skip_to`] shows its test, unless the text ends before.
const LOOK_BYTES: usize = 512;

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
    /// Values that are none in JSON, and the first one's place.
    pub(crate) bare: u64,
    pub(crate) first_bare: Option<Place>,
    read: BytesRead,
    progress: Progress<'p>,
}

/// Why nothing was taken from the window.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The text is no JSON at this byte.
    Bad { at_byte: u64, wanted: &'static str },
    /// The text ends inside the value.
    Cut,
    /// Nothing more can be read.
    Stop(JsonError),
}

/// Where in the text, for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) byte: u64,
    /// From 1.
    pub(crate) line: u64,
    /// In bytes, from 1.
    pub(crate) column: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {} (line {}, column {})", self.byte, self.line, self.column)
    }
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
            bare: 0,
            first_bare: None,
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
    ) -> Result<T, Broken> {
        loop {
            let mut cursor = Cursor::new(&self.buffer[self.start..self.end]);
            match parse(&mut cursor) {
                Ok(value) => {
                    let (pos, mended, bare) = (cursor.pos, cursor.mended, cursor.bare);
                    if bare > 0 && self.first_bare.is_none() {
                        let at_byte = self.position() + cursor.first_bare as u64;
                        self.first_bare = Some(self.place(at_byte));
                    }
                    self.mended += mended;
                    self.bare += bare;
                    self.start += pos;
                    return Ok(value);
                }
                Err(Fault::More) if self.eof => return Err(Broken::Cut),
                Err(Fault::More) => self.fill()?,
                Err(Fault::Bad { at, wanted }) => {
                    return Err(Broken::Bad { at_byte: self.position() + at as u64, wanted });
                }
            }
        }
    }

    /// The next byte that is no blank, not consumed; `None` at the end of the text.
    pub(crate) fn peek(&mut self) -> Result<Option<u8>, Broken> {
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

    /// Consumes the next byte.
    pub(crate) fn step(&mut self) {
        self.start = (self.start + 1).min(self.end);
    }

    /// Consumes up to `at_byte` of the text, as far as it is in the window.
    pub(crate) fn step_to(&mut self, at_byte: u64) {
        let ahead = at_byte.saturating_sub(self.position());
        self.start += usize::try_from(ahead).unwrap_or(usize::MAX).min(self.end - self.start);
    }

    /// Consumes zero bytes; gives how many.
    pub(crate) fn skip_zeros(&mut self) -> Result<u64, Broken> {
        let first = self.position();
        loop {
            let ahead = &self.buffer[self.start..self.end];
            let zeros = ahead.iter().position(|&byte| byte != 0);
            self.start += zeros.unwrap_or(ahead.len());
            if zeros.is_some() || self.eof {
                return Ok(self.position() - first);
            }
            self.fill()?;
        }
    }

    /// The byte at an offset of the text that is in the window.
    pub(crate) fn byte_at(&self, at_byte: u64) -> Option<u8> {
        let at = usize::try_from(at_byte.checked_sub(self.offset)?).ok()?;
        self.buffer[..self.end].get(at).copied()
    }

    /// Consumes text up to the next of these bytes at which `test` finds something; `None` at the end of the text.
    ///
    /// `test` is shown the last byte before it that is no blank, and at least [`LOOK_BYTES`] from it on.
    pub(crate) fn skip_to<T>(
        &mut self,
        first: [u8; 2],
        mut test: impl FnMut(u8, &[u8]) -> Option<T>,
    ) -> Result<Option<T>, Broken> {
        let mut before = 0;
        loop {
            let ahead = &self.buffer[self.start..self.end];
            let found = ahead.iter().position(|byte| first.contains(byte));
            let skipped = &ahead[..found.unwrap_or(ahead.len())];
            before = skipped.iter().rfind(|b| !b.is_ascii_whitespace()).copied().unwrap_or(before);
            self.start += skipped.len();
            if !self.eof && self.end - self.start < LOOK_BYTES {
                self.fill()?;
                continue;
            }
            if found.is_none() {
                return Ok(None);
            }
            let ahead = &self.buffer[self.start..self.end];
            if let Some(result) = test(before, ahead) {
                return Ok(Some(result));
            }
            before = ahead[0];
            self.start += 1;
        }
    }

    /// Where the text comes from.
    pub(crate) fn input_mut(&mut self) -> &mut R {
        &mut self.input
    }

    /// Lets the input take text past the window where that is drained: what it says it took counts as consumed.
    pub(crate) fn pass<T>(
        &mut self,
        take: impl FnOnce(&mut R) -> io::Result<Option<(T, &[u8])>>,
    ) -> Result<Option<T>, Broken> {
        loop {
            match self.buffer[self.start..self.end].first() {
                Some(byte) if byte.is_ascii_whitespace() => self.start += 1,
                Some(_) => return Ok(None),
                None => break,
            }
        }
        self.forget();
        let taken = match take(&mut self.input) {
            Ok(taken) => taken,
            Err(error) => return self.failed(error).map(|()| None),
        };
        let Some((value, text)) = taken else { return Ok(None) };
        self.offset += text.len() as u64;
        (self.line, self.column) = behind(text, self.line, self.column);
        self.report()?;
        Ok(Some(value))
    }

    /// Drops what is consumed from the window.
    fn forget(&mut self) {
        (self.line, self.column) = behind(&self.buffer[..self.start], self.line, self.column);
        self.offset += self.start as u64;
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
    }

    fn fill(&mut self) -> Result<(), Broken> {
        self.forget();
        if self.end == self.buffer.len() {
            if self.end >= MAX_VALUE_BYTES {
                let wanted = "a value of less than 256 MiB";
                return Err(Broken::Bad { at_byte: self.offset, wanted });
            }
            self.buffer.resize((2 * self.end).max(WINDOW_BYTES), 0);
        }
        match self.input.read(&mut self.buffer[self.end..]) {
            Ok(0) => self.eof = true,
            Ok(n) => self.end += n,
            Err(error) => self.failed(error)?,
        }
        self.report()
    }

    /// What a decoder says of a stream that was cut off is the end of the text.
    fn failed(&mut self, error: io::Error) -> Result<(), Broken> {
        match error.kind() {
            io::ErrorKind::Interrupted => {}
            io::ErrorKind::UnexpectedEof => self.eof = true,
            _ => {
                let at_byte = self.read.get();
                return Err(Broken::Stop(JsonError::Io { at_byte, source: error }));
            }
        }
        Ok(())
    }

    fn report(&mut self) -> Result<(), Broken> {
        match (self.progress)(self.read.get()) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Broken::Stop(JsonError::Cancelled)),
        }
    }

    /// Line and column of a byte of the text that is still in the window; costs a pass over it.
    pub(crate) fn place(&self, at_byte: u64) -> Place {
        let at = usize::try_from(at_byte.saturating_sub(self.offset)).unwrap_or(usize::MAX);
        let before = &self.buffer[..at.min(self.end)];
        let (line, column) = behind(before, self.line, self.column);
        Place { byte: self.offset + before.len() as u64, line: line + 1, column: column + 1 }
    }

    /// Where the text ends, of what was read.
    pub(crate) fn end(&self) -> Place {
        self.place(self.offset + self.end as u64)
    }

    /// The failure as one for the user.
    pub(crate) fn error(&self, broken: Broken) -> JsonError {
        match broken {
            Broken::Bad { at_byte, wanted } => {
                let Place { byte, line, column } = self.place(at_byte);
                JsonError::NotJson { wanted, at_byte: byte, line, column }
            }
            Broken::Cut => {
                let Place { byte, line, column } = self.end();
                JsonError::Truncated { at_byte: byte, line, column }
            }
            Broken::Stop(error) => error,
        }
    }
}

/// Line and column behind a text that begins at those given.
fn behind(text: &[u8], line: u64, column: u64) -> (u64, u64) {
    match memchr::memrchr(b'\n', text) {
        Some(last) => {
            let lines = memchr::memchr_iter(b'\n', &text[..last]).count() as u64;
            (line + lines + 1, (text.len() - last - 1) as u64)
        }
        None => (line, column + text.len() as u64),
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
        let text = format!("{}\n  \"a\" ?,", "\n".repeat(WINDOW_BYTES + 5));
        let mut hook = silent;
        let mut window = window(text.as_bytes(), &mut hook);
        window.parse(|cursor| cursor.value().map(|_| ())).expect("a string");
        let broken = window.parse(|cursor| cursor.eat(b'[', "an array")).expect_err("none");
        let JsonError::NotJson { at_byte, line, column, .. } = window.error(broken) else {
            panic!("no JSON")
        };
        assert_eq!((line, column), (WINDOW_BYTES as u64 + 7, 7));
        assert_eq!(at_byte, WINDOW_BYTES as u64 + 12);
    }

    /// Oracle: the places written into the text.
    #[test]
    fn skipping_finds_every_place_across_refills() {
        let mut text = vec![b'x'; 3 * WINDOW_BYTES + 17];
        let places = [0, 1, WINDOW_BYTES - 1, WINDOW_BYTES, 2 * WINDOW_BYTES + 3, text.len() - 1];
        for at in places {
            text[at] = b'{';
        }
        let mut hook = silent;
        let mut window = window(&text, &mut hook);
        for at in places {
            let before = window.skip_to(*b"{\"", |before, _| Some(before)).expect("readable");
            assert_eq!(window.position(), at as u64);
            assert!(matches!(before, Some(0 | b'x' | b'{')));
            window.step();
        }
        assert_eq!(window.skip_to(*b"{\"", |_, _| Some(())).expect("readable"), None);
    }
}
