//! A `.weft` file chunk by chunk: what is whole is taken in, what is damaged is counted.

use std::io::Read;
use std::ops::ControlFlow;

use serde::Deserialize;

use super::bytes::Get;
use super::chunk::{Found, kind, read_chunk};
use super::labels::Labels;
use super::lanes::Lanes;
use super::{ContainerError, MAGIC, VERSION, args, labels};
use crate::model::is_time;
use crate::source::Source;
use crate::stream::Progress;
use crate::{
    ArgStore, CounterSeries, Diagnostics, Flow, LaneId, Meta, Trace, TraceParts, TrackKind,
};

/// Reads a `.weft` file as far as it goes.
///
/// Damaged and unknown chunks are skipped and counted in the diagnostics; so is everything that the totals
/// announce and the file does not hold. `progress` counts bytes read. Allocations are bounded by the data present
/// (times 255 at most, LZ4's limit).
///
/// # Errors
/// [`ContainerError`] when it is no `.weft` file, is of a newer version, or lacks its description or its tracks.
pub fn read(input: impl Read, progress: Progress<'_>) -> Result<Trace, ContainerError> {
    read_all(input, progress).map(|(trace, _)| trace)
}

/// Reads a `.weft` file of which nothing may be missing: `None` where something is.
///
/// # Errors
/// As [`read`].
pub fn read_whole(
    input: impl Read,
    progress: Progress<'_>,
) -> Result<Option<Trace>, ContainerError> {
    read_all(input, progress).map(|(trace, is_whole)| is_whole.then_some(trace))
}

/// Gives the trace, and whether it is all that was written.
fn read_all(input: impl Read, progress: Progress<'_>) -> Result<(Trace, bool), ContainerError> {
    let mut reading = Reading::new(input)?;
    while !reading.step()? {
        if let ControlFlow::Break(()) = progress(reading.at_byte()) {
            return Err(ContainerError::Cancelled);
        }
    }
    reading.finish()
}

/// A `.weft` file of which one chunk is read at a time, for whoever may not be held up by the whole.
pub struct Reading<R> {
    input: Source<R>,
    reader: Reader,
}

impl<R: Read> Reading<R> {
    /// Begins to read.
    ///
    /// # Errors
    /// [`ContainerError`] when it is no `.weft` file, or of a newer version.
    pub fn new(input: R) -> Result<Self, ContainerError> {
        let mut input = Source::new(input);
        let version = check_head(&mut input)?;
        Ok(Self { input, reader: Reader { version, ..Reader::default() } })
    }

    /// Bytes read so far.
    pub fn at_byte(&self) -> u64 {
        self.input.at()
    }

    /// Reads a chunk, of 64 Ki slices at the most; true when there is no other.
    ///
    /// # Errors
    /// [`ContainerError`] when reading fails, or the description or the tracks are damaged.
    pub fn step(&mut self) -> Result<bool, ContainerError> {
        let at_byte = self.input.at();
        let failed = |source| ContainerError::Io { doing: "reading", at_byte, source };
        let found = read_chunk(&mut self.input).map_err(failed)?;
        self.reader.take(found, at_byte)
    }

    /// The trace, and whether it is all that was written; costs a pass over its columns.
    ///
    /// # Errors
    /// [`ContainerError`] when description or tracks are missing.
    pub fn finish(self) -> Result<(Trace, bool), ContainerError> {
        self.reader.finish(self.input.at())
    }
}

/// Gives the version.
fn check_head<R: Read>(input: &mut Source<R>) -> Result<u16, ContainerError> {
    let failed = |source| ContainerError::Io { doing: "reading", at_byte: 0, source };
    let version = version_of(input.ahead(HEAD_BYTES).map_err(failed)?)?;
    input.consume(HEAD_BYTES);
    Ok(version)
}

/// The version that the first bytes of a file tell.
pub(super) fn version_of(head: &[u8]) -> Result<u16, ContainerError> {
    if head.is_empty() {
        return Err(ContainerError::Empty);
    }
    let magic = head.len().min(MAGIC.len());
    if head[..magic] != MAGIC[..magic] {
        return Err(ContainerError::WrongMagic);
    }
    if head.len() < HEAD_BYTES {
        return Err(ContainerError::Truncated { at_byte: head.len() as u64 });
    }
    let version = u16::from_le_bytes([head[8], head[9]]);
    if version > VERSION {
        return Err(ContainerError::Newer { version });
    }
    Ok(version)
}

/// Bytes before the first chunk.
pub(super) const HEAD_BYTES: usize = 16;

#[derive(Deserialize)]
struct MetaChunk {
    meta: Meta,
    diagnostics: Diagnostics,
}

/// What was announced, in the order of the TOTALS chunk.
const TOTALS: [&str; 8] =
    ["tracks", "lanes", "labels", "strings", "argument rows", "slices", "samples", "flows"];

