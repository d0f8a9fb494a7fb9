//! Why does an iteration take another time: terms of which each nanosecond is in one, so that they add up to the change.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::side::{RankIteration, Side};
use crate::analysis::{GpuOp, Ops, intervals::IntervalSet};
use crate::model::{Kind, LabelId, Span};

/// What an iteration consists of: `compute + exposed_comm + exposed_copies + idle = iteration`, the terms of
/// [`RankBreakdown`](crate::analysis::RankBreakdown) over one iteration of one rank.
///
/// Of the iteration of median length, the mean over its ranks; of an even number the mean of the two in the middle. An op across an iteration's end
/// counts with the part inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct IterationTerms {
    /// All of it.
    pub iteration_ns: f64,
    /// Union of computation.
    pub compute_ns: f64,
    /// Communication without computation.
    pub exposed_comm_ns: f64,
    /// Copies without computation or communication.
    pub exposed_copies_ns: f64,
    /// Nothing at all.
    pub idle_ns: f64,
    /// Union of communication, hidden and exposed.
    pub comm_ns: f64,
    /// Part of communication spent waiting for a late rank; `None` where that is not known.
    pub wait_ns: Option<f64>,
    /// Part of that with no computation beside it.
    pub exposed_wait_ns: Option<f64>,
}

/// Why an iteration takes another time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CauseKind {
    /// Ops of computation that both run take another time, all their runs together: a batch that is cut runs more and
    /// shorter ones.
    SameOps,
    /// Ops of computation run in one only.
    OtherOps,
    /// Computation runs beside other computation more or less.
    SideBySide,
    /// Ranks wait longer or shorter for a late one with nothing to compute meanwhile.
    Waiting,
    /// Communication, waiting left out where it is known of both, takes another time; what of it is exposed.
    Communication,
    /// A larger or smaller share of that communication is hidden under computation.
    Hiding,
    /// Copies with nothing beside them.
    Copies,
    /// Nothing runs.
    Idle,
}

/// One cause.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cause {
    /// Which.
    pub kind: CauseKind,
    /// What it adds to an iteration; below 0 what it takes away.
    pub change_ns: f64,
    /// The op that does most of it, and how much, for causes that ops have.
    pub largest: Option<OpChange>,
}

/// What an op, all its runs in an iteration together, adds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OpChange {
    /// Its name.
    pub name: String,
    /// What it adds to an iteration; below 0 what it takes away.
    pub change_ns: f64,
}

