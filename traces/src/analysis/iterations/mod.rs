//! Which op belongs to which iteration.
//!
//! An iteration is a set of ops: what the program launched in one turn of its loop. Two things tell which those are.
//! Marks on the GPU's time (Kineto's `ProfilerStep`, those of our own recorders) are stretches of time, often of one stream
//! alone, so that what ends a step on another stream begins behind them. Ranges of the host that number iterations hold the
//! calls of a step, and a call knows what it launched: where launches are recorded they decide, whenever an op runs. An op
//! of unknown launch belongs to the mark in which it starts; what nothing says is in no iteration, and is counted.
//!
//! An iteration lasts as its mark says, and to the last op that is known to be launched in it. So neighbouring ones may
//! overlap in time, though no op is in two. What is summed over ops has those of the iteration alone; what is asked of a
//! stretch of time (how long it takes, what a comparison says of it) has whatever runs in that stretch.

mod assign;
mod host_steps;

use serde::{Deserialize, Serialize};

use super::GpuOp;
use crate::model::{LaneId, Span, Trace};

pub(super) use assign::assign;
pub(super) use host_steps::HostSteps;

/// One iteration (training or inference step) of a rank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Iteration {
    /// Position in the trace, from 0, in order of start.
    pub index: usize,
    /// As the mark or the host's range names it, e.g. `iteration 3` or `ProfilerStep#12`.
    pub name: String,
    /// From the start of its mark, or of the first op known to be launched in it, to the end of the last of both.
    pub span: Span,
}

/// The iteration of an op by position: its own, and of one in none that which started last before it, else the first.
pub(super) fn iteration_of(iterations: &[Iteration], op: &GpuOp) -> usize {
    let started = |iteration: &Iteration| iteration.span.start_ns <= op.span.start_ns;
    op.iteration().unwrap_or_else(|| iterations.partition_point(started).saturating_sub(1))
}

/// The iterations that marks on this lane show, by nothing but those; empty without one.
pub(super) fn marks(trace: &Trace, lane: Option<LaneId>) -> Vec<Iteration> {
    let Some(slices) = lane.map(|lane| &trace.lane(lane).slices) else { return Vec::new() };
    let of = |row| Iteration {
        index: row,
        name: trace.label(slices.label[row]).name.clone(),
        span: slices.span(row),
    };
    (0..slices.len()).map(of).collect()
}

#[cfg(test)]
mod tests;