/// Which of them are labels.
const LABELS_TOTAL: usize = 2;

#[derive(Default)]
pub(super) struct Reader {
    version: u16,
    totals: Option<Vec<u64>>,
    meta: Option<MetaChunk>,
    lanes: Option<Lanes>,
    labels: Labels,
    args: ArgStore,
    counters: Vec<CounterSeries>,
    flows: Vec<Flow>,
    lost: Diagnostics,
    /// Chunks found, damaged ones too.
    chunks: u64,
    /// The first damaged head: what it stood before may have been anything.
    lost_at: Option<u64>,
    ended: bool,
    /// Of a part: something that belongs to it was passed over.
    pub(super) has_passed: bool,
}

impl Reader {
    /// One that is given a part of the chunks: what is missing was not asked for.
    pub(super) fn of_part(version: u16) -> Self {
        Self { version, totals: Some(vec![0; TOTALS.len()]), ended: true, ..Self::default() }
    }

    /// What that part makes.
    pub(super) fn finish_part(self, at_byte: u64) -> Result<(Trace, bool), ContainerError> {
        Self { lost: Diagnostics::default(), ..self }.finish(at_byte)
    }

    /// The kind of the row that a lane belongs to, once tracks are read.
    pub(super) fn kind_of(&self, lane: LaneId) -> Option<&TrackKind> {
        let Lanes { tracks, lanes, .. } = self.lanes.as_ref()?;
        let track = lanes.get(lane.0 as usize)?.track;
        tracks.get(track.0 as usize).map(|track| &track.kind)
    }

    /// Takes in what was found at `at_byte`; true at the end of what can be read.
    pub(super) fn take(&mut self, found: Found, at_byte: u64) -> Result<bool, ContainerError> {
        let (kind, payload) = match found {
            Found::Chunk { kind, payload } => (kind, payload),
            Found::Damaged { kind } => {
                self.damaged(kind, at_byte, "its checksum is wrong")?;
                return Ok(false);
            }
            Found::Lost { next_at } => {
                self.chunks += 1;
                self.lost.count("damaged chunk heads", 1);
                let damaged = format!("the chunk head at byte {at_byte} is damaged");
                self.lost.note(match next_at {
                    Some(next) => format!("{damaged}, reading goes on at byte {next}"),
                    None => format!("{damaged}, and no other stands behind it"),
                });
                self.lost_at.get_or_insert(at_byte);
                return Ok(next_at.is_none());
            }
            Found::CutOff => {
                self.lost.note(format!("the file is cut off inside the chunk at byte {at_byte}"));
                return Ok(true);
            }
            Found::End => return Ok(true),
        };
        let mut input = Get(&payload);
        let understood = match kind {
            kind::TOTALS => self.totals(&mut input),
            kind::META => self.meta(&payload),
            kind::TRACKS => self.tracks(&payload),
            kind::LABELS => self.labels(&mut input),
            kind::STRINGS => args::strings(&mut self.args, &mut input),
            kind::ARGS => args::rows(&mut self.args, &mut input),
            kind::COUNTER => self.counter(&mut input),
            kind::SLICES => self.slices(&mut input),
            kind::FLOWS => self.flows(&mut input),
            kind::END => self.end(&mut input),
            unknown => {
                self.lost.count("chunks of unknown kind, skipped", 1);
                self.lost.note(format!("the chunk at byte {at_byte} is of unknown kind {unknown}"));
                Some(())
            }
        };
        if understood.is_none() {
            self.damaged(kind, at_byte, "its content does not fit the rest of the file")?;
            return Ok(false);
        }
        self.chunks += 1;
        Ok(self.ended)
    }

    fn end(&mut self, input: &mut Get<'_>) -> Option<()> {
        let announced = input.u64()?;
        self.ended = true;
        self.lost.count("chunks missing from the file", announced.saturating_sub(self.chunks));
        self.lost.count("chunks more than announced", self.chunks.saturating_sub(announced));
        Some(())
    }

    fn damaged(&mut self, kind: u32, at_byte: u64, why: &str) -> Result<(), ContainerError> {
        let part = match kind {
            kind::META if self.meta.is_none() => "META",
            kind::TRACKS if self.lanes.is_none() => "TRACKS",
            _ => {
                self.chunks += 1;
                self.lost.count("damaged chunks, skipped", 1);
                self.lost.note(format!("the chunk at byte {at_byte} was skipped: {why}"));
                return Ok(());
            }
        };
        Err(ContainerError::Damaged { part, at_byte, why: why.to_owned() })
    }

    fn totals(&mut self, input: &mut Get<'_>) -> Option<()> {
        self.totals = Some((0..TOTALS.len()).map(|_| input.u64()).collect::<Option<_>>()?);
        Some(())
    }

