use std::collections::BTreeMap;

use serde::Serialize;

use super::collectives::match_run;
use super::gpu_ops::sm_lanes;
use super::{Collectives, Config, GpuOp, Member, RunMember, gpu_ops, runs};
use crate::model::{Kind, SliceRef, Trace};

/// How waiting for a late rank was told apart from transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitMethod {
    /// Only one rank is known, so there is nobody to wait for: 0.
    SingleRank,
    /// Thread blocks recorded their time at barriers: per collective, the mean over its blocks.
    Measured,
    /// From arrival times: per collective, from the rank's own start to the start of the last rank, at most the
    /// rank's own duration. Also when no rank communicates.
    Arrival,
    /// Several ranks, but their collectives could not be matched: 0, and not to be trusted.
    Unmatched,
}

/// Waiting of one rank, by collective.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RankWaits {
    pub(super) method: WaitMethod,
    /// Nanoseconds waited inside each communication op that waited.
    pub(super) by_op: BTreeMap<SliceRef, i64>,
}

/// Waits of every (trace, rank); the ranks of one run are matched with one another.
pub(super) fn waits(traces: &[&Trace], config: &Config) -> BTreeMap<(usize, u32), RankWaits> {
    let mut all = BTreeMap::new();
    for run in runs(traces, config) {
        let arrivals = (run.len() > 1).then(|| match_run(traces, &run));
        for member in &run {
            let waits = of_member(traces[member.trace], member, arrivals.as_ref());
            all.insert((member.trace, member.rank), waits);
        }
    }
    all
}

fn of_member(trace: &Trace, member: &RunMember, arrivals: Option<&Collectives>) -> RankWaits {
    let Some(arrivals) = arrivals else {
        return RankWaits { method: WaitMethod::SingleRank, by_op: BTreeMap::new() };
    };
    if let Some(by_op) = measured(trace, member.rank) {
        return RankWaits { method: WaitMethod::Measured, by_op };
    }
    if arrivals.method.is_none() && arrivals.unmatched > 0 {
        return RankWaits { method: WaitMethod::Unmatched, by_op: BTreeMap::new() };
    }
    let mut by_op = BTreeMap::new();
    for collective in &arrivals.matched {
        let is_own = |other: &&Member| other.trace == member.trace && other.rank == member.rank;
        for own in collective.members.iter().filter(is_own) {
            by_op.insert(own.slice, collective.wait_ns(own));
        }
    }
    RankWaits { method: WaitMethod::Arrival, by_op }
}

/// Mean time at barriers over the blocks of each collective; `None` when no block of the rank recorded any.
///
/// A wait belongs to the communication op of the rank that runs at its start and is the same plan op, when both
/// say which.
fn measured(trace: &Trace, rank: u32) -> Option<BTreeMap<SliceRef, i64>> {
    let mut ops = gpu_ops(trace, rank, &Config::default());
    ops.retain(|op| op.kind.is_comm());
    let mut sums: Vec<BlockSum> = vec![BlockSum::default(); ops.len()];
    let mut found = false;
    let is_comm: Vec<bool> = trace.labels.iter().map(|label| label.kind.is_comm()).collect();
    let lanes = sm_lanes(trace, rank).into_iter().flatten();
    for (turn, &lane) in lanes.enumerate() {
        let slices = &trace.lane(lane).slices;
        for row in 0..slices.len() {
            if !is_comm[slices.label[row].0 as usize] {
                continue;
            }
            let label = trace.label(slices.label[row]);
            let plan_op = label.facts.as_ref().map(|facts| facts.op);
            let span = slices.span(row);
            let Some(at) = running_at(trace, &ops, span.start_ns, plan_op) else { continue };
            let waited = if label.kind == Kind::Wait { span.len_ns() } else { 0 };
            found |= label.kind == Kind::Wait;
            sums[at].add(turn, waited);
        }
    }
    let mean = |(op, sum): (&GpuOp, &BlockSum)| (op.slice, sum.waited_ns / sum.blocks.max(1));
    found.then(|| ops.iter().zip(&sums).map(mean).collect())
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

fn running_at(trace: &Trace, ops: &[GpuOp], at_ns: i64, plan_op: Option<u32>) -> Option<usize> {
    let started = ops.partition_point(|op| op.span.start_ns <= at_ns);
    // Communication ops of a rank hardly overlap; the few that started last are enough to look at.
    (started.saturating_sub(8)..started).rev().find(|&at| {
        let own = trace.label(ops[at].label).facts.as_ref().map(|facts| facts.op);
        let same = plan_op.is_none() || own.is_none() || plan_op == own;
        same && ops[at].span.contains(at_ns)
    })
}
