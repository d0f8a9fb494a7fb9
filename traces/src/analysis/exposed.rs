//! Which communication is exposed, op by op?

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::gpu_ops::gpu_ops;
use super::intervals::IntervalSet;
use super::rank_rows::rows_of;
use super::{GpuOp, Ops, RankOps};
use crate::model::{Kind, SliceRef, Trace};

/// Communication without computation of the same rank beside it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ExposedReport {
    /// By rank.
    pub ranks: Vec<RankExposed>,
    /// Ops of which some is exposed, of all ranks.
    pub count: usize,
    /// The most exposed first, at most [`ExposedReport::KEPT`].
    pub most: Vec<ExposedOp>,
}

/// Exposed communication of one rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankExposed {
    /// The rank.
    pub rank: u32,
    /// Time with communication, as [`overlap`](super::overlap()) has it.
    pub comm_ns: i64,
    /// The part of it without computation, as [`overlap`](super::overlap()) has it. Ops that overlap each other share it.
    pub exposed_ns: i64,
}

/// One communication op.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExposedOp {
    /// The op.
    pub slice: SliceRef,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// Its rank.
    pub rank: u32,
    /// Its layer, when known.
    pub layer: Option<u32>,
    /// Position among the rank's iterations, when it is in one.
    pub iteration: Option<usize>,
    /// When it starts.
    pub start_ns: i64,
    /// How long it takes.
    pub duration_ns: i64,
    /// How much of that has no computation of the same rank beside it.
    pub exposed_ns: i64,
    /// How much of it, exposed or not, it waited for a late rank; `None` when that is not known.
    pub wait_ns: Option<i64>,
}

impl ExposedReport {
    /// Ops listed; the rest is counted.
    pub const KEPT: usize = 1000;
}

/// The spans in which a rank communicates and computes nothing.
pub fn exposed_spans(trace: &Trace, rank: u32) -> IntervalSet {
    let ops = gpu_ops(trace, &rows_of(trace, rank));
    let of = |keep: fn(Kind) -> bool| -> IntervalSet {
        ops.iter().filter(|op| keep(op.kind)).map(|op| op.span).collect()
    };
    of(Kind::is_comm).subtract(&of(Kind::is_compute))
}

/// How much of an op has no computation of the same rank beside it.
pub(crate) fn exposed_ns(rank: &RankOps<'_>, op: &GpuOp) -> i64 {
    let span = IntervalSet::union_of([op.span]);
    span.len_ns() - span.intersect_len_ns(&rank.compute)
}

/// How much of every communication op is exposed.
pub fn exposed(ops: &Ops<'_>) -> ExposedReport {
    let rank = |rank: &RankOps<'_>| RankExposed {
        rank: rank.rank,
        comm_ns: rank.comm.len_ns(),
        exposed_ns: rank.comm.len_ns() - rank.comm.intersect_len_ns(&rank.compute),
    };
    let ranks = ops.ranks.iter().map(rank).collect();
    let mut found: Vec<(&RankOps<'_>, &GpuOp, i64)> = Vec::new();
    for rank in &ops.ranks {
        for op in rank.ops.iter().filter(|op| op.kind.is_comm()) {
            let exposed_ns = exposed_ns(rank, op);
            if exposed_ns > 0 {
                found.push((rank, op, exposed_ns));
            }
        }
    }
    found.sort_by_key(|(rank, op, exposed_ns)| (Reverse(*exposed_ns), op.span.start_ns, rank.rank));
    let count = found.len();
    let kept = found.into_iter().take(ExposedReport::KEPT);
    let most = kept.map(|(rank, op, exposed_ns)| describe(ops.trace, rank, op, exposed_ns));
    ExposedReport { ranks, count, most: most.collect() }
}

fn describe(trace: &Trace, rank: &RankOps<'_>, op: &GpuOp, exposed_ns: i64) -> ExposedOp {
    let label = trace.label(op.label);
    let duration_ns = op.span.len_ns();
    ExposedOp {
        slice: op.slice,
        name: label.name.clone(),
        kind: op.kind,
        rank: rank.rank,
        layer: op.place.layer,
        iteration: op.iteration(),
        start_ns: op.span.start_ns,
        duration_ns,
        exposed_ns,
        wait_ns: op.wait_ns.map(|wait_ns| wait_ns.min(duration_ns)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analysis::{Config, overlap, testing::trace};

    #[test]
    fn the_most_exposed_comes_first() {
        let text = "world 2
            rank 0
            marks 0: mark 0..100 step0
            stream 0: gemm 0..60 up; gemm 70..90 up
            stream 1: comm 10..65 ar L1 op=1; comm 80..120 ar L2 op=2; comm 130..130 ar L3 op=3
            rank 1
            stream 1: comm 15..65 ar L1 op=1; comm 80..120 ar L2 op=2";
        let report = exposed(&Ops::of(&trace(text), &Config::default()));
        let found = report
            .most
            .iter()
            .map(|op| (op.rank, op.layer, op.iteration, op.duration_ns, op.exposed_ns, op.wait_ns));
        let expected = [
            (1, Some(1), None, 50, 50, Some(0)),
            (1, Some(2), None, 40, 40, Some(0)),
            (0, Some(2), Some(0), 40, 30, Some(0)),
            (0, Some(1), Some(0), 55, 5, Some(5)),
        ];
        assert_eq!((found.collect::<Vec<_>>(), report.count), (expected.to_vec(), 4));
        let ranks: Vec<_> = report.ranks.iter().map(|r| (r.comm_ns, r.exposed_ns)).collect();
        assert_eq!(ranks, [(95, 35), (90, 90)]);
    }

    #[test]
    fn waiting_with_one_rank_is_unknown() {
        let text = "rank 0\n stream 1: comm 10..65 ar";
        let report = exposed(&Ops::of(&trace(text), &Config::default()));
        assert_eq!((report.most[0].exposed_ns, report.most[0].wait_ns), (55, None));
    }

    proptest! {
        #[test]
        fn ops_one_after_another_sum_to_the_overlap_of_their_rank(
            pieces in proptest::collection::vec((0..2_usize, 0..12_i64, 0..20_i64), 0..40),
        ) {
            let mut text = "rank 0\n".to_owned();
            let mut free = [0; 2];
            let mut computed = std::collections::BTreeSet::new();
            for &(stream, gap, len) in &pieces {
                let start = free[stream] + gap;
                free[stream] = start + len;
                if stream == 0 {
                    computed.extend(start..start + len);
                }
                let kind = ["gemm", "comm"][stream];
                text += &format!("stream {stream}: {kind} {start}..{} x\n", start + len);
            }
            let trace = trace(&text);
            let ops = Ops::of(&trace, &Config::default());
            let report = exposed(&ops);
            let overlap_ns = overlap(&ops).ranks[0].total.exposed_comm_ns;
            let sum_ns: i64 = report.most.iter().map(|op| op.exposed_ns).sum();
            prop_assert_eq!((sum_ns, report.ranks[0].exposed_ns), (overlap_ns, overlap_ns));
            prop_assert_eq!(exposed_spans(&trace, 0).len_ns(), overlap_ns);
            for op in &report.most {
                let alone = (op.start_ns..op.start_ns + op.duration_ns)
                    .filter(|at| !computed.contains(at));
                prop_assert_eq!(op.exposed_ns, alone.count() as i64);
            }
        }
    }
}
