//! How long communication waits for a late rank.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::collectives::{Collective, Collectives, RankComm};
use super::gpu_ops::GpuOp;
use crate::model::{Kind, LaneId, SliceRef, Span};

/// How waiting for a late rank was told apart from transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitMethod {
    /// Only one rank is known, and when the others came is not: unknown.
    SingleRank,
    /// Thread blocks recorded their time at barriers: per collective, the mean over its blocks.
    Measured,
    /// From arrival times: per collective, from the rank's own start to the start of the last rank, at most the
    /// rank's own duration; of collectives that no other rank has it is not known, and they are counted. Also for a rank
    /// that does not communicate.
    Arrival,
    /// Several ranks, but no collective of this one could be matched: unknown.
    Unmatched,
}

impl WaitMethod {
    /// Why waiting is not known, in words; `None` when it is.
    pub fn why_unknown(self) -> Option<&'static str> {
        match self {
            Self::SingleRank => Some("unknown with one rank"),
            Self::Unmatched => Some("unknown: the ranks' collectives do not match"),
            Self::Measured | Self::Arrival => None,
        }
    }

    /// Sum of the waits of some ops that are known; `None` where none is, though there are some.
    pub(super) fn sum_ns(self, waits: impl Iterator<Item = Option<i64>>) -> Option<i64> {
        let (mut sum_ns, mut unknown, mut known) = (0, 0, 0);
        for wait in waits {
            match wait {
                Some(wait_ns) => (sum_ns, known) = (sum_ns + wait_ns, known + 1),
                None => unknown += 1,
            }
        }
        let is_known = self.why_unknown().is_none() && (known > 0 || unknown == 0);
        is_known.then_some(sum_ns)
    }
}

/// Waiting of one rank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RankWaits {
    pub(super) method: WaitMethod,
    /// Time waited inside each communication op, in their order; `None` where it is not known.
    pub(super) by_op_ns: Vec<Option<i64>>,
}

/// How long each member of a run's collectives waited for the last, by trace and slice.
pub(super) struct Arrivals(HashMap<(usize, SliceRef), i64>);

impl Arrivals {
    pub(super) fn of(found: &Collectives) -> Self {
        let waits = found.matched.iter().flat_map(Collective::waits_ns);
        Self(waits.map(|(member, wait_ns)| ((member.trace, member.slice), wait_ns)).collect())
    }
}

/// Waits of a rank whose SMs have these lanes; `arrivals` those of its run, `None` when no other rank ran with it.
pub(super) fn waits(
    comm: &RankComm<'_>,
    sms: &[&[LaneId]],
    arrivals: Option<&Arrivals>,
) -> RankWaits {
    let nothing = || vec![None; comm.ops.len()];
    if comm.ops.is_empty() {
        return RankWaits { method: WaitMethod::Arrival, by_op_ns: nothing() };
    }
    if let Some(by_op_ns) = at_barriers(comm, sms) {
        let by_op_ns = by_op_ns.into_iter().map(Some).collect();
        return RankWaits { method: WaitMethod::Measured, by_op_ns };
    }
    let Some(arrivals) = arrivals else {
        return RankWaits { method: WaitMethod::SingleRank, by_op_ns: nothing() };
    };
    let of = |op: &GpuOp| arrivals.0.get(&(comm.member.trace, op.slice)).copied();
    let by_op_ns: Vec<Option<i64>> = comm.ops.iter().map(of).collect();
    let is_known = by_op_ns.iter().any(Option::is_some);
    let method = if is_known { WaitMethod::Arrival } else { WaitMethod::Unmatched };
    RankWaits { method, by_op_ns }
}

