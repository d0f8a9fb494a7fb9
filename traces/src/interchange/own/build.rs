//! A file of ours while it is read: every event knows its lane and label, so slices go straight into their columns.

use hashbrown::HashMap;

use super::format::{OWN_VERSION, Own};
use super::row::RowId;
use crate::interchange::tally::Tally;
use crate::model::{FirstFree, is_time};
use crate::{
    ArgStore, ArgsId, CounterSeries, Flow, FlowKind, LabelId, LaneId, SliceRef, Span, Trace,
    TraceBuilder, TrackId,
};

/// A trace of ours, as far as it is read.
#[derive(Debug)]
pub(crate) struct OwnBuild {
    out: TraceBuilder,
    num_labels: u32,
    /// Trace time of the file's time 0.
    origin_ns: i64,
    rows: HashMap<RowId, RowLanes>,
    /// The row that the last event was on, because events come in runs.
    last_row: Option<(RowId, RowLanes)>,
    /// The declared lanes.
    lanes: Vec<Filled>,
    counters: Vec<CounterSeries>,
    flows: Vec<Flow>,
    /// Lanes added for slices that overlap others on their row.
    overflow: HashMap<TrackId, Overflow>,
    num_slices: u64,
}

/// The lanes that share a row.
#[derive(Clone, Copy, Debug)]
struct RowLanes {
    first: LaneId,
    num: u32,
}

/// How far a lane is filled.
#[derive(Clone, Copy, Debug)]
struct Filled {
    track: TrackId,
    end_ns: i64,
    num_slices: u32,
}

/// Lanes of a track that the file does not declare, and which of them are free.
#[derive(Debug, Default)]
struct Overflow {
    lanes: Vec<LaneId>,
    free: FirstFree,
}

impl OwnBuild {
    /// Declares everything the description lists.
    ///
    /// # Errors
    /// In words, when the description is of another version or points nowhere.
    pub(crate) fn new(mut own: Own) -> Result<Self, String> {
        if !(1..=OWN_VERSION).contains(&own.version) {
            return Err(format!("it has version {}, this reads 1 to {OWN_VERSION}", own.version));
        }
        if own.version == 1 {
            own.meta.upgrade_from_v1();
        }
        let mut out = TraceBuilder::new(own.meta);
        *out.diagnostics_mut() = own.diagnostics;
        let mut rows: HashMap<RowId, RowLanes> = HashMap::new();
        let mut lanes = Vec::new();
        for (index, track) in own.tracks.into_iter().enumerate() {
            if track.parent.is_some_and(|parent| parent as usize >= index) {
                return Err(format!("track {index} comes before its parent"));
            }
            let id = out.track(track.parent.map(TrackId), track.name, track.kind);
            for row in track.rows {
                let lane = out.lane(id);
                rows.entry(row).or_insert(RowLanes { first: lane, num: 0 }).num += 1;
                lanes.push(Filled { track: id, end_ns: i64::MIN, num_slices: 0 });
            }
        }
        let num_labels = own.labels.len() as u32;
        for label in own.labels {
            out.label(label);
        }
        let counters = own.counters.into_iter().map(|counter| CounterSeries {
            name: counter.name,
            unit: counter.unit,
            rank: counter.rank,
            ..CounterSeries::default()
        });
        Ok(Self {
            out,
            num_labels,
            origin_ns: own.origin_ns,
            rows,
            last_row: None,
            lanes,
            counters: counters.collect(),
            flows: Vec::new(),
            overflow: HashMap::new(),
            num_slices: 0,
        })
    }

    /// Where arguments go.
    pub(crate) fn args_mut(&mut self) -> &mut ArgStore {
        self.out.args_mut()
    }

    /// The label of this number, if the description has it.
    pub(crate) fn label(&self, number: i64) -> Option<LabelId> {
        u32::try_from(number).ok().filter(|&label| label < self.num_labels).map(LabelId)
    }

    /// The trace's time of the file's; `None` when no trace can hold it.
    pub(crate) fn time(&self, file_ns: i64) -> Option<i64> {
        file_ns.checked_add(self.origin_ns).filter(|&at_ns| is_time(at_ns))
    }

    /// The `lane`th of the lanes that share a row.
    pub(crate) fn lane(&mut self, row: RowId, lane: u32) -> Option<LaneId> {
        let RowLanes { first, num } = match self.last_row {
            Some((last, lanes)) if last == row => lanes,
            _ => {
                let &lanes = self.rows.get(&row)?;
                self.last_row = Some((row, lanes));
                lanes
            }
        };
        (lane < num).then_some(LaneId(first.0 + lane))
    }

    /// Appends a slice; one that overlaps the last of its lane goes to a lane that the file does not declare.
    pub(crate) fn slice(
        &mut self,
        lane: LaneId,
        span: Span,
        label: LabelId,
        (args, item): (ArgsId, u32),
        (at_byte, tally): (u64, &mut Tally),
    ) -> SliceRef {
        let Filled { track, end_ns: last_end_ns, num_slices } = self.lanes[lane.0 as usize];
        self.num_slices += 1;
        if span.start_ns < last_end_ns {
            let cause = "slices that overlap on their row, moved to a lane of their own";
            tally.lost(cause, at_byte);
            let lane = self.overflow_lane(track, span);
            return self.out.push(lane, span, label, args, item);
        }
        let num_slices = num_slices + 1;
        self.lanes[lane.0 as usize] = Filled { track, end_ns: span.end_ns, num_slices };
        self.out.push(lane, span, label, args, item)
    }

    /// A lane for a slice that has no room on its own; the declared lanes are not touched.
    fn overflow_lane(&mut self, track: TrackId, span: Span) -> LaneId {
        let extra = self.overflow.entry(track).or_default();
        if let Some(at) = extra.free.at(span.start_ns) {
            extra.free.set(at, span.end_ns);
            return extra.lanes[at];
        }
        let lane = self.out.lane(track);
        extra.free.push(span.end_ns);
        extra.lanes.push(lane);
        lane
    }

    /// Appends a value of a counter; `false` when the description does not have it.
    pub(crate) fn sample(&mut self, counter: usize, at_ns: i64, value: f64) -> bool {
        let Some(series) = self.counters.get_mut(counter) else { return false };
        series.at_ns.push(at_ns);
        series.value.push(value);
        true
    }

    /// Adds an arrow; its ends are looked for at the end.
    pub(crate) fn flow(&mut self, from: SliceRef, to: SliceRef, kind: FlowKind) {
        self.flows.push(Flow { from, to, kind });
    }

    /// The trace; `None` when nothing could be used of what the file holds.
    pub(crate) fn finish(mut self, tally: &mut Tally) -> Option<Trace> {
        for Flow { from, to, kind } in std::mem::take(&mut self.flows) {
            let exists = |end: SliceRef| match self.lanes.get(end.lane.0 as usize) {
                Some(lane) => end.index < lane.num_slices,
                None => true,
            };
            if exists(from) && exists(to) {
                self.out.flow(from, to, kind);
            } else {
                tally.lost_where(NO_ENDS, || format!("to row {} of lane {}", to.index, to.lane.0));
            }
        }
        let nothing = self.num_slices == 0 && self.counters.iter().all(|c| c.at_ns.is_empty());
        for series in std::mem::take(&mut self.counters) {
            self.out.counter(series);
        }
        if nothing && !tally.diagnostics.is_clean() {
            return None;
        }
        self.out.diagnostics_mut().merge(std::mem::take(&mut tally.diagnostics));
        self.out.finish().ok()
    }
}

/// Why an arrow was lost.
pub(crate) const NO_ENDS: &str = "arrows whose ends are not the recording's";
