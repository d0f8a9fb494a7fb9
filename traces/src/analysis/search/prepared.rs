use std::sync::Arc;

use super::{
    Query,
    filter::{Filter, Length},
};
use crate::analysis::OpPlaces;
use crate::model::{LaneId, SliceRef, Trace};

/// A query prepared for one trace: which labels and which lanes can match, and how long a hit is.
#[derive(Clone, Debug)]
pub struct Search {
    query: Query,
    /// One flag a label: what it says is asked for.
    labels: Vec<bool>,
    /// What labels do not say of where ops belong, and one flag a label: its name and kind are asked for. `None` where
    /// labels say all that is asked.
    placed: Option<(Arc<OpPlaces>, Vec<bool>)>,
    /// Lanes looked at, ascending.
    pub(super) lanes: Vec<LaneId>,
    length: Length,
}

impl Search {
    /// Prepares `query` for `trace`, whose labels tell where ops belong. One that asks for nothing, or has a wrong word,
    /// finds nothing.
    pub fn new(trace: &Trace, query: Query) -> Self {
        Self::placed(trace, query, &Arc::default())
    }

    /// The same where `places` tell of some ops where they belong.
    pub fn placed(trace: &Trace, query: Query, places: &Arc<OpPlaces>) -> Self {
        let asks = !query.is_empty() && query.wrong().is_none();
        let labels = trace.labels.iter().map(|label| asks && query.accepts_label(label)).collect();
        let placed = (asks && query.asks_place() && !places.is_empty()).then(|| {
            let named = trace.labels.iter().map(|label| query.accepts_name(label)).collect();
            (Arc::clone(places), named)
        });
        let kind = |lane: &LaneId| &trace.track(trace.lane(*lane).track).kind;
        let all = || (0..trace.lanes.len() as u32).map(LaneId);
        let mut lanes: Vec<LaneId> = all().filter(|lane| query.looks_at(kind(lane))).collect();
        // A trace of blocks alone has no ops to look for.
        if lanes.is_empty() && !query.names_rows() {
            lanes = all().filter(|lane| query.admits(kind(lane))).collect();
        }
        let lengths = query.filters.iter().filter_map(Filter::length);
        let length = lengths.fold(Length::ANY, Length::intersect);
        Self { query, labels, placed, lanes, length }
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

    /// True when what is known of this slice matches, its row and length aside.
    pub fn accepts(&self, trace: &Trace, slice: SliceRef) -> bool {
        let label = trace.lane(slice.lane).slices.label[slice.index as usize].0 as usize;
        let placed = self.placed.as_ref();
        match placed.and_then(|(places, named)| Some((places.get(trace, slice)?, named))) {
            Some((place, named)) => named[label] && self.query.accepts_place(place),
            None => self.labels[label],
        }
    }

    /// True when there is a label with which a slice may match.
    pub(super) fn may_find(&self) -> bool {
        let any = |flags: &Vec<bool>| flags.contains(&true);
        any(&self.labels) || self.placed.as_ref().is_some_and(|(_, named)| any(named))
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
        self.accepts(trace, SliceRef { lane, index: row as u32 })
            && (self.length == Length::ANY || self.length.contains(slices.span(row).len_ns()))
    }
}
