//! Where does the GPU wait for the host to launch, kernel after kernel?

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::GpuOp;
use super::idle::Found;
use super::stats::share;
use crate::model::{SliceRef, Span};

/// Ops whose launch was called only when nothing of the rank ran any more.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LaunchBound {
    /// How many such ops.
    pub ops: usize,
    /// Of how many ops.
    pub of_ops: usize,
    /// Stretches of at least [`LaunchBound::LEAST`] of them in a row.
    pub count: usize,
    /// Sum of the stretches.
    pub total_ns: i64,
    /// That over the rank's span, 0…1.
    pub share: f64,
    /// The longest first, at most [`LaunchBound::KEPT`].
    pub longest: Vec<LaunchBoundStretch>,
}

/// Ops in a row of which each was launched only when nothing ran any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchBoundStretch {
    /// From the start of the first gap to the end of the last op.
    pub span: Span,
    /// Ops launched late.
    pub ops: usize,
    /// Time in which nothing ran.
    pub idle_ns: i64,
    /// The first of the ops.
    pub first: SliceRef,
}

impl LaunchBound {
    /// Ops that make a stretch.
    pub const LEAST: usize = 4;
    /// Stretches listed; the rest is counted.
    pub const KEPT: usize = 100;
    /// Ops that were launched in time and do not end a stretch, one after the other.
    const BETWEEN: usize = 1;
}

/// Finds the stretches among the ops of one rank, which are in order of start, and its gaps.
pub(super) fn launch_bound(ops: &[GpuOp], gaps: &[Found<'_>], span: Span) -> Option<LaunchBound> {
    gaps.iter().any(|gap| gap.call.is_some()).then_some(())?;
    // The first op of all was launched with nothing before it, and counts for none.
    let mut stretches: Vec<LaunchBoundStretch> = Vec::new();
    let mut all = LaunchBound { of_ops: ops.len(), ..LaunchBound::default() };
    let mut gaps = gaps.iter().peekable();
    let mut open: Option<LaunchBoundStretch> = None;
    let mut in_time = 0;
    for op in ops {
        let gap = gaps.next_if(|gap| gap.after.slice == op.slice);
        let late = gap.filter(|gap| gap.uncalled_ns > Some(0));
        let Some(gap) = late else {
            in_time += 1;
            if in_time > LaunchBound::BETWEEN {
                stretches.extend(open.take());
            }
            continue;
        };
        in_time = 0;
        all.ops += 1;
        let new = LaunchBoundStretch { span: gap.span, ops: 0, idle_ns: 0, first: op.slice };
        let stretch = open.get_or_insert(new);
        stretch.ops += 1;
        stretch.idle_ns += gap.span.len_ns();
        stretch.span.end_ns = stretch.span.end_ns.max(op.span.end_ns);
    }
    stretches.extend(open);
    stretches.retain(|stretch| stretch.ops >= LaunchBound::LEAST);
    all.count = stretches.len();
    all.total_ns = stretches.iter().map(|stretch| stretch.span.len_ns()).sum();
    all.share = share(all.total_ns, span.len_ns());
    stretches.sort_by_key(|stretch| (Reverse(stretch.span.len_ns()), stretch.span.start_ns));
    stretches.truncate(LaunchBound::KEPT);
    all.longest = stretches;
    Some(all)
}
