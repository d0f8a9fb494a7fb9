use serde::{Deserialize, Serialize};
use weftscope_traces::{LaneId, Span, Trace, excerpt::Wanted};

use crate::timeline::Sight;

/// How a document is looked at, as the end that holds it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Look {
    /// Time in view; `None`: all of it.
    window: Option<Span>,
    /// What is shorter is not told apart, ns.
    resolution_ns: i64,
    /// Lanes on the screen.
    lanes: Vec<LaneId>,
}

impl Look {
    /// As a timeline was drawn.
    pub(crate) fn of(sight: &Sight) -> Self {
        let (window, resolution_ns, lanes) = sight.facts();
        Self { window, resolution_ns, lanes: lanes.to_vec() }
    }

    /// What that shows of a trace, which may be another than was looked at.
    pub(super) fn wanted(&self, trace: &Trace) -> Wanted {
        let whole = trace.span();
        // What a view of all of it leaves free at both ends holds nothing.
        let window = self.window.unwrap_or(whole);
        let is_there = |lane: &LaneId| (lane.0 as usize) < trace.lanes.len();
        Wanted::seen(whole, window, self.resolution_ns, self.lanes.iter().copied().filter(is_there))
    }

    /// Whether what was sent shows that as well.
    pub(crate) fn is_served_by(&self, wanted: &Wanted, whole: Span) -> bool {
        wanted.serves(self.window.unwrap_or(whole), self.resolution_ns, &self.lanes)
    }
}
