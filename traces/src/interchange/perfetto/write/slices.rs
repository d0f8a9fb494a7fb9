//! Slices as pairs of a begin and an end, nested lanes of one row as nested pairs.

use std::io::Write;

use super::arrows::Arrows;
use super::rows::uuid;
use super::stream::Stream;
use super::told::Told;
use crate::interchange::ExportError;
use crate::interchange::own::{Rows, category, facts};
use crate::interchange::perfetto::messages::{
    BEGIN, DebugAnnotation, END, INSTANT, NEEDS_STATE, Ours, TracePacket, TrackEvent,
};
use crate::model::ArgReader;
use crate::{ArgValue, Kind, LaneId, SliceRef, Span, Trace, TrackKind};

pub(super) struct Slices<'a, 's, 'p, W> {
    pub(super) stream: &'s mut Stream<'p, W>,
    pub(super) trace: &'a Trace,
    pub(super) rows: &'a Rows,
    pub(super) told: Told<'a>,
    pub(super) arrows: Arrows<'a>,
    /// Per label: what is said of its op.
    facts: Vec<Vec<(&'static str, ArgValue)>>,
    args: ArgReader<'a>,
    /// What the file's times are later than the trace's.
    pub(super) file_ns: i64,
}

impl<'a, 's, 'p, W: Write> Slices<'a, 's, 'p, W> {
    pub(super) fn new(
        stream: &'s mut Stream<'p, W>,
        trace: &'a Trace,
        rows: &'a Rows,
        file_ns: i64,
    ) -> Self {
        Self {
            stream,
            trace,
            rows,
            told: Told::new(trace),
            arrows: Arrows::of(trace),
            facts: trace.labels.iter().map(facts).collect(),
            args: trace.args.reader(),
            file_ns,
        }
    }

    /// All slices, row by row.
    pub(super) fn write(&mut self) -> Result<(), ExportError> {
        let trace = self.trace;
        for track in &trace.tracks {
            let places = |lane: &LaneId| self.rows.places[lane.0 as usize];
            let rows = track.lanes.chunk_by(|above, below| places(above).row == places(below).row);
            let rows: Vec<&[LaneId]> = rows.collect();
            for lanes in rows {
                self.row(lanes, &track.kind)?;
            }
        }
        Ok(())
    }

    /// The lanes that share a row; each slice lies within one of the lane above.
    fn row(&mut self, lanes: &[LaneId], kind: &TrackKind) -> Result<(), ExportError> {
        let trace = self.trace;
        let mut next = vec![0_usize; lanes.len()];
        let mut open: Vec<(Span, bool)> = Vec::new();
        loop {
            let depth = open.len();
            let inner =
                lanes.get(depth).filter(|lane| next[depth] < trace.lane(**lane).slices.len());
            let slice = inner.map(|&lane| SliceRef { lane, index: next[depth] as u32 });
            let fits = |slice: &SliceRef| {
                let span = trace.span_of(*slice);
                open.last().is_none_or(|(outer, _)| {
                    outer.start_ns <= span.start_ns && span.end_ns <= outer.end_ns
                })
            };
            if let Some(slice) = slice.filter(fits) {
                let is_instant = self.begin(slice, kind)?;
                next[depth] += 1;
                open.push((trace.span_of(slice), is_instant));
            } else if let Some((span, is_instant)) = open.pop() {
                if !is_instant {
                    self.end(lanes[0], span.end_ns)?;
                }
                self.stream.slice_done()?;
            } else {
                return Ok(());
            }
        }
    }

    /// Begins a slice; `true` for an instant, which has no end.
    fn begin(&mut self, slice: SliceRef, kind: &TrackKind) -> Result<bool, ExportError> {
        let trace = self.trace;
        let place = self.rows.places[slice.lane.0 as usize];
        let slices = &trace.lane(slice.lane).slices;
        let row = slice.index as usize;
        let (span, label_id, item) = (slices.span(row), slices.label[row], slices.item[row]);
        let label = trace.label(label_id);
        let is_instant = label.kind == Kind::Mark && span.is_empty();
        let pairs = self.args.pairs(slices.args[row]);
        let mut annotations = self.told.own(pairs);
        let ours = Ours {
            label: Some(label_id.0),
            item: Some(item).filter(|&item| item > 0),
            args: Some(pairs.len() as u32).filter(|&args| args > 0),
            lane: Some(place.lane).filter(|&lane| lane > 0),
            ..Ours::default()
        };
        self.derived(&mut annotations, (label_id.0, item), kind);
        let args = match kind {
            TrackKind::HostThread { .. } => self.args.args(slices.args[row]),
            _ => Vec::new(),
        };
        let event = TrackEvent {
            r#type: Some(if is_instant { INSTANT } else { BEGIN }),
            track_uuid: Some(uuid(place.row)),
            category_iids: vec![self.told.category(&category(kind, label, &args))],
            name_iid: Some(self.told.name(label_id)),
            debug_annotations: annotations,
            flow_ids: self.arrows.from(slice),
            terminating_flow_ids: self.arrows.to(slice),
            ..TrackEvent::default()
        };
        self.stream.packet(TracePacket {
            timestamp: Some((span.start_ns + self.file_ns) as u64),
            sequence_flags: Some(NEEDS_STATE),
            interned_data: self.told.take_new(),
            track_event: Some(event),
            ours: Some(ours),
            ..TracePacket::default()
        })?;
        Ok(is_instant)
    }

    /// What is told beside the slice's own arguments: of an op its facts, of a thread block its number.
    fn derived(
        &mut self,
        annotations: &mut Vec<DebugAnnotation>,
        (label, item): (u32, u32),
        kind: &TrackKind,
    ) {
        let item = ArgValue::Int(i64::from(item));
        let has = |key: &str, trace: &Trace, own: &[DebugAnnotation]| {
            own.iter().any(|it| {
                let iid = it.name_iid.and_then(|iid| u32::try_from(iid).ok()?.checked_sub(1));
                iid.is_some_and(|text| trace.args.text(text) == key)
            })
        };
        match kind {
            TrackKind::Sm { .. } | TrackKind::Inside { .. } => {
                annotations.push(self.told.derived("block", &item));
            }
            TrackKind::Stream { .. } => {
                let num_own = annotations.len();
                if item != ArgValue::Int(0)
                    && !has("correlation", self.trace, &annotations[..num_own])
                {
                    annotations.push(self.told.derived("correlation", &item));
                }
                for (key, value) in &self.facts[label as usize] {
                    if !has(key, self.trace, &annotations[..num_own]) {
                        annotations.push(self.told.derived(key, value));
                    }
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, lane: LaneId, end_ns: i64) -> Result<(), ExportError> {
        let event = TrackEvent {
            r#type: Some(END),
            track_uuid: Some(uuid(self.rows.places[lane.0 as usize].row)),
            ..TrackEvent::default()
        };
        self.stream.packet(TracePacket {
            timestamp: Some((end_ns + self.file_ns) as u64),
            track_event: Some(event),
            ..TracePacket::default()
        })
    }
}
