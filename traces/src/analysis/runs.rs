//! Which ranks ran together.

use super::Config;
use super::gpu_ops::ranks;
use crate::model::{Span, Trace, TrackKind};

/// One rank of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RunMember {
    /// Which of the traces given.
    pub(super) trace: usize,
    /// Its rank.
    pub(super) rank: u32,
    /// Nanoseconds to add to the times of its trace to get those of the first; 0 where a base time is not known.
    pub(super) offset_ns: i64,
}

/// Which ranks of some traces ran together: their traces name the same world size, they are different ranks (or of
/// one trace), and their streams were busy at the same time.
///
/// So files of one run opened together are one run, and recordings made one after another are not, whether they lie
/// in several traces or were merged into one.
pub(super) fn runs(traces: &[&Trace], config: &Config) -> Vec<Vec<RunMember>> {
    let offsets_ns = clock_offsets_ns(traces);
    let mut runs: Vec<(Vec<RunMember>, Span)> = Vec::new();
    for (trace, offset_ns) in offsets_ns.into_iter().enumerate() {
        for rank in ranks(traces[trace], config) {
            let member = RunMember { trace, rank, offset_ns };
            let busy = busy_span(traces[trace], &member);
            let fits = |(run, when): &&mut (Vec<RunMember>, Span)| {
                let first = run[0].trace;
                traces[first].meta.world_size == traces[trace].meta.world_size
                    && run.iter().all(|other| other.rank != rank)
                    && when.overlaps(busy)
            };
            match runs.iter_mut().find(fits) {
                Some((run, when)) => {
                    run.push(member);
                    *when = when.hull(busy);
                }
                None => runs.push((vec![member], busy)),
            }
        }
    }
    runs.into_iter().map(|(run, _)| run).collect()
}

fn clock_offsets_ns(traces: &[&Trace]) -> Vec<i64> {
    let base = |trace: &Trace| trace.meta.base_time_unix_ns;
    let first = traces.first().map_or(0, |trace| base(trace));
    let offset = |trace: &&Trace| {
        let known = first != 0 && base(trace) != 0;
        if known { base(trace).saturating_sub(first) } else { 0 }
    };
    traces.iter().map(offset).collect()
}

/// First start to last end on the rank's streams, on the common clock.
fn busy_span(trace: &Trace, member: &RunMember) -> Span {
    let own =
        |kind: &TrackKind| matches!(kind, TrackKind::Stream { rank, .. } if *rank == member.rank);
    let span = trace.span_where(own);
    Span {
        start_ns: span.start_ns.saturating_add(member.offset_ns),
        end_ns: span.end_ns.saturating_add(member.offset_ns),
    }
}
