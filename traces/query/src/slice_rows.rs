//! Slices by number: which of all slices of a trace a row is, and what stands around it.

use std::sync::{Arc, OnceLock};

use weftscope_traces::analysis::{OpPlaces, Place};
use weftscope_traces::{Lane, LaneId, SliceRef, Trace, Track, TrackId};

use crate::relation::Search;

/// All slices of a trace, numbered lane by lane.
pub(crate) struct Numbered {
    pub(crate) trace: Arc<Trace>,
    /// Number of the first slice of each lane, then of all slices.
    firsts: Vec<usize>,
    /// Depth of each lane in its track.
    depths: Vec<u32>,
    /// Worked out when a query first asks for a layer, a half or a phase.
    places: OnceLock<OpPlaces>,
}

impl Numbered {
    pub(crate) fn of(trace: Arc<Trace>) -> Self {
        let mut firsts = vec![0];
        for lane in &trace.lanes {
            firsts.push(firsts[firsts.len() - 1] + lane.slices.len());
        }
        let mut depths = vec![0; trace.lanes.len()];
        for track in &trace.tracks {
            for (depth, lane) in (0..).zip(&track.lanes) {
                depths[lane.0 as usize] = depth;
            }
        }
        Self { trace, firsts, depths, places: OnceLock::new() }
    }

    /// Works out where ops belong of which labels do not tell, unless that is known.
    ///
    /// # Errors
    /// Where the query has to end before it is; it is then not known.
    pub(crate) fn find_places(&self, search: &Search<'_>) -> Result<(), String> {
        if self.places.get().is_none() {
            let places = match self.labels_tell_places() {
                true => OpPlaces::default(),
                false => OpPlaces::unless(&self.trace, &mut || search.go_on())?,
            };
            self.places.get_or_init(|| places);
        }
        Ok(())
    }

    /// True when slices of equal labels belong to the same layer, half and phase: where labels tell, they tell of every op.
    pub(crate) fn labels_tell_places(&self) -> bool {
        self.trace.labels.iter().any(|label| label.layer.is_some())
    }

    /// Where a slice belongs; as its label says, unless [places were found](Self::find_places) before.
    pub(crate) fn place(&self, lane: LaneId, index: usize) -> Place {
        let slice = SliceRef { lane, index: index as u32 };
        let by_order = self.places.get().and_then(|places| places.get(&self.trace, slice));
        by_order.unwrap_or_else(|| Place::of(self.trace.label_of(slice)))
    }

    /// Numbers of the slices of a lane.
    pub(crate) fn numbers(&self, lane: LaneId) -> std::ops::Range<usize> {
        self.firsts[lane.0 as usize]..self.firsts[lane.0 as usize + 1]
    }

    /// Number of a slice.
    pub(crate) fn number(&self, lane: LaneId, index: usize) -> i64 {
        (self.firsts[lane.0 as usize] + index) as i64
    }

    /// The slice of a number.
    pub(crate) fn slice(&self, number: i64) -> Option<(LaneId, usize)> {
        let number = usize::try_from(number).ok()?;
        let lane = self.firsts.partition_point(|&first| first <= number).checked_sub(1)?;
        (lane < self.trace.lanes.len()).then(|| (LaneId(lane as u32), number - self.firsts[lane]))
    }

    pub(crate) fn lane(&self, lane: LaneId) -> &Lane {
        self.trace.lane(lane)
    }

    pub(crate) fn track(&self, lane: LaneId) -> (TrackId, &Track) {
        let id = self.lane(lane).track;
        (id, self.trace.track(id))
    }

    pub(crate) fn depth(&self, lane: LaneId) -> u32 {
        self.depths[lane.0 as usize]
    }

    /// Number of the slice one level up that holds this one.
    pub(crate) fn parent(&self, lane: LaneId, index: usize) -> Option<i64> {
        let above = self.depth(lane).checked_sub(1)?;
        let above = *self.track(lane).1.lanes.get(above as usize)?;
        let span = self.lane(lane).slices.span(index);
        let slices = &self.lane(above).slices;
        let at = slices.start_ns.partition_point(|&start| start <= span.start_ns).checked_sub(1)?;
        (slices.end_ns[at] >= span.end_ns).then(|| self.number(above, at))
    }

    /// Whether every slice has a number of 32 bits, which the orders are made of.
    pub(crate) fn has_orders(&self) -> bool {
        self.firsts.last().is_some_and(|&all| u32::try_from(all).is_ok())
    }
}
