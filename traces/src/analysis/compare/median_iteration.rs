//! What the median iteration consists of: terms, and ops.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::side::{Key, RankIteration, Side};
use crate::analysis::{GpuOp, intervals::IntervalSet};
use crate::model::{Kind, Span};

/// What an iteration consists of: `compute + exposed_comm + exposed_copies + idle = iteration`, the terms of
/// [`RankBreakdown`](crate::analysis::RankBreakdown) over one iteration of one rank.
///
/// Of the iteration of median length, the mean over its ranks; of an even number the mean of the two in the middle. An op
/// across an iteration's end counts with the part inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
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

/// The median iteration of one of the two; see [`IterationTerms`].
#[derive(Default)]
pub(super) struct MedianIteration<'a> {
    pub(super) terms: IterationTerms,
    /// Time of all runs of each op together, side by side or not, ns: whatever says how much an op adds to an iteration
    /// asks this.
    pub(super) ops_ns: BTreeMap<Key<'a>, f64>,
}

impl<'a> MedianIteration<'a> {
    pub(super) fn of(side: &Side<'a>) -> Self {
        let middle = side.middle();
        let mut sum = Self::default();
        if !middle.is_empty() {
            sum.terms = IterationTerms::zero();
        }
        for ranks in &middle {
            let weight = 1.0 / (middle.len() * ranks.len()) as f64;
            for iteration in *ranks {
                sum.terms.add(&IterationTerms::of(iteration), weight);
                sum.add_ops(side, iteration, weight);
            }
        }
        sum
    }

    fn add_ops(&mut self, side: &Side<'a>, iteration: &RankIteration<'a>, weight: f64) {
        let inside = |op: &&GpuOp| op.span.overlaps(iteration.span);
        for op in iteration.rank.ops.iter().filter(inside) {
            let ns = op.span.intersect(iteration.span).len_ns() as f64 * weight;
            *self.ops_ns.entry(side.key(op)).or_default() += ns;
        }
    }

    /// Of one op; 0 where none of it runs.
    pub(super) fn op_ns(&self, key: &Key<'_>) -> f64 {
        self.ops_ns.get(key).copied().unwrap_or(0.0)
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
