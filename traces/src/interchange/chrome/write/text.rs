//! Text on its way out: numbers and times without a float in between, handed on in large pieces.

use std::io::{self, Write};
use std::ops::ControlFlow;

use crate::interchange::ExportError;
use crate::stream::Progress;

/// Bytes kept before they are handed on.
const BUFFER_BYTES: usize = 1 << 18;

/// Text on its way out.
pub(crate) struct Text<'p, W> {
    out: W,
    pub(crate) buffer: Vec<u8>,
    /// Trace time written as ts 0.
    pub(crate) origin_ns: i64,
    at_byte: u64,
    slices: u64,
    /// No event stands before this one.
    first: bool,
    progress: Progress<'p>,
}

impl<'p, W: Write> Text<'p, W> {
    pub(crate) fn new(out: W, origin_ns: i64, progress: Progress<'p>) -> Self {
        Self { out, buffer: Vec::new(), origin_ns, at_byte: 0, slices: 0, first: true, progress }
    }

    /// Closes the events and the file; gives the bytes of text written.
    pub(crate) fn finish(&mut self) -> Result<u64, ExportError> {
        self.raw("\n]\n}\n");
        self.hand_over()?;
        self.out.flush().map_err(|source| ExportError::Io { at_byte: self.at_byte, source })?;
        Ok(self.at_byte)
    }

    /// Begins an event on a line of its own.
    pub(crate) fn begin_event(&mut self) {
        self.buffer.extend_from_slice(if self.first { b"\n" } else { b",\n" });
        self.first = false;
    }

    /// Ends an event; hands the text on when there is enough of it.
    pub(crate) fn end_event(&mut self) -> Result<(), ExportError> {
        if self.buffer.len() >= BUFFER_BYTES { self.hand_over() } else { Ok(()) }
    }

    /// Counts one slice for whatever shows progress.
    pub(crate) fn slice_done(&mut self) -> Result<(), ExportError> {
        self.slices += 1;
        if self.slices.is_multiple_of(1 << 16)
            && let ControlFlow::Break(()) = (self.progress)(self.slices)
        {
            return Err(ExportError::Cancelled);
        }
        self.end_event()
    }

    /// Appends a number.
    pub(crate) fn int(&mut self, value: i64) {
        if value < 0 {
            self.buffer.push(b'-');
        }
        let mut digits = [0; 20];
        let mut at = digits.len();
        let mut rest = value.unsigned_abs();
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.buffer.extend_from_slice(&digits[at..]);
    }

    /// Appends a trace time as ts; two times of a trace are never too far apart to be subtracted.
    pub(crate) fn ts(&mut self, at_ns: i64) {
        self.us(at_ns - self.origin_ns);
    }

    /// Appends nanoseconds as microseconds with three decimals.
    pub(crate) fn us(&mut self, ns: i64) {
        if ns < 0 {
            self.buffer.push(b'-');
        }
        let ns = ns.unsigned_abs();
        self.int((ns / 1000) as i64);
        let rest = (ns % 1000) as u16;
        let digit = |n: u16| b'0' + (n % 10) as u8;
        self.buffer.extend_from_slice(&[b'.', digit(rest / 100), digit(rest / 10), digit(rest)]);
    }

    /// Appends ready text.
    pub(crate) fn raw(&mut self, text: &str) {
        self.buffer.extend_from_slice(text.as_bytes());
    }

    fn hand_over(&mut self) -> Result<(), ExportError> {
        let written: io::Result<()> = self.out.write_all(&self.buffer);
        written.map_err(|source| ExportError::Io { at_byte: self.at_byte, source })?;
        self.at_byte += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

/// A string as JSON.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