/// Mean time at barriers over the blocks of each collective; `None` when no block of the rank recorded any.
///
/// A wait belongs to the communication op of the rank that runs at its start and is the same plan op, when both
/// say which; of several, to the one that started last.
fn at_barriers(comm: &RankComm<'_>, sms: &[&[LaneId]]) -> Option<Vec<i64>> {
    let trace = comm.trace;
    let running = Running::new(comm);
    let mut sums: Vec<BlockSum> = vec![BlockSum::default(); comm.ops.len()];
    let mut found = false;
    let is_comm: Vec<bool> = trace.labels.iter().map(|label| label.kind.is_comm()).collect();
    for (turn, &lane) in sms.iter().copied().flatten().enumerate() {
        let slices = &trace.lane(lane).slices;
        let labels = slices.label.iter().enumerate();
        for (row, &label) in labels.filter(|(_, label)| is_comm[label.0 as usize]) {
            let label = trace.label(label);
            let plan_op = label.facts.as_ref().map(|facts| facts.op);
            let span = slices.span(row);
            let Some(at) = running.at(span.start_ns, plan_op) else { continue };
            let waited_ns = if label.kind == Kind::Wait { span.len_ns() } else { 0 };
            found |= label.kind == Kind::Wait;
            sums[at].add(turn, waited_ns);
        }
    }
    found.then(|| sums.iter().map(|sum| sum.waited_ns / sum.blocks.max(1)).collect())
}

/// Waiting of the blocks of one op, summed; a block is known by its slot, in which it stays.
#[derive(Clone, Copy, Debug, Default)]
struct BlockSum {
    waited_ns: i64,
    blocks: i64,
    last_lane: Option<usize>,
}

impl BlockSum {
    fn add(&mut self, lane: usize, waited_ns: i64) {
        self.waited_ns += waited_ns;
        if self.last_lane != Some(lane) {
            self.blocks += 1;
            self.last_lane = Some(lane);
        }
    }
}

/// Which communication op of a rank runs at a time.
struct Running {
    ops: Vec<RunningOp>,
}

struct RunningOp {
    start_ns: i64,
    end_ns: i64,
    /// The latest end of this op and all before it: where looking back may stop.
    latest_end_ns: i64,
    plan_op: Option<u32>,
}

impl Running {
    fn new(comm: &RankComm<'_>) -> Self {
        let mut latest_end_ns = i64::MIN;
        let of = |op: &GpuOp| {
            latest_end_ns = latest_end_ns.max(op.span.end_ns);
            let plan_op = comm.trace.label(op.label).facts.as_ref().map(|facts| facts.op);
            let Span { start_ns, end_ns } = op.span;
            RunningOp { start_ns, end_ns, latest_end_ns, plan_op }
        };
        Self { ops: comm.ops.iter().map(of).collect() }
    }

    /// The op that started last of those that run at `at_ns` and are the same plan op, when both say which.
    fn at(&self, at_ns: i64, plan_op: Option<u32>) -> Option<usize> {
        let started = self.ops.partition_point(|op| op.start_ns <= at_ns);
        let before = self.ops[..started].iter().enumerate().rev();
        let mut running = before.take_while(|(_, op)| op.latest_end_ns > at_ns);
        let found = running.find(|(_, op)| {
            let is_same = plan_op.is_none() || op.plan_op.is_none() || plan_op == op.plan_op;
            is_same && at_ns < op.end_ns
        });
        found.map(|(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_op_found_is_that_of_looking_at_all(
            mut ops in proptest::collection::vec((0..60_i64, 0..40_i64, proptest::option::of(0..4_u32)), 0..40),
            at_ns in -5..110_i64,
            plan_op in proptest::option::of(0..4_u32),
        ) {
            ops.sort();
            let mut latest_end_ns = i64::MIN;
            let op = |&(start_ns, len_ns, plan_op): &(i64, i64, Option<u32>)| {
                let end_ns = start_ns + len_ns;
                latest_end_ns = latest_end_ns.max(end_ns);
                RunningOp { start_ns, end_ns, latest_end_ns, plan_op }
            };
            let running = Running { ops: ops.iter().map(op).collect() };
            let brute = (0..ops.len()).rev().find(|&at| {
                let (start_ns, len_ns, own) = ops[at];
                let is_same = plan_op.is_none() || own.is_none() || plan_op == own;
                is_same && start_ns <= at_ns && at_ns < start_ns + len_ns
            });
            prop_assert_eq!(running.at(at_ns, plan_op), brute);
        }
    }
}
