//! Why does nothing run? Every gap between a rank's ops, cut into what was waited for.
//!
//! The op that ends a gap is what was waited for, so its launch decides. Until its call begins, the host is asked: it sits
//! in a call that synchronises, or in one that talks to other ranks, or is busy with something else. From then until the
//! launch can have arrived, the launch is late. What is left lay ready: for an op before it on another rank, on another stream
//! or on its own. Where no call is known and no dependency either, the cause is not known.

mod causes;
mod host;

pub use causes::{IdleCause, IdleCauses};
pub(crate) use host::Host;
pub(super) use host::launch_calls;

use super::GpuOp;
use super::intervals::IntervalSet;
use crate::model::{SliceRef, Span};
use host::Producer;

/// A launch that takes longer to arrive, or an op that starts longer after the one before it on its stream, waits for
/// something else. Launches of idle H100s and H200s arrive within 5 to 10 µs of their call's return, ops in a row on one
/// stream follow each other in 1 to 3 µs.
pub(crate) const LATENCY_NS: i64 = 20_000;

/// A gap, the ops beside it and what it was waited for.
pub(super) struct Found<'a> {
    pub(super) span: Span,
    pub(super) before: &'a GpuOp,
    pub(super) after: &'a GpuOp,
    /// The call that launched the op after it.
    pub(super) call: Option<SliceRef>,
    /// The part of the gap in which that call had not begun; `None` without one.
    pub(super) uncalled_ns: Option<i64>,
    /// Their sum is the gap.
    pub(super) causes: IdleCauses,
}

/// The time between the first and the last of some ops in which none runs.
pub(super) fn gaps_of(ops: &[GpuOp]) -> IntervalSet {
    ops.iter().map(|op| op.span).collect::<IntervalSet>().holes()
}

/// Every gap between some ops of one rank, in order of time.
pub(super) fn idle_of<'a>(host: &Host<'_>, ops: &'a [GpuOp]) -> Vec<Found<'a>> {
    // Ops that are empty fill no gap, so none lies beside one.
    let starts: Vec<&GpuOp> = ops.iter().filter(|op| !op.span.is_empty()).collect();
    let mut ends = starts.clone();
    ends.sort_by_key(|op| op.span.end_ns);
    let beside = |span: Span| {
        let first = starts.partition_point(|op| op.span.start_ns < span.end_ns);
        let after = starts[first..].iter().take_while(|op| op.span.start_ns == span.end_ns);
        let after = *after.min_by_key(|op| (op.stream, op.slice))?;
        let first = ends.partition_point(|op| op.span.end_ns < span.start_ns);
        let before = ends[first..].iter().take_while(|op| op.span.end_ns == span.start_ns);
        let before = *before.min_by_key(|op| (op.stream != after.stream, op.slice))?;
        Some(found(host, span, before, after))
    };
    gaps_of(ops).spans().iter().filter_map(|&span| beside(span)).collect()
}

fn found<'a>(host: &Host<'_>, span: Span, before: &'a GpuOp, after: &'a GpuOp) -> Found<'a> {
    let call = host.call(after.slice);
    let mut causes = IdleCauses::default();
    let mut rest = span;
    let mut uncalled_ns = None;
    if let Some(call) = call {
        let called = host.span_of(call);
        let until = |at_ns: i64| at_ns.clamp(span.start_ns, span.end_ns);
        let begun_ns = until(called.start_ns);
        uncalled_ns = Some(begun_ns - span.start_ns);
        host.divide(call, Span::new(span.start_ns, begun_ns), &mut causes);
        let is_late = called.start_ns >= span.start_ns;
        let latency_ns = if is_late { LATENCY_NS } else { 0 };
        let arrived_ns = until(called.end_ns.saturating_add(latency_ns)).max(begun_ns);
        causes.add(IdleCause::Launch, arrived_ns - begun_ns);
        rest = Span::new(arrived_ns, span.end_ns);
    }
    ready(host, rest, (before, after, call), &mut causes);
    Found { span, before, after, call, uncalled_ns, causes }
}

/// What an op waited for that lay ready during `rest`, or of which no call is known.
fn ready(
    host: &Host<'_>,
    rest: Span,
    (before, after, call): (&GpuOp, &GpuOp, Option<SliceRef>),
    causes: &mut IdleCauses,
) {
    let cause = match host.producer(after.slice) {
        Some(Producer::OtherRank) => IdleCause::OtherRank,
        Some(Producer::OtherStream) => IdleCause::OtherStream,
        Some(Producer::OwnStream) => IdleCause::BetweenKernels,
        None if call.is_none() => IdleCause::Unknown,
        None if before.stream == after.stream => IdleCause::BetweenKernels,
        None => IdleCause::OtherStream,
    };
    // Without a recorded dependency a long wait cannot be put down to the op before.
    let is_told = host.producer(after.slice).is_some();
    let told_ns = if is_told { rest.len_ns() } else { rest.len_ns().min(LATENCY_NS) };
    causes.add(cause, told_ns);
    causes.add(IdleCause::Unknown, rest.len_ns() - told_ns);
}