    fn meta(&mut self, payload: &[u8]) -> Option<()> {
        if self.meta.is_some() {
            return None;
        }
        let mut chunk: MetaChunk = serde_json::from_slice(payload).ok()?;
        if self.version == 1 {
            chunk.meta.upgrade_from_v1();
        }
        self.meta = Some(chunk);
        Some(())
    }

    fn tracks(&mut self, payload: &[u8]) -> Option<()> {
        // Tracks told twice would take the lanes away from slices and arrows that are read already.
        if self.lanes.is_some() {
            return None;
        }
        self.lanes = Some(Lanes::of_json(payload)?);
        Some(())
    }

    fn labels(&mut self, input: &mut Get<'_>) -> Option<()> {
        let first = input.u32()?;
        let n = input.len()?;
        let piece = (0..n).map(|_| labels::get(input)).collect::<Option<Vec<_>>>()?;
        if !input.is_done() {
            return None;
        }
        let gap = self.labels.add(first, piece)?;
        self.lost.count("labels lost", gap);
        Some(())
    }

    fn counter(&mut self, input: &mut Get<'_>) -> Option<()> {
        let series = input.u32()? as usize;
        let name = input.text()?.to_owned();
        let unit = input.text()?.to_owned();
        let rank = if input.u8()? != 0 { Some(input.u32()?) } else { None };
        let n = input.len()?;
        let at_ns = input.deltas(n)?;
        let value = (0..n).map(|_| input.f64()).collect::<Option<Vec<f64>>>()?;
        let ends = at_ns.first().into_iter().chain(at_ns.last());
        if !input.is_done() || !at_ns.is_sorted() || !ends.copied().all(is_time) {
            return None;
        }
        // Series lost with a damaged chunk leave no gap: nothing refers to a series by number.
        let num_series = self.counters.len();
        match self.counters.last_mut() {
            Some(last)
                if series + 1 == num_series
                    && last.name == name
                    && last.at_ns.last() <= at_ns.first() =>
            {
                last.at_ns.extend(at_ns);
                last.value.extend(value);
            }
            _ => self.counters.push(CounterSeries { name, unit, rank, at_ns, value }),
        }
        Some(())
    }

    fn slices(&mut self, input: &mut Get<'_>) -> Option<()> {
        let announced = self.totals.as_ref().map_or(0, |totals| totals[LABELS_TOTAL]);
        let (labels, num_rows) = (&mut self.labels, self.args.len() as u32);
        let label_of = |in_file| labels.here(in_file, announced);
        let args_lost = self.lanes.as_mut()?.slices(input, label_of, num_rows)?;
        self.lost.count("slices whose arguments are lost", args_lost);
        Some(())
    }

    fn flows(&mut self, input: &mut Get<'_>) -> Option<()> {
        let lost = self.lanes.as_ref()?.flows(input, &mut self.flows)?;
        self.lost.count("flows whose slices are lost", lost);
        Some(())
    }

    fn finish(mut self, at_byte: u64) -> Result<(Trace, bool), ContainerError> {
        let (Some(meta), Some(Lanes { tracks, lanes, .. })) = (self.meta, self.lanes) else {
            return Err(match self.lost_at {
                Some(at_byte) => ContainerError::Damaged {
                    part: "META or TRACKS",
                    at_byte,
                    why: "its head fails its checksum".to_owned(),
                },
                None => ContainerError::Truncated { at_byte },
            });
        };
        let samples: usize = self.counters.iter().map(|counter| counter.at_ns.len()).sum();
        let slices: usize = lanes.iter().map(|lane| lane.slices.len()).sum();
        let here = [
            tracks.len(),
            lanes.len(),
            self.labels.num_read(),
            self.args.num_texts(),
            self.args.len(),
            slices,
            samples,
            self.flows.len(),
        ];
        if !self.ended {
            self.lost.count("end of the file missing", 1);
        }
        match &self.totals {
            Some(totals) => {
                for ((name, &total), here) in TOTALS.iter().zip(totals).zip(here) {
                    let missing = total.saturating_sub(here as u64);
                    self.lost.count(&format!("{name} missing from the file"), missing);
                }
            }
            None => self.lost.note("the totals are missing, so what else is missing is not known"),
        }
        let is_whole = self.lost.is_clean();
        let mut diagnostics = meta.diagnostics;
        diagnostics.merge(self.lost);
        // Ours are in order; a file of another hand need not be.
        self.flows.sort_by_key(|flow| (flow.from, flow.to));
        let parts = TraceParts {
            meta: meta.meta,
            tracks,
            lanes,
            labels: self.labels.labels,
            args: self.args,
            counters: self.counters,
            flows: self.flows,
            diagnostics,
        };
        let trace = Trace::checked(parts).map_err(|error| ContainerError::Damaged {
            part: "END",
            at_byte,
            why: error.to_string(),
        })?;
        Ok((trace, is_whole))
    }
}
