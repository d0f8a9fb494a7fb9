//! Where does every nanosecond of a rank and of an iteration go?

mod outside;

use serde::{Deserialize, Serialize};

use super::idle::{Found, Host, IdleCause, IdleCauses, idle_of};
use super::intervals::IntervalSet;
use super::launch_bound::{LaunchBound, launch_bound};
use super::{GpuOp, Iteration, Ops, RankOps};
use crate::model::{Kind, Span};

pub use outside::Outside;

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
    /// Per iteration, over its ops; empty where none are known.
    pub iterations: Vec<IterationAccount>,
    /// Time in which ops of more than one iteration are between their first and their last. Each account is of its own ops
    /// alone: what one iteration hides under the computation of another is exposed in its account, and hidden in the rank's.
    pub shared_ns: i64,
    /// Ops that are in none of its iterations; `None` where all are in one, or no iteration is known.
    pub outside: Option<Outside>,
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

/// The account of one iteration of one rank, over its ops.
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
    let iteration = |(iteration, ops): (&Iteration, Vec<GpuOp>)| {
        let (account, found) = account(host, &ops);
        IterationAccount { iteration: iteration.clone(), account, idle: summed(&found) }
    };
    let idle = summed(&found);
    let outside = Outside::of(host, rank);
    let iterations: Vec<IterationAccount> =
        rank.iterations.iter().zip(rank.by_iteration()).map(iteration).collect();
    RankAccount {
        rank: rank.rank,
        total,
        longest_idle: longest(&idle, &found),
        idle,
        shared_ns: shared_ns(iterations.iter().map(|it| it.account.span)),
        iterations,
        outside,
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

/// Time in more than one of some spans.
fn shared_ns(spans: impl Iterator<Item = Span>) -> i64 {
    let mut spans: Vec<Span> = spans.filter(|span| !span.is_empty()).collect();
    spans.sort_by_key(|span| span.start_ns);
    let mut latest_end_ns = i64::MIN;
    let mut shared = Vec::new();
    for span in spans {
        let end_ns = span.end_ns.min(latest_end_ns);
        if end_ns > span.start_ns {
            shared.push(Span::new(span.start_ns, end_ns));
        }
        latest_end_ns = latest_end_ns.max(span.end_ns);
    }
    shared.into_iter().collect::<IntervalSet>().len_ns()
}

fn summed(found: &[Found<'_>]) -> IdleCauses {
    found.iter().fold(IdleCauses::default(), |sum, gap| sum.plus(&gap.causes))
}

#[cfg(test)]
mod tests;
