//! The ops to look at first behind a figure that sums up many: of each rank the one in which most of it lies.

use serde::{Deserialize, Serialize};
use weftscope_traces::{
    Kind, SliceRef, Span, Trace,
    analysis::{GpuOp, Ops, RankOps, intervals::IntervalSet},
};

/// The ops of one rank in which most of its sums lie; `None` where a sum is nothing or not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankPlaces {
    /// The rank.
    pub rank: u32,
    /// The communication op of which most is hidden under computation.
    pub most_hidden: Option<SliceRef>,
    /// The communication op that waits longest for a late rank.
    pub longest_wait: Option<SliceRef>,
    /// The copy of which most is exposed.
    pub most_exposed_copy: Option<SliceRef>,
    /// The computing op that takes most longer than isolated.
    pub most_contended: Option<(SliceRef, i64)>,
}

impl RankPlaces {
    /// Finds them.
    pub(super) fn of(trace: &Trace, rank: &RankOps<'_>) -> Self {
        let busy = rank.compute.union(&rank.comm);
        let hidden_ns = |op: &GpuOp| shared_ns(op.span, &rank.compute);
        let wait_ns = |op: &GpuOp| op.wait_ns.unwrap_or(0);
        let exposed_ns = |op: &GpuOp| op.span.len_ns() - shared_ns(op.span, &busy);
        let contention_ns = |op: &GpuOp| {
            let alone_ns = trace.label(op.label).facts.as_ref().and_then(|facts| facts.alone_ns);
            alone_ns.map_or(0, |alone_ns| op.span.len_ns() - alone_ns)
        };
        Self {
            rank: rank.rank,
            most_hidden: most(rank, Kind::is_comm, hidden_ns).map(|(slice, _)| slice),
            longest_wait: most(rank, Kind::is_comm, wait_ns).map(|(slice, _)| slice),
            most_exposed_copy: most(rank, |kind| kind == Kind::Memcpy, exposed_ns)
                .map(|(slice, _)| slice),
            most_contended: most(rank, Kind::is_compute, contention_ns),
        }
    }
}

/// The places of every rank.
pub(super) fn places(ops: &Ops<'_>) -> Vec<RankPlaces> {
    ops.ranks.iter().map(|rank| RankPlaces::of(ops.trace, rank)).collect()
}

/// The op with the most of something, the first of equals, and how much; `None` where none has any.
fn most(
    rank: &RankOps<'_>,
    keep: impl Fn(Kind) -> bool,
    much_ns: impl Fn(&GpuOp) -> i64,
) -> Option<(SliceRef, i64)> {
    let ops = rank.ops.iter().filter(|op| keep(op.kind));
    let with = ops.map(|op| (op.slice, much_ns(op))).filter(|&(_, ns)| ns > 0);
    with.reduce(|most, next| if next.1 > most.1 { next } else { most })
}

fn shared_ns(span: Span, set: &IntervalSet) -> i64 {
    IntervalSet::union_of([span]).intersect_len_ns(set)
}

#[cfg(test)]
mod tests {
    use weftscope_traces::{
        ArgsId, Label, Meta, OpFacts, Provenance, TraceBuilder, TrackKind, analysis::Config,
    };

    use super::*;

    /// Two streams: what runs on the second is beside the computation of the first as told, or not.
    #[test]
    fn each_sum_leads_to_the_op_with_most_of_it() {
        let provenance = Provenance::Measured { source: "test".to_owned() };
        let mut builder = TraceBuilder::new(Meta::new("", provenance));
        let ops = [
            (0, "up", Kind::Gemm, 0, 100, Some(90)),
            (0, "down", Kind::Gemm, 100, 200, Some(40)),
            (1, "hidden by 30", Kind::Comm, 170, 500, None),
            (1, "hidden by 50", Kind::Comm, 20, 70, None),
            (1, "hidden copy", Kind::Memcpy, 80, 160, None),
            (1, "exposed copy", Kind::Memcpy, 600, 605, None),
        ];
        let lanes = [0, 1].map(|stream| {
            let kind = TrackKind::Stream { rank: 0, stream };
            let track = builder.track(None, "stream", kind);
            builder.lane(track)
        });
        for (stream, name, kind, start_ns, end_ns, alone_ns) in ops {
            let facts =
                alone_ns.map(|ns| Box::new(OpFacts { alone_ns: Some(ns), ..OpFacts::default() }));
            let label = Label { name: name.into(), kind, facts, ..Label::default() };
            let label = builder.label(label);
            builder.push(lanes[stream], Span::new(start_ns, end_ns), label, ArgsId::NONE, 0);
        }
        let trace = builder.finish().unwrap();
        let [found] = &places(&Ops::of(&trace, &Config::default()))[..] else { panic!("a rank") };
        let name = |slice: Option<SliceRef>| slice.map(|at| trace.label_of(at).name.as_str());
        assert_eq!(name(found.most_hidden), Some("hidden by 50"));
        assert_eq!(name(found.most_exposed_copy), Some("exposed copy"));
        let (contended, by_ns) = found.most_contended.unwrap();
        assert_eq!((name(Some(contended)), by_ns), (Some("down"), 60));
        assert_eq!(found.longest_wait, None, "not known with one rank");
    }
}
