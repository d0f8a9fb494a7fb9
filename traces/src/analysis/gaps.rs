//! When does a rank run nothing, and what was waited for?

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::gpu_ops::gpu_ops;
use super::idle::{Found, Host, IdleCause, IdleCauses, gaps_of, idle_of};
use super::intervals::IntervalSet;
use super::rank_rows::rows_of;
use super::{GpuOp, Ops, RankOps};
use crate::model::{Kind, SliceRef, Span, Trace};

/// Time in which a rank runs nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GapReport {
    /// By rank.
    pub ranks: Vec<RankGaps>,
    /// The longest first, of all ranks, at most [`GapReport::KEPT`].
    pub longest: Vec<Gap>,
}

/// The gaps of one rank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankGaps {
    /// The rank.
    pub rank: u32,
    /// How many.
    pub count: usize,
    /// Their sum: what [`breakdown`](super::breakdown()) calls idle.
    pub total_ns: i64,
    /// Part of the sum in which the call that launches the next op had not returned; `None` when not one launch of an op
    /// behind a gap is known.
    pub unlaunched_ns: Option<i64>,
    /// What was waited for; the sum is [`RankGaps::total_ns`].
    pub causes: IdleCauses,
}

/// One stretch of time between the first and the last op of a rank in which nothing runs on any of its streams.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The rank.
    pub rank: u32,
    /// When.
    pub span: Span,
    /// Position among the rank's iterations, when it starts in one.
    pub iteration: Option<usize>,
    /// The op that ends where it begins: of several, one of the stream of [`Gap::after`].
    pub before: GapOp,
    /// The op that starts where it ends: of several, the one of the lowest stream.
    pub after: GapOp,
    /// How the op after it was launched; `None` when no arrow joins it to a call of the host.
    pub launch: Option<GapLaunch>,
    /// What was waited for; the sum is the gap.
    pub causes: IdleCauses,
    /// The cause with most of it.
    pub cause: Option<IdleCause>,
}

/// An op beside a gap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapOp {
    /// The op.
    pub slice: SliceRef,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
}

/// The host's call that launched the op after a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapLaunch {
    /// The call.
    pub call: SliceRef,
    /// From the call's end to the op's start, as Holistic Trace Analysis has it; 0 when the op starts before its call
    /// returns.
    pub delay_ns: i64,
    /// Part of the gap in which the call had not returned. 0: the op lay ready and waited for something else, such as an
    /// op of another rank or stream; the whole gap: nothing but the launch was waited for.
    pub unlaunched_ns: i64,
}

impl GapReport {
    /// Gaps listed; the rest is counted.
    pub const KEPT: usize = 1000;
}

/// The spans between a rank's first and last op in which nothing runs on its streams.
pub fn gap_spans(trace: &Trace, rank: u32) -> IntervalSet {
    gaps_of(&gpu_ops(trace, &rows_of(trace, rank)))
}

/// Every rank's gaps.
pub fn gaps(ops: &Ops<'_>) -> GapReport {
    let host = Host::of(ops.trace);
    let (mut ranks, mut found) = (Vec::new(), Vec::new());
    for rank in &ops.ranks {
        let own = idle_of(&host, &rank.ops);
        let launches = || own.iter().filter_map(|gap| launch(&host, gap));
        let unlaunched_ns = launches().map(|launch| launch.unlaunched_ns).sum();
        let sum = |sum: IdleCauses, gap: &Found<'_>| sum.plus(&gap.causes);
        ranks.push(RankGaps {
            rank: rank.rank,
            count: own.len(),
            total_ns: own.iter().map(|gap| gap.span.len_ns()).sum(),
            unlaunched_ns: launches().next().map(|_| unlaunched_ns),
            causes: own.iter().fold(IdleCauses::default(), sum),
        });
        found.extend(own.into_iter().map(|gap| (rank, gap)));
    }
    found.sort_by_key(|(rank, gap)| (Reverse(gap.span.len_ns()), gap.span.start_ns, rank.rank));
    let kept = found.into_iter().take(GapReport::KEPT);
    let longest = kept.map(|(rank, gap)| describe(&host, ops.trace, rank, &gap)).collect();
    GapReport { ranks, longest }
}

fn describe(host: &Host<'_>, trace: &Trace, rank: &RankOps<'_>, gap: &Found<'_>) -> Gap {
    let op = |op: &GpuOp| GapOp {
        slice: op.slice,
        name: trace.label(op.label).name.clone(),
        kind: op.kind,
    };
    Gap {
        rank: rank.rank,
        span: gap.span,
        iteration: rank.iteration_at(gap.span.start_ns),
        before: op(gap.before),
        after: op(gap.after),
        launch: launch(host, gap),
        causes: gap.causes,
        cause: gap.causes.main(),
    }
}

fn launch(host: &Host<'_>, gap: &Found<'_>) -> Option<GapLaunch> {
    let call = gap.call?;
    let returned_ns = host.span_of(call).end_ns;
    let Span { start_ns, end_ns } = gap.span;
    Some(GapLaunch {
        call,
        delay_ns: (end_ns - returned_ns).max(0),
        unlaunched_ns: (returned_ns - start_ns).clamp(0, gap.span.len_ns()),
    })
}

#[cfg(test)]
mod tests;
