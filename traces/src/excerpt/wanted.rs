use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{LaneId, Span};

/// What a view wants of a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// The time that is seen, and what lies beside it.
    pub window: Span,
    /// In it slices shorter than this are folded, ns; a power of two.
    pub resolution_ns: i64,
    /// The same outside of it.
    pub outside_ns: i64,
    /// Lanes that are seen. Ops on streams and marks come unasked.
    pub lanes: BTreeSet<LaneId>,
    /// Lanes of no more slices are not folded.
    pub most_whole: usize,
}

impl Wanted {
    /// Columns in which what is not seen is shown.
    const COLUMNS: i64 = 1024;
    /// Slices of a lane that come as they are, however short.
    const MOST_WHOLE: usize = 2048;

    /// A first look at a trace that reaches over `whole`: all of it coarsely, and no more rows than come unasked.
    pub fn first(whole: Span) -> Self {
        let resolution_ns = coarse_ns(whole);
        Self {
            window: whole,
            resolution_ns,
            outside_ns: resolution_ns,
            lanes: BTreeSet::new(),
            most_whole: Self::MOST_WHOLE,
        }
    }

    /// What a view of `window` on these lanes shows at a resolution, with as much on either side.
    pub fn seen(
        whole: Span,
        window: Span,
        resolution_ns: i64,
        lanes: impl IntoIterator<Item = LaneId>,
    ) -> Self {
        let beside_ns = window.len_ns();
        let window = Span::new(
            window.start_ns.saturating_sub(beside_ns),
            window.end_ns.saturating_add(beside_ns),
        );
        let resolution_ns = power_of_two(resolution_ns);
        Self {
            window,
            resolution_ns,
            outside_ns: coarse_ns(whole).max(resolution_ns),
            lanes: lanes.into_iter().collect(),
            most_whole: Self::MOST_WHOLE,
        }
    }

    /// Whether what comes shows a view of `window` on these lanes as well.
    pub fn serves(&self, window: Span, resolution_ns: i64, lanes: &[LaneId]) -> bool {
        self.resolution_ns <= power_of_two(resolution_ns)
            && self.window.start_ns <= window.start_ns
            && window.end_ns <= self.window.end_ns
            && lanes.iter().all(|lane| self.lanes.contains(lane))
    }

    pub(super) fn has_lane(&self, index: usize) -> bool {
        u32::try_from(index).is_ok_and(|index| self.lanes.contains(&LaneId(index)))
    }

    /// Slices that start at this time are folded when they are shorter than this, ns.
    pub(super) fn resolution_at(&self, at_ns: i64) -> i64 {
        let is_inside = self.window.start_ns <= at_ns && at_ns < self.window.end_ns;
        if is_inside { self.resolution_ns } else { self.outside_ns }.max(1)
    }

    /// The stretch that a time lies in: its start and its length, ns.
    pub(super) fn bucket(&self, at_ns: i64) -> (i64, i64) {
        let resolution_ns = self.resolution_at(at_ns);
        (at_ns.div_euclid(resolution_ns), resolution_ns)
    }
}

/// The largest power of two that is no longer; 1 at least.
fn power_of_two(ns: i64) -> i64 {
    1 << ns.max(1).ilog2()
}

fn coarse_ns(whole: Span) -> i64 {
    power_of_two(whole.len_ns() / Wanted::COLUMNS)
}
