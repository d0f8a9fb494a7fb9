//! The frame of a space: planes one after another, each with its length before it.

use std::io::{BufReader, Read};

use super::XplaneError;
use super::wire::Fields;
use crate::interchange::recording::Recording;
use crate::interchange::varint::varint;
use crate::stream::Progress;
use crate::{OpenOptions, Trace};

/// Longest message that protocol buffers allow.
const MAX_PLANE_BYTES: u64 = (1 << 31) - 1;
/// Bytes between two looks at whether to go on.
const BYTES_A_LOOK: u64 = 1 << 20;

/// Fields of `XSpace`.
const PLANES: u64 = 1;
const ERRORS: u64 = 2;
const WARNINGS: u64 = 3;
const HOSTNAMES: u64 = 4;

/// All that is read of a space.
#[derive(Debug, Default)]
pub(super) struct Space {
    pub(super) recording: Recording,
    /// Number of planes so far.
    pub(super) planes: i64,
    /// Calls of hosts that put work on devices.
    pub(super) calls: Calls,
    /// Highest time of any line, in ns, as written.
    pub(super) last_line_ns: i64,
    /// Unix time at which recording began.
    pub(super) began_ns: Option<i64>,
    /// Times that lay between two whole ns.
    pub(super) rounded: u64,
}

/// A host's calls with the ids by which work on devices refers to them.
#[derive(Debug, Default)]
pub(super) struct Calls(Vec<(i64, i64, u32)>);

impl Calls {
    /// Takes in a call by its id, its start and its row.
    pub(super) fn add(&mut self, correlation: i64, start_ns: i64, row: u32) {
        self.0.push((correlation, start_ns, row));
    }

    /// Joins calls to the work of all devices. The ids are those of one process, which a space is of.
    pub(super) fn join(&mut self, recording: &mut Recording) {
        for (correlation, start_ns, row) in std::mem::take(&mut self.0) {
            recording.launches.call((0, Some(correlation)), start_ns, row);
        }
    }
}

/// Bytes with progress.
struct Input<'p, R> {
    input: BufReader<R>,
    at_byte: u64,
    progress: Progress<'p>,
}

impl<R: Read> Input<'_, R> {
    fn varint(&mut self) -> Result<Option<u64>, XplaneError> {
        Ok(varint(&mut self.input, &mut self.at_byte)?)
    }

    /// Up to `len` bytes; memory grows with what is there, whatever is announced.
    fn bytes(&mut self, len: u64, buffer: &mut Vec<u8>) -> Result<(), XplaneError> {
        buffer.clear();
        loop {
            if (self.progress)(self.at_byte).is_break() {
                return Err(XplaneError::Cancelled);
            }
            let wanted = (len - buffer.len() as u64).min(BYTES_A_LOOK);
            let got = (&mut self.input).take(wanted).read_to_end(buffer)? as u64;
            self.at_byte += got;
            if got < wanted || buffer.len() as u64 == len {
                return Ok(());
            }
        }
    }
}

impl Space {
    /// Reads all planes.
    pub(super) fn read(input: impl Read, progress: Progress<'_>) -> Result<Self, XplaneError> {
        let mut space = Self::default();
        let mut input = Input { input: BufReader::new(input), at_byte: 0, progress };
        let mut buffer = Vec::new();
        while let Some(key) = input.varint()? {
            let at_byte = input.at_byte;
            let (field, wire) = (key >> 3, key & 7);
            let len = match (wire, input.varint()?) {
                (2, Some(len)) if field > 0 && len <= MAX_PLANE_BYTES => len,
                (0, Some(_)) if field > 0 => continue,
                (0 | 2, None) => {
                    space.cut_off(at_byte);
                    break;
                }
                _ => {
                    let diagnostics = &mut space.recording.tally.diagnostics;
                    diagnostics.note(format!("damaged at byte {at_byte}: what is behind is lost"));
                    diagnostics.count("damaged frames", 1);
                    break;
                }
            };
            input.bytes(len, &mut buffer)?;
            let is_cut = (buffer.len() as u64) < len;
            match field {
                PLANES => space.plane(&buffer, at_byte, is_cut),
                ERRORS | WARNINGS => {
                    let text = String::from_utf8_lossy(&buffer);
                    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                    space.recording.tally.diagnostics.note(format!("the profiler says: {text}"));
                }
                HOSTNAMES => {
                    let name = String::from_utf8_lossy(&buffer).into_owned();
                    space.recording.header.run.push(("host".to_owned(), name));
                }
                _ => {}
            }
            if is_cut {
                space.cut_off(at_byte);
                break;
            }
        }
        Ok(space)
    }

    fn cut_off(&mut self, at_byte: u64) {
        let diagnostics = &mut self.recording.tally.diagnostics;
        diagnostics.note(format!("the file is cut off inside the plane at byte {at_byte}"));
        diagnostics.count("planes cut off", 1);
    }

    fn plane(&mut self, plane: &[u8], at_byte: u64, is_cut: bool) {
        let mut fields = Fields::new(plane);
        while fields.next_field().is_some() {}
        if fields.is_damaged() && !is_cut {
            self.recording.tally.lost("planes that are damaged, read up to the damage", at_byte);
        }
        self.take(plane);
    }

    /// The trace of all planes.
    ///
    /// # Errors
    /// What was lost, when nothing usable is left.
    pub(super) fn build(mut self, options: &OpenOptions) -> Result<Trace, String> {
        self.calls.join(&mut self.recording);
        self.recording.header.profiler = Some("XLA profiler (XPlane)".to_owned());
        // Times of lines are Unix time in old files, and since the beginning in those that tell it.
        let is_since = self.began_ns.is_some_and(|began_ns| self.last_line_ns < began_ns / 2);
        self.recording.header.base_time_ns = self.began_ns.filter(|_| is_since);
        let remark = "times between two whole ns, rounded to the nearer";
        self.recording.tally.diagnostics.remark(remark, self.rounded);
        self.recording.build(options)
    }
}
