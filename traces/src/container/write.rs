//! A trace as a `.weft` file, piece by piece: the totals first, so that a reader of a cut-off file knows what is missing.

use std::io::{self, Write};
use std::ops::{ControlFlow, Range};

use serde::Serialize;

use super::bytes::Put;
use super::chunk::{kind, write_chunk};
use super::{ContainerError, MAGIC, PIECE, VERSION, WITHOUT_ANSWERS, labels};
use crate::model::PackedValue;
use crate::stream::Progress;
use crate::{
    ArgStore, ArgsId, CounterSeries, Diagnostics, Flow, LaneId, Meta, SliceTable, Trace, Track,
    TrackKind,
};

/// Writes a trace as `.weft`; `progress` counts slices.
///
/// # Errors
/// [`ContainerError::Io`] when the stream fails, [`ContainerError::Cancelled`] when the hook says so. What was
/// written until then is a readable prefix.
pub fn write(trace: &Trace, out: impl Write, progress: Progress<'_>) -> Result<(), ContainerError> {
    let mut writer = Writer { out, at_byte: 0, chunks: 0, slices: 0, progress };
    writer.head(version(trace))?;
    writer.chunk(kind::TOTALS, &totals(trace))?;
    let meta = MetaChunk { meta: &trace.meta, diagnostics: &trace.diagnostics };
    writer.json(kind::META, &meta)?;
    writer.json(kind::TRACKS, &trace.tracks)?;
    for (piece, labels) in trace.labels.chunks(PIECE).enumerate() {
        let mut out = piece_head(piece, labels.len());
        for label in labels {
            labels::put(&mut out, label);
        }
        writer.chunk(kind::LABELS, &out)?;
    }
    writer.args(&trace.args)?;
    for (series, counter) in trace.counters.iter().enumerate() {
        writer.counter(series as u32, counter)?;
    }
    for (lane, content) in trace.lanes.iter().enumerate() {
        writer.slices(LaneId(lane as u32), &content.slices)?;
    }
    for flows in trace.flows.chunks(PIECE) {
        writer.chunk(kind::FLOWS, &flow_piece(flows))?;
    }
    let mut end = Put::default();
    end.u64(writer.chunks);
    writer.chunk(kind::END, &end)?;
    writer.out.flush().map_err(|source| writer.failed(source))
}

/// The oldest version that can hold this trace.
fn version(trace: &Trace) -> u16 {
    let is_answer = |track: &Track| matches!(track.kind, TrackKind::Answer { .. });
    if trace.tracks.iter().any(is_answer) { VERSION } else { WITHOUT_ANSWERS }
}

#[derive(Serialize)]
struct MetaChunk<'a> {
    meta: &'a Meta,
    diagnostics: &'a Diagnostics,
}

struct Writer<'p, W> {
    out: W,
    at_byte: u64,
    chunks: u64,
    slices: u64,
    progress: Progress<'p>,
}

