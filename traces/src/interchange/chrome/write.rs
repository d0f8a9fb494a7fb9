use std::io::{self, Write};
use std::ops::ControlFlow;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::ExportError;
use super::rows::Rows;
use super::split::only_rank;
use super::{write_events, write_head};
use crate::Trace;
use crate::interchange::Progress;

/// How to write Chrome JSON.
#[derive(Clone, Copy, Debug)]
pub struct ExportOptions {
    /// Compress by gzip.
    pub gzip: bool,
    /// Give collectives whose names Holistic Trace Analysis does not know as communication a name that begins
    /// with `ncclDevKernel_`. Our own reader shows the true names again.
    pub hta_names: bool,
}

impl Default for ExportOptions {
    /// Plain text, with the names that Holistic Trace Analysis needs.
    fn default() -> Self {
        Self { gzip: false, hta_names: true }
    }
}

/// Writes a whole trace as one Chrome/Kineto JSON file, one event a line; `progress` counts slices.
///
/// Microseconds with three decimals relative to `baseTimeNanoseconds`; streams under process `rank`, SM rows under
/// `100000 + rank`; per-op facts in the arguments. Everything that this format has no words for stands in a
/// `weftscope` object, so that [`read`](super::read) gives the same trace back.
///
/// Holistic Trace Analysis takes one rank per file. In a file of several ranks it is shown the first one: only
/// that rank's kernels carry the argument `stream` by which it tells GPU rows. Use [`write_rank`] to give it all.
///
/// # Errors
/// [`ExportError`]; what was written until then is not a whole file.
pub fn write(
    trace: &Trace,
    out: impl Write,
    options: &ExportOptions,
    progress: Progress<'_>,
) -> Result<(), ExportError> {
    if options.gzip {
        // A recording is written more often than it is sent: level 3 gives some size away for speed.
        let mut out = GzEncoder::new(out, Compression::new(3));
        let at_byte = write_text(trace, &mut out, options, progress)?;
        let finished = out.finish().and_then(|mut out| out.flush());
        finished.map_err(|source| ExportError::Io { at_byte, source })
    } else {
        write_text(trace, out, options, progress).map(|_| ())
    }
}

/// Writes one rank of a trace, with what belongs to no rank, as a file of its own.
///
/// # Errors
/// As [`write()`], and [`ExportError::NoSuchRank`].
pub fn write_rank(
    trace: &Trace,
    rank: u32,
    out: impl Write,
    options: &ExportOptions,
    progress: Progress<'_>,
) -> Result<(), ExportError> {
    if !ranks(trace).contains(&rank) {
        return Err(ExportError::NoSuchRank { rank });
    }
    write(&only_rank(trace, rank), out, options, progress)
}

/// The ranks that [`write_rank`] can write, ascending.
pub fn ranks(trace: &Trace) -> Vec<u32> {
    let of_tracks = trace.tracks.iter().filter_map(|track| track.kind.rank());
    let of_meta = trace.meta.ranks.iter().map(|info| info.rank);
    let mut ranks: Vec<u32> = of_tracks.chain(of_meta).collect();
    ranks.sort_unstable();
    ranks.dedup();
    ranks
}

fn write_text(
    trace: &Trace,
    out: impl Write,
    options: &ExportOptions,
    progress: Progress<'_>,
) -> Result<u64, ExportError> {
    let rows = Rows::new(trace);
    let mut text = Text {
        out,
        buffer: Vec::new(),
        origin_ns: origin_ns(trace),
        at_byte: 0,
        slices: 0,
        first: true,
        progress,
    };
    write_head::head(&mut text, trace, &rows)?;
    write_events::events(&mut text, trace, &rows, options)?;
    text.buffer.extend_from_slice(b"\n]\n}\n");
    text.hand_over()?;
    text.out.flush().map_err(|source| ExportError::Io { at_byte: text.at_byte, source })?;
    Ok(text.at_byte)
}

/// The trace's first time when that is below 0, else 0: readers drop events of negative ts.
fn origin_ns(trace: &Trace) -> i64 {
    let slices = trace.lanes.iter().filter_map(|lane| lane.slices.start_ns.first());
    let samples = trace.counters.iter().filter_map(|counter| counter.at_ns.first());
    slices.chain(samples).copied().min().unwrap_or(0).min(0)
}

/// Bytes kept before they are handed on.
const BUFFER_BYTES: usize = 1 << 18;

/// Text on its way out.
pub(super) struct Text<'p, W> {
    out: W,
    pub(super) buffer: Vec<u8>,
    /// Trace time written as ts 0.
    pub(super) origin_ns: i64,
    at_byte: u64,
    slices: u64,
    /// No event stands before this one.
    first: bool,
    progress: Progress<'p>,
}

impl<W: Write> Text<'_, W> {
    /// Begins an event on a line of its own.
    pub(super) fn begin_event(&mut self) {
        self.buffer.extend_from_slice(if self.first { b"\n" } else { b",\n" });
        self.first = false;
    }

    /// Ends an event; hands the text on when there is enough of it.
    pub(super) fn end_event(&mut self) -> Result<(), ExportError> {
        if self.buffer.len() >= BUFFER_BYTES { self.hand_over() } else { Ok(()) }
    }

    /// Counts one slice for whoever shows progress.
    pub(super) fn slice_done(&mut self) -> Result<(), ExportError> {
        self.slices += 1;
        if self.slices.is_multiple_of(1 << 16)
            && let ControlFlow::Break(()) = (self.progress)(self.slices)
        {
            return Err(ExportError::Cancelled);
        }
        self.end_event()
    }

    /// Appends a number.
    pub(super) fn int(&mut self, value: i64) {
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

    /// Appends a trace time as ts.
    pub(super) fn ts(&mut self, at_ns: i64) {
        self.us(at_ns.saturating_sub(self.origin_ns));
    }

    /// Appends nanoseconds as microseconds with three decimals.
    pub(super) fn us(&mut self, ns: i64) {
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
    pub(super) fn raw(&mut self, text: &str) {
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
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
