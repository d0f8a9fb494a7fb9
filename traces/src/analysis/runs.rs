//! Which ranks ran together.

use super::Config;
use super::gpu_ops::ranks;
use crate::model::{Origin, Span, Trace, TrackKind};

/// One rank of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RunMember {
    /// Which of the traces given.
    pub(super) trace: usize,
    /// Its rank.
    pub(super) rank: u32,
    /// Nanoseconds to add to the times of its trace to get those of the first; 0 where a base time is not known.
    pub(super) offset_ns: i64,
    /// That offset is known: same trace, base times of both, or one simulated run.
    pub(super) is_on_clock: bool,
}

/// Which ranks of some traces ran together, as far as their times tell: their traces name the same world size, they are
/// different ranks (or of one trace), all modelled or none, and their streams were busy at the same time, or no clock says when.
///
/// So files of one run opened together are one run, and recordings made one after another are not, whether they lie
/// in several traces or were merged into one.
pub(super) fn runs(traces: &[&Trace], config: &Config) -> Vec<Vec<RunMember>> {
    let offsets_ns = traces.iter().map(|trace| clock_offset_ns(traces[0], trace));
    let mut runs: Vec<(Vec<RunMember>, Span)> = Vec::new();
    for (trace, told_ns) in offsets_ns.enumerate() {
        let is_on_clock = trace == 0 || told_ns.is_some();
        let offset_ns = told_ns.unwrap_or(0);
        for rank in ranks(traces[trace], config) {
            let member = RunMember { trace, rank, offset_ns, is_on_clock };
            let busy = busy_span(traces[trace], &member);
            let fits = |(run, when): &&mut (Vec<RunMember>, Span)| {
                let first = run[0].trace;
                traces[first].meta.world_size == traces[trace].meta.world_size
                    && is_modelled(traces, &run[0]) == is_modelled(traces, &member)
                    && run.iter().all(|other| other.rank != rank)
                    && (when.overlaps(busy) || !is_on_clock)
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

/// How far the times of a trace count from later than those of the first, where both say from when.
fn clock_offset_ns(first: &Trace, trace: &Trace) -> Option<i64> {
    let [first_ns, ns] = [first, trace].map(|trace| trace.meta.base_time_unix_ns);
    let is_told = first_ns != 0 && ns != 0;
    let is_one = std::ptr::eq(first, trace) || first.meta.shares_untold_clock(&trace.meta);
    is_told.then(|| ns.saturating_sub(first_ns)).or_else(|| is_one.then_some(0))
}

/// What a model made ran with nothing that a clock saw.
fn is_modelled(traces: &[&Trace], member: &RunMember) -> bool {
    let provenance = traces[member.trace].meta.provenance.of_rank(Some(member.rank));
    provenance.origin() == Some(Origin::Modelled)
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
