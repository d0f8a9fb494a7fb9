//! The way in which producers of traces make one, slice by slice.

use super::check::slice;
use super::{
    ArgStore, ArgsId, BuildError, CounterSeries, Diagnostics, FirstFree, Flow, FlowKind, Label,
    LabelId, Lane, LaneId, Meta, SliceRef, SliceTable, Span, Trace, TraceParts, Track, TrackId,
    TrackKind,
};

/// Collects a trace.
///
/// Tracks and lanes are declared first, slices pushed in any order; [`finish`](Self::finish) sorts what is not
/// sorted yet. Input that may overlap goes through [`push_packed`](Self::push_packed), which spreads it.
#[derive(Debug)]
pub struct TraceBuilder {
    trace: TraceParts,
    /// End of the last slice per lane, for lane packing.
    lane_end_ns: Vec<i64>,
    /// Per track that was packed: which of its lanes are free.
    packing: Vec<Option<FirstFree>>,
}

impl TraceBuilder {
    /// An empty trace.
    pub fn new(meta: Meta) -> Self {
        Self { trace: TraceParts::new(meta), lane_end_ns: Vec::new(), packing: Vec::new() }
    }

    /// The meta data, to complete it.
    pub fn meta_mut(&mut self) -> &mut Meta {
        &mut self.trace.meta
    }

    /// The diagnostics, to add to them.
    pub fn diagnostics_mut(&mut self) -> &mut Diagnostics {
        &mut self.trace.diagnostics
    }

    /// The argument store, to add rows.
    pub fn args_mut(&mut self) -> &mut ArgStore {
        &mut self.trace.args
    }

    /// Adds a track without lanes.
    pub fn track(
        &mut self,
        parent: Option<TrackId>,
        name: impl Into<String>,
        kind: TrackKind,
    ) -> TrackId {
        let id = TrackId(self.trace.tracks.len() as u32);
        self.trace.tracks.push(Track { parent, name: name.into(), kind, lanes: Vec::new() });
        id
    }

    /// Adds a lane to a track, below its others.
    pub fn lane(&mut self, track: TrackId) -> LaneId {
        let id = LaneId(self.trace.lanes.len() as u32);
        self.trace.lanes.push(Lane { track, slices: SliceTable::default() });
        self.lane_end_ns.push(i64::MIN);
        if let Some(Some(packing)) = self.packing.get_mut(track.0 as usize) {
            packing.push(i64::MIN);
        }
        self.trace.tracks[track.0 as usize].lanes.push(id);
        id
    }

    /// Adds a label.
    pub fn label(&mut self, label: Label) -> LabelId {
        let id = LabelId(self.trace.labels.len() as u32);
        self.trace.labels.push(label);
        id
    }

    /// The label of a slice, before [`finish`](Self::finish).
    pub fn label_of(&self, slice: SliceRef) -> &Label {
        let slices = &self.trace.lanes[slice.lane.0 as usize].slices;
        &self.trace.labels[slices.label[slice.index as usize].0 as usize]
    }

    /// Appends a slice to a lane.
    pub fn push(
        &mut self,
        lane: LaneId,
        span: Span,
        label: LabelId,
        args: ArgsId,
        item: u32,
    ) -> SliceRef {
        let index = lane.0 as usize;
        let Lane { track, slices } = &mut self.trace.lanes[index];
        slices.push(span, label, args, item);
        let end_ns = self.lane_end_ns[index].max(span.end_ns);
        self.lane_end_ns[index] = end_ns;
        if let Some(Some(packing)) = self.packing.get_mut(track.0 as usize) {
            // Lanes of a track have ascending ids.
            let lanes = &self.trace.tracks[track.0 as usize].lanes;
            packing.set(lanes.partition_point(|other| *other < lane), end_ns);
        }
        SliceRef { lane, index: slices.len() as u32 - 1 }
    }

    /// Appends a slice to the first lane of `track` that is free at its start, adding a lane when none is.
    ///
    /// Slices must come in order of start; later calls never move earlier slices.
    pub fn push_packed(
        &mut self,
        track: TrackId,
        span: Span,
        label: LabelId,
        args: ArgsId,
        item: u32,
    ) -> SliceRef {
        let lane = self.free_lane(track, span.start_ns).unwrap_or_else(|| {
            let lane = self.lane(track);
            // Where a track needs many lanes, most hold one slice.
            self.slices_mut(lane).reserve_exact(1);
            lane
        });
        self.push(lane, span, label, args, item)
    }