impl<W: Write> Writer<'_, W> {
    fn failed(&self, source: io::Error) -> ContainerError {
        ContainerError::Io { doing: "writing", at_byte: self.at_byte, source }
    }

    fn head(&mut self, version: u16) -> Result<(), ContainerError> {
        let mut head = Put::default();
        head.0.extend_from_slice(&MAGIC);
        head.0.extend_from_slice(&version.to_le_bytes());
        head.0.extend_from_slice(&[0; 6]);
        self.out.write_all(&head.0).map_err(|source| self.failed(source))?;
        self.at_byte = head.0.len() as u64;
        Ok(())
    }

    fn chunk(&mut self, kind: u32, payload: &Put) -> Result<(), ContainerError> {
        let written = write_chunk(&mut self.out, kind, &payload.0);
        self.at_byte += written.map_err(|source| self.failed(source))?;
        self.chunks += 1;
        Ok(())
    }

    fn json(&mut self, kind: u32, value: &impl Serialize) -> Result<(), ContainerError> {
        let text = serde_json::to_vec(value).map_err(|error| self.failed(error.into()))?;
        self.chunk(kind, &Put(text))
    }

    fn args(&mut self, args: &ArgStore) -> Result<(), ContainerError> {
        for (piece, texts) in pieces(args.num_texts()).enumerate() {
            let mut out = piece_head(piece, texts.len());
            texts.for_each(|number| out.text(args.text(number)));
            self.chunk(kind::STRINGS, &out)?;
        }
        let mut reader = args.reader();
        for (piece, rows) in pieces(args.len()).enumerate() {
            let mut out = piece_head(piece, rows.len());
            rows.for_each(|row| put_row(&mut out, reader.pairs(ArgsId(row))));
            self.chunk(kind::ARGS, &out)?;
        }
        Ok(())
    }

    fn counter(&mut self, series: u32, counter: &CounterSeries) -> Result<(), ContainerError> {
        let mut first = 0;
        loop {
            let end = (first + PIECE).min(counter.at_ns.len());
            let mut out = Put::default();
            out.u32(series);
            out.text(&counter.name);
            out.text(&counter.unit);
            out.u8(u8::from(counter.rank.is_some()));
            if let Some(rank) = counter.rank {
                out.u32(rank);
            }
            out.u32((end - first) as u32);
            out.deltas(&counter.at_ns[first..end]);
            for &value in &counter.value[first..end] {
                out.f64(value);
            }
            self.chunk(kind::COUNTER, &out)?;
            first = end;
            // A series without samples still has its one piece.
            if first >= counter.at_ns.len() {
                return Ok(());
            }
        }
    }

    fn slices(&mut self, lane: LaneId, slices: &SliceTable) -> Result<(), ContainerError> {
        for first in (0..slices.len()).step_by(PIECE) {
            let rows = first..(first + PIECE).min(slices.len());
            let mut out = Put::default();
            out.u32(lane.0);
            out.u32(first as u32);
            out.u32(rows.len() as u32);
            let starts = &slices.start_ns[rows.clone()];
            out.deltas(starts);
            let ends = &slices.end_ns[rows.clone()];
            out.column(starts.iter().zip(ends).map(|(start, end)| end.wrapping_sub(*start) as u64));
            out.column(slices.label[rows.clone()].iter().map(|label| u64::from(label.0)));
            out.column(
                slices.args[rows.clone()].iter().map(|args| u64::from(args.0.wrapping_add(1))),
            );
            out.column(slices.item[rows.clone()].iter().map(|&item| u64::from(item)));
            self.chunk(kind::SLICES, &out)?;
            self.slices += rows.len() as u64;
            if let ControlFlow::Break(()) = (self.progress)(self.slices) {
                return Err(ContainerError::Cancelled);
            }
        }
        Ok(())
    }
}

/// The numbers below `len` in runs of [`PIECE`].
fn pieces(len: usize) -> impl Iterator<Item = Range<u32>> {
    (0..len).step_by(PIECE).map(move |first| first as u32..(first + PIECE).min(len) as u32)
}

fn piece_head(piece: usize, len: usize) -> Put {
    let mut out = Put::default();
    out.u32((piece * PIECE) as u32);
    out.u32(len as u32);
    out
}

fn put_row(out: &mut Put, pairs: &[(u32, PackedValue)]) {
    out.u32(pairs.len() as u32);
    for &(key, value) in pairs {
        out.u32(key);
        match value {
            PackedValue::Int(int) => {
                out.u8(0);
                out.i64(int);
            }
            PackedValue::Float(float) => {
                out.u8(1);
                out.f64(float);
            }
            PackedValue::Text(text) => {
                out.u8(2);
                out.u32(text);
            }
            PackedValue::Json(text) => {
                out.u8(3);
                out.u32(text);
            }
        }
    }
}

fn flow_piece(flows: &[Flow]) -> Put {
    let mut out = Put::default();
    out.u32(flows.len() as u32);
    out.column(flows.iter().map(|flow| u64::from(flow.from.lane.0)));
    out.column(flows.iter().map(|flow| u64::from(flow.from.index)));
    out.column(flows.iter().map(|flow| u64::from(flow.to.lane.0)));
    out.column(flows.iter().map(|flow| u64::from(flow.to.index)));
    out.column(flows.iter().map(|flow| flow.kind as u64));
    out
}

fn totals(trace: &Trace) -> Put {
    let samples: usize = trace.counters.iter().map(|counter| counter.at_ns.len()).sum();
    let mut out = Put::default();
    for total in [
        trace.tracks.len(),
        trace.lanes.len(),
        trace.labels.len(),
        trace.args.num_texts(),
        trace.args.len(),
        trace.num_slices(),
        samples,
        trace.flows.len(),
    ] {
        out.u64(total as u64);
    }
    out
}
