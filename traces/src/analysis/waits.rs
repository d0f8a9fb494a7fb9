use std::collections::BTreeMap;

use serde::Serialize;

use super::collectives::clock_offsets_ns;
use super::gpu_ops::sm_lanes;
use super::{Config, GpuOp, gpu_ops, match_collectives, ranks};
use crate::model::{Kind, SliceRef, Span, Trace};

/// How waiting for a late rank was told apart from transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitMethod {
    /// Only one rank is known, so there is nobody to wait for: 0.
    SingleRank,
    /// Thread blocks recorded their time at barriers: per collective, the mean over its blocks.
    Measured,
    /// From arrival times: per collective, from the rank's own start to the start of the last rank, at most the
    /// rank's own duration.
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

/// Waits of every (trace, rank); traces of one run are matched with one another.
pub(super) fn waits(traces: &[&Trace], config: &Config) -> BTreeMap<(usize, u32), RankWaits> {
    let mut all = BTreeMap::new();
    for run in runs(traces, config) {
        let of_run: Vec<&Trace> = run.iter().map(|&index| traces[index]).collect();
        let members: Vec<(usize, u32)> = run
            .iter()
            .flat_map(|&index| ranks(traces[index], config).into_iter().map(move |r| (index, r)))
            .collect();
        let arrivals = (members.len() > 1).then(|| match_collectives(&of_run, config));
        for (index, rank) in members {
            let mut waits = RankWaits { method: WaitMethod::SingleRank, by_op: BTreeMap::new() };
            if let Some(arrivals) = &arrivals {
                if let Some(by_op) = measured(traces[index], rank) {
                    waits = RankWaits { method: WaitMethod::Measured, by_op };
                } else if arrivals.method.is_some() {
                    waits.method = WaitMethod::Arrival;
                    for collective in &arrivals.matched {
                        let own = |m: &&super::Member| run[m.trace] == index && m.rank == rank;
                        for member in collective.members.iter().filter(own) {
                            waits.by_op.insert(member.slice, collective.wait_ns(member));
                        }
                    }
                } else {
                    waits.method = WaitMethod::Unmatched;
                }
            }
            all.insert((index, rank), waits);
        }
    }
    all
}

/// Which traces belong to one run: their ranks differ, their world sizes agree and they ran at the same time.
fn runs(traces: &[&Trace], config: &Config) -> Vec<Vec<usize>> {
    let offsets = clock_offsets_ns(traces);
    let when = |index: usize| {
        let span = gpu_span(traces[index]);
        Span { start_ns: span.start_ns + offsets[index], end_ns: span.end_ns + offsets[index] }
    };
    let fits = |a: usize, b: usize| {
        let other = ranks(traces[b], config);
        traces[a].meta.world_size == traces[b].meta.world_size
            && !ranks(traces[a], config).iter().any(|rank| other.contains(rank))
            && when(a).overlaps(when(b))
    };
    let mut runs: Vec<Vec<usize>> = Vec::new();
    for index in 0..traces.len() {
        match runs.iter_mut().find(|run| run.iter().all(|&other| fits(other, index))) {
            Some(run) => run.push(index),
            None => runs.push(vec![index]),
        }
    }
    runs
}

fn gpu_span(trace: &Trace) -> Span {
    trace.span_where(|kind| matches!(kind, crate::model::TrackKind::Stream { .. }))
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
    let lanes = sm_lanes(trace, rank).into_iter().flatten();
    for (turn, &lane) in lanes.enumerate() {
        let slices = &trace.lane(lane).slices;
        for row in 0..slices.len() {
            let label = trace.label(slices.label[row]);
            if !label.kind.is_comm() {
                continue;
            }
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
