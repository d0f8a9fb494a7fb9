//! Where does every nanosecond of a rank and of an iteration go?

use serde::{Deserialize, Serialize};

use super::idle::{Found, Host, IdleCause, IdleCauses, idle_of};
use super::intervals::IntervalSet;
use super::launch_bound::{LaunchBound, launch_bound};
use super::{GpuOp, Iteration, Ops, RankOps};
use crate::model::{Kind, Span};

/// The accounts of every rank of a trace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AccountReport {
    /// By rank.
    pub ranks: Vec<RankAccount>,
}

/// The accounts of one rank.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankAccount {
    /// The rank.
    pub rank: u32,
    /// Over all of its ops.
    #[serde(flatten)]
    pub total: Account,
    /// Why nothing runs, over all of its ops.
    pub idle: IdleCauses,
    /// By cause with time, most first: the gap in which most of it lies.
    pub longest_idle: Vec<LongestIdle>,
    /// Per iteration, over the ops that start in it; empty without marks.
    pub iterations: Vec<IterationAccount>,
    /// Kernels that the GPU waited for the host to launch; `None` when not one launch is known.
    pub launch_bound: Option<LaunchBound>,
}

/// The gap in which most idle time of one cause lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LongestIdle {
    /// The cause.
    pub cause: IdleCause,
    /// All idle time of it.
    pub total_ns: i64,
    /// The gap.
    pub gap: Span,
    /// Time of the cause in it.
    pub in_gap_ns: i64,
}

/// The account of one iteration of one rank, over the ops that start in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IterationAccount {
    /// Which.
    #[serde(flatten)]
    pub iteration: Iteration,
    /// Its account.
    pub account: Account,
    /// Why nothing runs between its ops.
    pub idle: IdleCauses,
}

/// Four terms, each nanosecond in one: `compute + exposed_comm + exposed_memcpy + idle = span`.
///
/// The one definition of them: overlap, breakdown, tables, panel, report and JSON show these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// First start to last end of kernels and copies.
    pub span: Span,
    /// Union of computation.
    pub compute_ns: i64,
    /// Communication without computation.
    pub exposed_comm_ns: i64,
    /// Copies without computation or communication.
    pub exposed_memcpy_ns: i64,
    /// Nothing at all.
    pub idle_ns: i64,
}

impl Account {
    /// Of ops whose computation, communication and copies these are.
    pub(super) fn of(compute: &IntervalSet, comm: &IntervalSet, memcpy: &IntervalSet) -> Self {
        let kernels = compute.union(comm);
        let busy = kernels.union(memcpy);
        let span = match (busy.spans().first(), busy.spans().last()) {
            (Some(first), Some(last)) => Span::new(first.start_ns, last.end_ns),
            _ => Span::default(),
        };
        Self {
            span,
            compute_ns: compute.len_ns(),
            exposed_comm_ns: kernels.len_ns() - compute.len_ns(),
            exposed_memcpy_ns: busy.len_ns() - kernels.len_ns(),
            idle_ns: span.len_ns() - busy.len_ns(),
        }
    }
}

/// Time of the copies among some ops.
pub(super) fn copies(ops: &[GpuOp]) -> IntervalSet {
    ops.iter().filter(|op| op.kind == Kind::Memcpy).map(|op| op.span).collect()
}

/// The accounts of every rank. Costs n log n in ops and in the slices of host threads that launch.
pub fn accounts(ops: &Ops<'_>) -> AccountReport {
    let host = Host::of(ops.trace);
    AccountReport { ranks: ops.ranks.iter().map(|rank| of_rank(&host, rank)).collect() }
}

fn of_rank(host: &Host<'_>, rank: &RankOps<'_>) -> RankAccount {
    let (total, found) = account(host, &rank.ops);
    let iteration = |mark: &Iteration| {
        let (account, found) = account(host, rank.started_in(mark.span));
        IterationAccount { iteration: mark.clone(), account, idle: summed(&found) }
    };
    let idle = summed(&found);
    RankAccount {
        rank: rank.rank,
        total,
        longest_idle: longest(&idle, &found),
        idle,
        iterations: rank.iterations.iter().map(iteration).collect(),
        launch_bound: launch_bound(&rank.ops, &found, total.span),
    }
}

fn account<'a>(host: &Host<'_>, ops: &'a [GpuOp]) -> (Account, Vec<Found<'a>>) {
    let of = |keep: fn(Kind) -> bool| -> IntervalSet {
        ops.iter().filter(|op| keep(op.kind)).map(|op| op.span).collect()
    };
    let account = Account::of(&of(Kind::is_compute), &of(Kind::is_comm), &copies(ops));
    (account, idle_of(host, ops))
}

fn longest(idle: &IdleCauses, found: &[Found<'_>]) -> Vec<LongestIdle> {
    let longest = |(cause, total_ns): (IdleCause, i64)| {
        let gap = found.iter().max_by_key(|gap| (gap.causes.get(cause), -gap.span.start_ns))?;
        let in_gap_ns = gap.causes.get(cause);
        Some(LongestIdle { cause, total_ns, gap: gap.span, in_gap_ns })
    };
    idle.most().into_iter().filter_map(longest).collect()
}

fn summed(found: &[Found<'_>]) -> IdleCauses {
    found.iter().fold(IdleCauses::default(), |sum, gap| sum.plus(&gap.causes))
}

#[cfg(test)]
mod tests;
