//! When does a rank run nothing, and was the next op launched late or did it wait?

use std::cmp::Reverse;
use std::collections::HashMap;

use serde::Serialize;

use super::gpu_ops::gpu_ops;
use super::intervals::IntervalSet;
use super::rank_rows::rows_of;
use super::{GpuOp, Ops, RankOps};
use crate::model::{FlowKind, Kind, SliceRef, Span, Trace, TrackKind};

/// Time in which a rank runs nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct GapReport {
    /// By rank.
    pub ranks: Vec<RankGaps>,
    /// The longest first, of all ranks, at most [`GapReport::KEPT`].
    pub longest: Vec<Gap>,
}

/// The gaps of one rank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
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
}

/// One stretch of time between the first and the last op of a rank in which nothing runs on any of its streams.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
}

/// An op beside a gap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GapOp {
    /// The op.
    pub slice: SliceRef,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
}

/// The host's call that launched the op after a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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

/// What the op after a gap waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GapCause {
    /// Its launch: for at least half of the gap its call had not returned.
    LateLaunch,
    /// Something else, such as an op of another rank or stream: it lay ready for most of the gap.
    Dependency,
}

impl GapLaunch {
    /// What the op after this `gap` mostly waited for.
    pub fn cause(&self, gap: Span) -> GapCause {
        if 2 * self.unlaunched_ns >= gap.len_ns() {
            GapCause::LateLaunch
        } else {
            GapCause::Dependency
        }
    }
}

impl GapReport {
    /// Gaps listed; the rest is counted.
    pub const KEPT: usize = 1000;
}

/// The spans between a rank's first and last op in which nothing runs on its streams.
pub fn gap_spans(trace: &Trace, rank: u32) -> IntervalSet {
    gaps_of(&gpu_ops(trace, &rows_of(trace, rank)))
}

fn gaps_of(ops: &[GpuOp]) -> IntervalSet {
    ops.iter().map(|op| op.span).collect::<IntervalSet>().holes()
}

/// Every rank's gaps.
pub fn gaps(ops: &Ops<'_>) -> GapReport {
    let calls = launch_calls(ops.trace);
    let (mut ranks, mut found) = (Vec::new(), Vec::new());
    for rank in &ops.ranks {
        let own = of_rank(ops.trace, rank, &calls);
        let launches = || own.iter().filter_map(|gap| gap.launch);
        let unlaunched_ns = launches().map(|launch| launch.unlaunched_ns).sum();
        ranks.push(RankGaps {
            rank: rank.rank,
            count: own.len(),
            total_ns: own.iter().map(|gap| gap.span.len_ns()).sum(),
            unlaunched_ns: launches().next().map(|_| unlaunched_ns),
        });
        found.extend(own.into_iter().map(|gap| (rank, gap)));
    }
    found.sort_by_key(|(rank, gap)| (Reverse(gap.span.len_ns()), gap.span.start_ns, rank.rank));
    let kept = found.into_iter().take(GapReport::KEPT);
    let longest = kept.map(|(rank, gap)| gap.describe(ops.trace, rank)).collect();
    GapReport { ranks, longest }
}

/// A gap before its ops are named.
struct Found<'a> {
    span: Span,
    before: &'a GpuOp,
    after: &'a GpuOp,
    launch: Option<GapLaunch>,
}

impl Found<'_> {
    fn describe(&self, trace: &Trace, rank: &RankOps<'_>) -> Gap {
        let op = |op: &GpuOp| GapOp {
            slice: op.slice,
            name: trace.label(op.label).name.clone(),
            kind: op.kind,
        };
        Gap {
            rank: rank.rank,
            span: self.span,
            iteration: rank.marked_iteration(self.span.start_ns),
            before: op(self.before),
            after: op(self.after),
            launch: self.launch,
        }
    }
}

fn of_rank<'a>(
    trace: &Trace,
    rank: &'a RankOps<'_>,
    calls: &HashMap<SliceRef, SliceRef>,
) -> Vec<Found<'a>> {
    // Ops that are empty fill no gap, so none lies beside one.
    let starts: Vec<&GpuOp> = rank.ops.iter().filter(|op| !op.span.is_empty()).collect();
    let mut ends = starts.clone();
    ends.sort_by_key(|op| op.span.end_ns);
    let beside = |span: Span| {
        let first = starts.partition_point(|op| op.span.start_ns < span.end_ns);
        let after = starts[first..].iter().take_while(|op| op.span.start_ns == span.end_ns);
        let after = *after.min_by_key(|op| (op.stream, op.slice))?;
        let first = ends.partition_point(|op| op.span.end_ns < span.start_ns);
        let before = ends[first..].iter().take_while(|op| op.span.end_ns == span.start_ns);
        let before = *before.min_by_key(|op| (op.stream != after.stream, op.slice))?;
        let launch = calls.get(&after.slice).map(|&call| launch(trace, call, span));
        Some(Found { span, before, after, launch })
    };
    gaps_of(&rank.ops).spans().iter().filter_map(|&span| beside(span)).collect()
}

fn launch(trace: &Trace, call: SliceRef, gap: Span) -> GapLaunch {
    let returned_ns = trace.span_of(call).end_ns;
    GapLaunch {
        call,
        delay_ns: (gap.end_ns - returned_ns).max(0),
        unlaunched_ns: (returned_ns - gap.start_ns).clamp(0, gap.len_ns()),
    }
}

/// By op, the host's call that launched it: the last of several.
fn launch_calls(trace: &Trace) -> HashMap<SliceRef, SliceRef> {
    let is_of_host = |slice: SliceRef| {
        let track = trace.track(trace.lane(slice.lane).track);
        matches!(track.kind, TrackKind::HostThread { .. })
    };
    let launches = trace.flows.iter().filter(|flow| flow.kind == FlowKind::Launch);
    let mut calls: HashMap<SliceRef, SliceRef> = HashMap::new();
    for flow in launches.filter(|flow| is_of_host(flow.from)) {
        let call = calls.entry(flow.to).or_insert(flow.from);
        if trace.span_of(flow.from).end_ns > trace.span_of(*call).end_ns {
            *call = flow.from;
        }
    }
    calls
}

#[cfg(test)]
mod tests;