    /// The first lane of a track whose last slice ends by then.
    fn free_lane(&mut self, track: TrackId, start_ns: i64) -> Option<LaneId> {
        let lanes = &self.trace.tracks[track.0 as usize].lanes;
        let end_ns = |lane: LaneId| self.lane_end_ns[lane.0 as usize];
        // Most tracks never have more than one: nothing to search.
        if lanes.len() < 2 {
            return lanes.first().copied().filter(|&only| end_ns(only) <= start_ns);
        }
        if self.packing.len() <= track.0 as usize {
            self.packing.resize_with(self.trace.tracks.len(), || None);
        }
        let packing = self.packing[track.0 as usize].get_or_insert_with(|| {
            let mut packing = FirstFree::default();
            lanes.iter().for_each(|&lane| packing.push(end_ns(lane)));
            packing
        });
        packing.at(start_ns).map(|at| lanes[at])
    }

    /// The columns of a lane, for bulk appends by a recorder that keeps them sorted.
    #[inline]
    pub fn slices_mut(&mut self, lane: LaneId) -> &mut SliceTable {
        &mut self.trace.lanes[lane.0 as usize].slices
    }

    /// Adds an arrow.
    pub fn flow(&mut self, from: SliceRef, to: SliceRef, kind: FlowKind) {
        self.trace.flows.push(Flow { from, to, kind });
    }

    /// Adds a counter series.
    pub fn counter(&mut self, series: CounterSeries) {
        self.trace.counters.push(series);
    }

    /// Sorts, checks and hands out the trace.
    ///
    /// # Errors
    /// [`BuildError`] when slices of a lane overlap or an id points nowhere.
    pub fn finish(self) -> Result<Trace, BuildError> {
        let mut trace = self.trace;
        let new_rows = sort_lanes(&mut trace);
        for flow in &mut trace.flows {
            for end in [&mut flow.from, &mut flow.to] {
                slice(*end, &trace.lanes)?;
                if let Some(new_row) = &new_rows[end.lane.0 as usize] {
                    end.index = new_row[end.index as usize];
                }
            }
        }
        trace.flows.sort_by_key(|flow| (flow.from, flow.to));
        // What was reserved for more is given back: a trace lives longer than it takes to make.
        trace.flows.shrink_to_fit();
        trace.lanes.iter_mut().for_each(|lane| lane.slices.shrink_to_fit());
        for counter in &mut trace.counters {
            sort_counter(counter);
        }
        Trace::checked(trace)
    }
}

/// Sorts lanes that are not sorted; gives, per such lane, old row → new row.
fn sort_lanes(trace: &mut TraceParts) -> Vec<Option<Vec<u32>>> {
    trace
        .lanes
        .iter_mut()
        .map(|lane| {
            let slices = &mut lane.slices;
            // Columns of several lengths have no rows to sort; the check will name them.
            if slices.start_ns.is_sorted() || !slices.is_rectangular() {
                return None;
            }
            let mut order: Vec<u32> = (0..slices.len() as u32).collect();
            order.sort_by_key(|&row| (slices.start_ns[row as usize], slices.end_ns[row as usize]));
            let mut sorted = SliceTable::default();
            sorted.reserve(order.len());
            let mut new_row = vec![0; order.len()];
            for (new, &old) in order.iter().enumerate() {
                let old = old as usize;
                new_row[old] = new as u32;
                sorted.push(
                    slices.span(old),
                    slices.label[old],
                    slices.args[old],
                    slices.item[old],
                );
            }
            *slices = sorted;
            Some(new_row)
        })
        .collect()
}

fn sort_counter(counter: &mut CounterSeries) {
    if counter.at_ns.is_sorted() || counter.at_ns.len() != counter.value.len() {
        return;
    }
    let mut pairs: Vec<(i64, f64)> =
        counter.at_ns.iter().copied().zip(counter.value.iter().copied()).collect();
    pairs.sort_by_key(|pair| pair.0);
    (counter.at_ns, counter.value) = pairs.into_iter().unzip();
}