/// Terms of both, and the causes of the change, those that change nothing left out.
pub(super) fn causes(
    ops: [&Ops<'_>; 2],
    sides: &[Side<'_>; 2],
) -> ([IterationTerms; 2], Vec<Cause>) {
    let parts = [0, 1].map(|at| Parts::mean(ops[at], &sides[at].middle()));
    let [first, second] = &parts;
    let change = |of: fn(&IterationTerms) -> f64| of(&second.terms) - of(&first.terms);
    let (same, other) = ops_changes(first, second);
    let compute_ns = change(|terms| terms.compute_ns);
    let (same_ns, other_ns) = (total(&same), total(&other));
    let waits = first.terms.exposed_wait_ns.zip(second.terms.exposed_wait_ns);
    let wait_ns = waits.map(|(old, new)| new - old);
    let transfers = [first, second].map(|parts| Transfer::of(&parts.terms, waits.is_some()));
    let exposed = exposed_shares(&transfers);
    let mean_exposed = f64::midpoint(exposed[0], exposed[1]);
    let mean_ns = f64::midpoint(transfers[0].all_ns, transfers[1].all_ns);
    let comm_ns = (transfers[1].all_ns - transfers[0].all_ns) * mean_exposed;
    let hiding_ns = mean_ns * (exposed[1] - exposed[0]);
    let plain = |kind, change_ns| Cause { kind, change_ns, largest: None };
    let mut all = vec![
        Cause { kind: CauseKind::SameOps, change_ns: same_ns, largest: largest(same) },
        Cause { kind: CauseKind::OtherOps, change_ns: other_ns, largest: largest(other) },
        plain(CauseKind::SideBySide, compute_ns - same_ns - other_ns),
        plain(CauseKind::Communication, comm_ns),
        plain(CauseKind::Hiding, hiding_ns),
        plain(CauseKind::Copies, change(|terms| terms.exposed_copies_ns)),
        plain(CauseKind::Idle, change(|terms| terms.idle_ns)),
    ];
    all.extend(wait_ns.map(|wait_ns| plain(CauseKind::Waiting, wait_ns)));
    all.retain(|cause| cause.change_ns != 0.0);
    all.sort_by(|a, b| b.change_ns.abs().total_cmp(&a.change_ns.abs()));
    (parts.map(|parts| parts.terms), all)
}

/// Communication, less waiting where that is known of both.
struct Transfer {
    all_ns: f64,
    exposed_ns: f64,
}

impl Transfer {
    fn of(terms: &IterationTerms, without_waiting: bool) -> Self {
        let wait = |ns: Option<f64>| ns.filter(|_| without_waiting).unwrap_or(0.0);
        Self {
            // Waits of kernels side by side can be more than the time with communication.
            all_ns: (terms.comm_ns - wait(terms.wait_ns)).max(0.0),
            exposed_ns: terms.exposed_comm_ns - wait(terms.exposed_wait_ns),
        }
    }
}

/// Which share of communication is exposed, 0…1. Of a product's change each factor has its own, at the mean of the other:
/// communication that grows and is hidden as it was costs its exposed share, and neither trace is the first of the two.
/// Where one has no communication, nothing can be said of its hiding: it is taken for the other's.
fn exposed_shares(transfers: &[Transfer; 2]) -> [f64; 2] {
    let share = |transfer: &Transfer| {
        (transfer.all_ns > 0.0).then(|| transfer.exposed_ns / transfer.all_ns)
    };
    let shares = [share(&transfers[0]), share(&transfers[1])];
    [0, 1].map(|at| shares[at].or(shares[1 - at]).unwrap_or(0.0))
}

/// Terms of an iteration, and the time of all runs of each op of computation, by name, ns.
#[derive(Default)]
struct Parts<'a> {
    terms: IterationTerms,
    ops_ns: BTreeMap<&'a str, f64>,
}

impl<'a> Parts<'a> {
    /// The mean of several iterations, each on all of its ranks.
    fn mean(ops: &Ops<'a>, iterations: &[&[RankIteration<'_>]]) -> Self {
        let mut sum = Self::default();
        if !iterations.is_empty() {
            sum.terms = IterationTerms::zero();
        }
        for ranks in iterations {
            let weight = 1.0 / (iterations.len() * ranks.len()) as f64;
            ranks.iter().for_each(|iteration| sum.add(ops, iteration, weight));
        }
        sum
    }

    fn add(&mut self, ops: &Ops<'a>, iteration: &RankIteration<'_>, weight: f64) {
        self.terms.add(&IterationTerms::of(iteration), weight);
        self.count(ops, iteration, weight);
    }

    fn count(&mut self, ops: &Ops<'a>, iteration: &RankIteration<'_>, weight: f64) {
        let name = |label: LabelId| ops.trace.label(label).name.as_str();
        let inside = |op: &&GpuOp| op.span.overlaps(iteration.span) && op.kind.is_compute();
        for op in iteration.rank.ops.iter().filter(inside) {
            let ns = op.span.intersect(iteration.span).len_ns() as f64 * weight;
            *self.ops_ns.entry(name(op.label)).or_default() += ns;
        }
    }
}

impl IterationTerms {
    /// Nothing yet, and all of it known.
    fn zero() -> Self {
        Self { wait_ns: Some(0.0), exposed_wait_ns: Some(0.0), ..Self::default() }
    }

