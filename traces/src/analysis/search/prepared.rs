use super::{
    Query,
    filter::{Filter, Length},
};
use crate::model::{LabelId, LaneId, SliceRef, Trace};

/// A query prepared for one trace: which labels and which lanes can match, and how long a hit is.
#[derive(Clone, Debug)]
pub struct Search {
    query: Query,
    /// One flag a label.
    pub(super) labels: Vec<bool>,
    /// Lanes looked at, ascending.
    pub(super) lanes: Vec<LaneId>,
    length: Length,
}

impl Search {
    /// Prepares `query` for `trace`. One that asks for nothing, or has a wrong word, finds nothing.
    pub fn new(trace: &Trace, query: Query) -> Self {
        let asks = !query.is_empty() && query.wrong().is_none();
        let labels = trace.labels.iter().map(|label| asks && query.accepts_label(label)).collect();
        let kind = |lane: &LaneId| &trace.track(trace.lane(*lane).track).kind;
        let all = || (0..trace.lanes.len() as u32).map(LaneId);
        let mut lanes: Vec<LaneId> = all().filter(|lane| query.looks_at(kind(lane))).collect();
        // A trace of blocks alone has no ops to look for.
        if lanes.is_empty() && !query.names_rows() {
            lanes = all().filter(|lane| query.admits(kind(lane))).collect();
        }
        let lengths = query.filters.iter().filter_map(Filter::length);
        let length = lengths.fold(Length::ANY, Length::intersect);
        Self { query, labels, lanes, length }
    }

    /// True when something is asked for that can be found.
    pub fn is_active(&self) -> bool {
        !self.query.is_empty() && self.query.wrong().is_none()
    }

    /// What was asked.
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// True when slices on this lane are looked at.
    pub fn looks_at(&self, lane: LaneId) -> bool {
        self.lanes.binary_search(&lane).is_ok()
    }

    /// Lanes looked at, ascending.
    pub fn lanes(&self) -> &[LaneId] {
        &self.lanes
    }

    /// True when nothing that was asked shuts this lane out, whether it is looked at or not: the blocks of an op lie on
    /// lanes that are not looked at unless `in:sm` asks for them, and belong to it all the same.
    pub fn admits(&self, trace: &Trace, lane: LaneId) -> bool {
        self.query.admits(&trace.track(trace.lane(lane).track).kind)
    }

    /// True when a slice with this label may match, its row and length aside.
    pub fn accepts_label(&self, label: LabelId) -> bool {
        self.labels.get(label.0 as usize).copied().unwrap_or(false)
    }

    /// How long a hit is.
    pub fn length(&self) -> Length {
        self.length
    }

    /// True when this slice matches.
    pub fn is_hit(&self, trace: &Trace, slice: SliceRef) -> bool {
        self.looks_at(slice.lane) && self.matches(trace, slice.lane, slice.index as usize)
    }

    /// Slices on the rows looked at: what finding the hits costs.
    pub fn num_slices(&self, trace: &Trace) -> usize {
        self.lanes.iter().map(|&lane| trace.lane(lane).slices.len()).sum()
    }

    pub(super) fn matches(&self, trace: &Trace, lane: LaneId, row: usize) -> bool {
        let slices = &trace.lane(lane).slices;
        self.accepts_label(slices.label[row])
            && (self.length == Length::ANY || self.length.contains(slices.span(row).len_ns()))
    }
}
