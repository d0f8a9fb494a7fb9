use serde::{Deserialize, Serialize};
use weftscope_traces::{LaneId, Span, excerpt::Wanted};

/// What of a document is not here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Slices of rows that were not in view.
    pub left_out: u64,
    /// Slices that stand folded in others.
    pub folded: u64,
    /// Of these, ops and marks.
    pub ops_folded: u64,
    /// Arrows.
    pub arrows_left_out: u64,
    /// Samples of counters.
    pub samples_left_out: u64,
    /// Slices there, of all of it.
    pub slices: u64,
    /// First start to last end there.
    pub whole: Span,
    /// Lanes that have not all their slices, as first and last of those in a row.
    pub partial_lanes: Vec<(LaneId, LaneId)>,
    /// What was wanted; `None`: all of it.
    pub(crate) wanted: Option<Wanted>,
}

impl Part {
    /// Nothing is missing.
    pub(super) fn all_of(slices: u64, whole: Span) -> Self {
        Self { slices, whole, ..Self::default() }
    }

    /// Slices that are as they are there.
    pub fn here(&self) -> u64 {
        self.slices.saturating_sub(self.left_out + self.folded)
    }

    /// True when nothing is missing.
    pub fn is_whole(&self) -> bool {
        self.left_out + self.folded + self.arrows_left_out + self.samples_left_out == 0
    }
}
