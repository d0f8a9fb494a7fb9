//! A `.weft` file chunk by chunk: what is whole is taken in, what is damaged is counted.

use std::io::Read;
use std::ops::ControlFlow;

use serde::Deserialize;

use super::bytes::Get;
use super::chunk::{Found, kind, read_chunk};
use super::lanes::Lanes;
use super::{ContainerError, MAGIC, PIECE, VERSION, args, labels};
use crate::stream::{BytesRead, Counting, Progress};
use crate::{ArgStore, CounterSeries, Diagnostics, Flow, Label, Meta, Trace, TraceParts};

/// Reads a `.weft` file as far as it goes.
///
/// Damaged and unknown chunks are skipped and counted in the diagnostics; so is everything that the totals
/// announce and the file does not hold. `progress` counts bytes read. Allocations are bounded by the data present
/// (times 255 at most, LZ4's limit).
///
/// # Errors
/// [`ContainerError`] when it is no `.weft` file, is of a newer version, or lacks its description or its tracks.
pub fn read(input: impl Read, progress: Progress<'_>) -> Result<Trace, ContainerError> {
    let count = BytesRead::default();
    let mut input = Counting::new(input, count.clone());
    let version = check_head(&mut input, &count)?;
    let mut reader = Reader { version, ..Reader::default() };
    loop {
        let at_byte = count.get();
        let failed = |source| ContainerError::Io { doing: "reading", at_byte, source };
        let found = read_chunk(&mut input).map_err(failed)?;
        if reader.take(found, at_byte)? {
            return reader.finish(count.get());
        }
        if let ControlFlow::Break(()) = progress(count.get()) {
            return Err(ContainerError::Cancelled);
        }
    }
}

/// Gives the version.
fn check_head(input: &mut impl Read, count: &BytesRead) -> Result<u16, ContainerError> {
    let mut head = Vec::with_capacity(16);
    input.take(16).read_to_end(&mut head).map_err(|source| ContainerError::Io {
        doing: "reading",
        at_byte: count.get(),
        source,
    })?;
    if head.is_empty() {
        return Err(ContainerError::Empty);
    }
    let magic = head.len().min(MAGIC.len());
    if head[..magic] != MAGIC[..magic] {
        return Err(ContainerError::WrongMagic);
    }
    if head.len() < 16 {
        return Err(ContainerError::Truncated { at_byte: count.get() });
    }
    let version = u16::from_le_bytes([head[8], head[9]]);
    if version > VERSION {
        return Err(ContainerError::Newer { version });
    }
    Ok(version)
}

#[derive(Deserialize)]
struct MetaChunk {
    meta: Meta,
    diagnostics: Diagnostics,
}

/// What was announced, in the order of the TOTALS chunk.
const TOTALS: [&str; 8] =
    ["tracks", "lanes", "labels", "strings", "argument rows", "slices", "samples", "flows"];

#[derive(Default)]
struct Reader {
    version: u16,
    totals: Option<Vec<u64>>,
    meta: Option<MetaChunk>,
    lanes: Option<Lanes>,
    labels: Vec<Label>,
    args: ArgStore,
    counters: Vec<CounterSeries>,
    flows: Vec<Flow>,
    lost: Diagnostics,
    chunks: u64,
    damaged: u64,
    ended: bool,
}

impl Reader {
    /// Takes in what was found at `at_byte`; true at the end of what can be read.
    fn take(&mut self, found: Found, at_byte: u64) -> Result<bool, ContainerError> {
        let (kind, payload) = match found {
            Found::Chunk { kind, payload } => (kind, payload),
            Found::Damaged { kind } => {
                self.damaged(kind, at_byte, "its checksum is wrong")?;
                return Ok(false);
            }
            Found::Lost => {
                self.lost.count("damaged chunk heads, reading ended there", 1);
                self.lost.note(format!("the chunk head at byte {at_byte} is damaged"));
                return Ok(true);
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
            kind::END => {
                self.ended = input.u64() == Some(self.chunks);
                Some(())
            }
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

    fn damaged(&mut self, kind: u32, at_byte: u64, why: &str) -> Result<(), ContainerError> {
        let part = match kind {
            kind::META => "META",
            kind::TRACKS => "TRACKS",
            _ => {
                self.damaged += 1;
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
        let mut chunk: MetaChunk = serde_json::from_slice(payload).ok()?;
        if self.version == 1 {
            chunk.meta.upgrade_from_v1();
        }
        self.meta = Some(chunk);
        Some(())
    }

    fn tracks(&mut self, payload: &[u8]) -> Option<()> {
        // Tracks told twice would take the lanes away from slices and arrows that are read already.
        let is_first = self.lanes.is_none();
        self.lanes = Some(Lanes::of_json(payload)?);
        is_first.then_some(())
    }

    fn labels(&mut self, input: &mut Get<'_>) -> Option<()> {
        let first = input.u32()? as usize;
        let n = input.u32()? as usize;
        // Labels of skipped chunks keep their places, so that later ids stay right.
        let gap = first.checked_sub(self.labels.len())?;
        if gap as u64 > self.damaged * PIECE as u64 {
            return None;
        }
        let mut piece = Vec::new();
        for _ in 0..n {
            piece.push(labels::get(input)?);
        }
        let lost = Label { name: "(lost with a damaged chunk)".to_owned(), ..Label::default() };
        self.lost.count("labels lost", gap as u64);
        self.labels.resize(first, lost);
        self.labels.append(&mut piece);
        input.is_done().then_some(())
    }

    fn counter(&mut self, input: &mut Get<'_>) -> Option<()> {
        let series = input.u32()? as usize;
        let name = input.text()?.to_owned();
        let unit = input.text()?.to_owned();
        let rank = if input.u8()? != 0 { Some(input.u32()?) } else { None };
        let n = input.u32()? as usize;
        let at_ns = input.deltas(n)?;
        let value = (0..n).map(|_| input.f64()).collect::<Option<Vec<f64>>>()?;
        if !input.is_done() || !at_ns.is_sorted() {
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
        let (num_labels, num_rows) = (self.labels.len() as u32, self.args.len() as u32);
        let args_lost = self.lanes.as_mut()?.slices(input, num_labels, num_rows)?;
        self.lost.count("slices whose arguments are lost", args_lost);
        Some(())
    }

    fn flows(&mut self, input: &mut Get<'_>) -> Option<()> {
        let lost = self.lanes.as_ref()?.flows(input, &mut self.flows)?;
        self.lost.count("flows whose slices are lost", lost);
        Some(())
    }

    fn finish(mut self, at_byte: u64) -> Result<Trace, ContainerError> {
        let (Some(meta), Some(Lanes { tracks, lanes, .. })) = (self.meta, self.lanes) else {
            return Err(ContainerError::Truncated { at_byte });
        };
        let samples: usize = self.counters.iter().map(|counter| counter.at_ns.len()).sum();
        let slices: usize = lanes.iter().map(|lane| lane.slices.len()).sum();
        let here = [
            tracks.len(),
            lanes.len(),
            self.labels.len(),
            self.args.strings.len(),
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
        let mut diagnostics = meta.diagnostics;
        diagnostics.merge(self.lost);
        // Ours are in order; a file of another hand need not be.
        self.flows.sort_by_key(|flow| (flow.from, flow.to));
        let parts = TraceParts {
            meta: meta.meta,
            tracks,
            lanes,
            labels: self.labels,
            args: self.args,
            counters: self.counters,
            flows: self.flows,
            diagnostics,
        };
        Trace::checked(parts).map_err(|error| ContainerError::Damaged {
            part: "END",
            at_byte,
            why: error.to_string(),
        })
    }
}
