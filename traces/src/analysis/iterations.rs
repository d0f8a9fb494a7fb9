//! Where one iteration ends and the next begins.

use serde::{Deserialize, Serialize};

use crate::model::{LaneId, Span, Trace};

/// One iteration (training or inference step) of a rank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Iteration {
    /// Position in the trace, from 0.
    pub index: usize,
    /// As the mark names it, e.g. `iteration 3` or `ProfilerStep#12`.
    pub name: String,
    /// From the mark's start to its end.
    pub span: Span,
}

/// The iteration in which something that starts at `at_ns` lies, by position; 0 without marks.
pub(super) fn iteration_at(iterations: &[Iteration], at_ns: i64) -> usize {
    let started = |mark: &Iteration| mark.span.start_ns <= at_ns;
    iterations.partition_point(started).saturating_sub(1)
}

/// The iterations that marks on this lane show; empty without one.
///
/// An op belongs to the iteration in which it starts, so every op belongs to at most one.
pub(super) fn iterations(trace: &Trace, lane: Option<LaneId>) -> Vec<Iteration> {
    let Some(slices) = lane.map(|lane| &trace.lane(lane).slices) else { return Vec::new() };
    let of = |row| Iteration {
        index: row,
        name: trace.label(slices.label[row]).name.clone(),
        span: slices.span(row),
    };
    (0..slices.len()).map(of).collect()
}