    fn add(&mut self, other: &Self, weight: f64) {
        for (sum, ns) in [
            (&mut self.iteration_ns, other.iteration_ns),
            (&mut self.compute_ns, other.compute_ns),
            (&mut self.comm_ns, other.comm_ns),
            (&mut self.exposed_comm_ns, other.exposed_comm_ns),
            (&mut self.exposed_copies_ns, other.exposed_copies_ns),
            (&mut self.idle_ns, other.idle_ns),
        ] {
            *sum += ns * weight;
        }
        let plus = |sum: Option<f64>, ns: Option<f64>| Some(sum? + ns? * weight);
        self.wait_ns = plus(self.wait_ns, other.wait_ns);
        self.exposed_wait_ns = plus(self.exposed_wait_ns, other.exposed_wait_ns);
    }

    /// The part of one rank in some iterations, their mean; `None` where it has none.
    pub(super) fn of_rank(iterations: &[&[RankIteration<'_>]], rank: u32) -> Option<Self> {
        let own = |ranks: &&[RankIteration<'_>]| {
            ranks.iter().find(|one| one.rank.rank == rank).map(Self::of)
        };
        let terms: Vec<Self> = iterations.iter().filter_map(own).collect();
        let weight = 1.0 / terms.len().max(1) as f64;
        let mut sum = Self::zero();
        terms.iter().for_each(|one| sum.add(one, weight));
        (!terms.is_empty()).then_some(sum)
    }

    /// Of one iteration of one rank.
    pub(super) fn of(iteration: &RankIteration<'_>) -> Self {
        let span = iteration.span;
        let inside = || iteration.rank.ops.iter().filter(|op| op.span.overlaps(span));
        let union = |keep: fn(Kind) -> bool| -> IntervalSet {
            inside().filter(|op| keep(op.kind)).map(|op| op.span.intersect(span)).collect()
        };
        let compute = union(Kind::is_compute);
        let comm = union(Kind::is_comm);
        let copies = union(|kind| kind == Kind::Memcpy);
        let kernels = compute.union(&comm);
        let busy = kernels.union(&copies);
        // An op waits when it has begun.
        let waited = |op: &GpuOp| Some(Span::new(op.span.start_ns, op.span.start_ns + op.wait_ns?));
        let comm_ops = || inside().filter(|op| op.kind.is_comm());
        let waits = comm_ops().map(|op| Some(waited(op)?.intersect(span).len_ns()));
        let wait_ns = iteration.rank.wait_method.sum_ns(waits);
        let waiting: IntervalSet =
            comm_ops().filter_map(waited).map(|wait| wait.intersect(span)).collect();
        let exposed_wait_ns = waiting.subtract(&compute).len_ns();
        Self {
            iteration_ns: span.len_ns() as f64,
            compute_ns: compute.len_ns() as f64,
            exposed_comm_ns: comm.subtract(&compute).len_ns() as f64,
            exposed_copies_ns: copies.subtract(&kernels).len_ns() as f64,
            idle_ns: (span.len_ns() - busy.len_ns()) as f64,
            comm_ns: comm.len_ns() as f64,
            wait_ns: wait_ns.map(|ns| ns as f64),
            exposed_wait_ns: wait_ns.map(|_| exposed_wait_ns as f64),
        }
    }
}

/// Changes of the ops of computation that both run, and of those that one runs.
fn ops_changes(first: &Parts<'_>, second: &Parts<'_>) -> (Vec<OpChange>, Vec<OpChange>) {
    let names: BTreeSet<&str> = first.ops_ns.keys().chain(second.ops_ns.keys()).copied().collect();
    let (mut same, mut other) = (Vec::new(), Vec::new());
    for name in names {
        let [old, new] = [first, second].map(|parts| parts.ops_ns.get(name).copied());
        let change_ns = new.unwrap_or(0.0) - old.unwrap_or(0.0);
        let change = OpChange { name: name.to_owned(), change_ns };
        if old.is_some() && new.is_some() { same.push(change) } else { other.push(change) }
    }
    (same, other)
}

fn total(changes: &[OpChange]) -> f64 {
    changes.iter().map(|change| change.change_ns).sum()
}

/// The op that does most, in the direction of them all.
fn largest(changes: Vec<OpChange>) -> Option<OpChange> {
    let all = total(&changes);
    let same_way = changes.into_iter().filter(|change| change.change_ns * all > 0.0);
    same_way.max_by(|a, b| a.change_ns.abs().total_cmp(&b.change_ns.abs()))
}
