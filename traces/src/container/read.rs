use std::io::Read;
use std::ops::ControlFlow;

use serde::Deserialize;

use super::bytes::Get;
use super::chunk::{Found, kind, read_chunk};
use super::{ContainerError, MAGIC, PIECE, VERSION, labels};
use crate::model::PackedValue;
use crate::stream::{BytesRead, Counting, Progress};
use crate::{
    ArgStore, ArgsId, CounterSeries, Diagnostics, Flow, FlowKind, Label, LabelId, Lane, LaneId,
    Meta, SliceRef, SliceTable, Trace, Track, TrackId,
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
    let count = BytesRead::default();
    let mut input = Counting::new(input, count.clone());
    check_head(&mut input, &count)?;
    let mut reader = Reader::default();
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

fn check_head(input: &mut impl Read, count: &BytesRead) -> Result<(), ContainerError> {
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
    Ok(())
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
    totals: Option<Vec<u64>>,
    meta: Option<MetaChunk>,
    tracks: Option<Vec<Track>>,
    lanes: Vec<Lane>,
    /// Per lane: row in the file and row here of the first slice of each piece.
    pieces: Vec<Vec<(u32, u32)>>,
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
            kind::STRINGS => self.strings(&mut input),
            kind::ARGS => self.arg_rows(&mut input),
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
        self.meta = Some(serde_json::from_slice(payload).ok()?);
        Some(())
    }

    fn tracks(&mut self, payload: &[u8]) -> Option<()> {
        let tracks: Vec<Track> = serde_json::from_slice(payload).ok()?;
        let num_lanes: usize = tracks.iter().map(|track| track.lanes.len()).sum();
        let mut owners: Vec<Option<TrackId>> = vec![None; num_lanes];
        for (index, track) in tracks.iter().enumerate() {
            if track.parent.is_some_and(|parent| parent.0 as usize >= index) {
                return None;
            }
            for lane in &track.lanes {
                let owner = owners.get_mut(lane.0 as usize)?;
                if owner.replace(TrackId(index as u32)).is_some() {
                    return None;
                }
            }
        }
        self.lanes = owners
            .into_iter()
            .map(|owner| Some(Lane { track: owner?, slices: SliceTable::default() }))
            .collect::<Option<_>>()?;
        self.pieces = vec![Vec::new(); num_lanes];
        self.tracks = Some(tracks);
        Some(())
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

    fn strings(&mut self, input: &mut Get<'_>) -> Option<()> {
        let first = input.u32()? as usize;
        let n = input.u32()?;
        if first != self.args.strings.len() {
            return None;
        }
        for _ in 0..n {
            let text = input.text()?;
            self.args.index.insert(text.to_owned(), self.args.strings.len() as u32);
            self.args.strings.push(text.to_owned());
        }
        input.is_done().then_some(())
    }

    fn arg_rows(&mut self, input: &mut Get<'_>) -> Option<()> {
        let first = input.u32()? as usize;
        let n = input.u32()?;
        if first != self.args.row_ends.len() {
            return None;
        }
        for _ in 0..n {
            let kept = self.args.pairs.len();
            if self.arg_row(input).is_none() {
                self.args.pairs.truncate(kept);
                return None;
            }
            self.args.row_ends.push(self.args.pairs.len() as u32);
        }
        input.is_done().then_some(())
    }

    fn arg_row(&mut self, input: &mut Get<'_>) -> Option<()> {
        let num_strings = self.args.strings.len() as u32;
        for _ in 0..input.u32()? {
            let key = input.u32().filter(|&key| key < num_strings)?;
            let value = match input.u8()? {
                0 => PackedValue::Int(input.i64()?),
                1 => PackedValue::Float(input.f64()?),
                2 => PackedValue::Text(input.u32().filter(|&text| text < num_strings)?),
                _ => return None,
            };
            self.args.pairs.push((key, value));
        }
        Some(())
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
        let lane = input.u32()? as usize;
        let first = input.u32()?;
        let n = input.u32()? as usize;
        let start_ns = input.deltas(n)?;
        let durations = input.column(n)?;
        let label = input.column_u32(n)?;
        let args = input.column_u32(n)?;
        let item = input.column_u32(n)?;
        let end_ns: Vec<i64> = start_ns
            .iter()
            .zip(durations)
            .map(|(start, duration)| start.wrapping_add(duration as i64))
            .collect();
        let lane_content = &mut self.lanes.get_mut(lane)?.slices;
        let before = lane_content.end_ns.last().copied().unwrap_or(i64::MIN);
        let ends = std::iter::once(&before).chain(&end_ns);
        let disjoint = start_ns.iter().zip(ends).all(|(start, previous)| previous <= start)
            && start_ns.iter().zip(&end_ns).all(|(start, end)| start <= end);
        let num_labels = self.labels.len() as u32;
        if !disjoint || !input.is_done() || label.iter().any(|&label| label >= num_labels) {
            return None;
        }
        self.pieces[lane].push((first, lane_content.len() as u32));
        let num_rows = self.args.len() as u32;
        let mut args_lost = 0;
        lane_content.start_ns.extend(start_ns);
        lane_content.end_ns.extend(end_ns);
        lane_content.label.extend(label.into_iter().map(LabelId));
        lane_content.args.extend(args.into_iter().map(|id| match id.checked_sub(1) {
            Some(row) if row < num_rows => ArgsId(row),
            Some(_) => {
                args_lost += 1;
                ArgsId::NONE
            }
            None => ArgsId::NONE,
        }));
        lane_content.item.extend(item);
        self.lost.count("slices whose arguments are lost", args_lost);
        Some(())
    }

    fn flows(&mut self, input: &mut Get<'_>) -> Option<()> {
        let n = input.u32()? as usize;
        let from = self.ends(input, n)?;
        let to = self.ends(input, n)?;
        let kinds = input.column_u32(n)?;
        for ((from, to), kind) in from.into_iter().zip(to).zip(kinds) {
            let kind = match kind {
                0 => FlowKind::Dependency,
                1 => FlowKind::Launch,
                2 => FlowKind::Imported,
                _ => return None,
            };
            match (from, to) {
                (Some(from), Some(to)) => self.flows.push(Flow { from, to, kind }),
                _ => self.lost.count("flows whose slices are lost", 1),
            }
        }
        input.is_done().then_some(())
    }

    fn ends(&self, input: &mut Get<'_>, n: usize) -> Option<Vec<Option<SliceRef>>> {
        let lanes = input.column_u32(n)?;
        let rows = input.column_u32(n)?;
        let end = |(lane, index)| self.moved(SliceRef { lane: LaneId(lane), index });
        Some(lanes.into_iter().zip(rows).map(end).collect())
    }

    /// A slice's row here, after pieces before it may have been lost.
    fn moved(&self, end: SliceRef) -> Option<SliceRef> {
        let pieces = self.pieces.get(end.lane.0 as usize)?;
        let piece = pieces.partition_point(|&(first, _)| first <= end.index).checked_sub(1)?;
        let (first, here) = pieces[piece];
        let index = here + (end.index - first);
        let len = match pieces.get(piece + 1) {
            Some(&(_, next)) => next as usize,
            None => self.lanes[end.lane.0 as usize].slices.len(),
        };
        ((index as usize) < len).then_some(SliceRef { lane: end.lane, index })
    }

    fn finish(mut self, at_byte: u64) -> Result<Trace, ContainerError> {
        let (Some(meta), Some(tracks)) = (self.meta, self.tracks) else {
            return Err(ContainerError::Truncated { at_byte });
        };
        let samples: usize = self.counters.iter().map(|counter| counter.at_ns.len()).sum();
        let slices: usize = self.lanes.iter().map(|lane| lane.slices.len()).sum();
        let here = [
            tracks.len(),
            self.lanes.len(),
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
        Ok(Trace {
            meta: meta.meta,
            tracks,
            lanes: self.lanes,
            labels: self.labels,
            args: self.args,
            counters: self.counters,
            flows: self.flows,
            diagnostics,
        })
    }
}
