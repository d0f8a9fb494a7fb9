use serde::{Deserialize, Serialize};
use weftscope_traces::{LaneId, Span, Trace, excerpt::Wanted};

#[cfg(not(target_arch = "wasm32"))]
use crate::timeline::Sight;

/// By how much a glance is coarser than what is drawn; a power of two.
const COARSER: i64 = 8;
/// Stretches into which a glance cuts what is not seen.
const COLUMNS_OUTSIDE: i64 = 16;
/// Slices of a lane that a glance shows as they are.
const MOST_WHOLE: usize = 256;
/// Lanes of which all that is seen is sent at once.
const MOST_LIGHT: usize = 16;

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
    #[cfg(not(target_arch = "wasm32"))]
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

    /// The same at a glance: what is seen and no more, coarsely, and hardly anything of the rest.
    pub(super) fn glanced(&self, trace: &Trace) -> Wanted {
        let whole = trace.span();
        let wanted = self.wanted(trace);
        let resolution_ns = wanted.resolution_ns.saturating_mul(COARSER);
        let outside_ns = (whole.len_ns() / COLUMNS_OUTSIDE).max(resolution_ns).max(1);
        Wanted {
            window: self.window.unwrap_or(whole),
            resolution_ns,
            outside_ns: 1 << outside_ns.ilog2(),
            most_whole: MOST_WHOLE,
            ..wanted
        }
    }

    /// So many rows are on the screen that what they show takes long on a slow link.
    pub(crate) fn is_heavy(&self) -> bool {
        self.lanes.len() > MOST_LIGHT
    }

    /// Whether what was sent shows that as well.
    pub(crate) fn is_served_by(&self, wanted: &Wanted, whole: Span) -> bool {
        wanted.serves(self.window.unwrap_or(whole), self.resolution_ns, &self.lanes)
    }
}
