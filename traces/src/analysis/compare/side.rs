use std::collections::BTreeMap;

use super::OpKey;
use crate::analysis::iteration_lengths::{is_in_one, iteration_stretches, mean_ns};
use crate::analysis::{DurationStats, GpuOp, Ops, RankOps};
use crate::model::{Kind, Span};

/// One of the two traces, narrowed to what is compared.
pub(super) struct Side<'a> {
    ops: &'a Ops<'a>,
    by_layer: bool,
    /// Durations of every op, whole, those of the iterations compared.
    pub(super) durations: BTreeMap<Key<'a>, DurationStats>,
    /// The iterations compared, each on all ranks that have it.
    pub(super) iterations: Vec<Vec<RankIteration<'a>>>,
}

/// [`OpKey`], borrowed from the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key<'a> {
    pub(super) name: &'a str,
    pub(super) kind: Kind,
    layer: Option<u32>,
}

impl Key<'_> {
    pub(super) fn owned(&self) -> OpKey {
        OpKey { name: self.name.to_owned(), kind: self.kind, layer: self.layer }
    }
}

/// One iteration of one rank; a rank without any is one, from its first op's start to its last op's end.
pub(super) struct RankIteration<'a> {
    /// The rank.
    pub(super) rank: &'a RankOps<'a>,
    /// As long as it lasts, in which ops of the iterations beside it may run too.
    pub(super) span: Span,
}

impl<'a> Side<'a> {
    /// Takes the `index`th iteration of every rank, or all of them.
    pub(super) fn of(ops: &'a Ops<'a>, index: Option<usize>, by_layer: bool) -> Self {
        let (durations, iterations) = (BTreeMap::new(), Vec::new());
        let mut side = Self { ops, by_layer, durations, iterations };
        for rank in &ops.ranks {
            let mut stretches = iteration_stretches(ops, rank);
            if let Some(index) = index {
                stretches = stretches.into_iter().skip(index).take(1).collect();
            }
            for op in rank.ops.iter().filter(|op| is_in_one(&stretches, op)) {
                let key = side.key(op);
                side.durations.entry(key).or_default().add(op.span.len_ns());
            }
            for (at, stretch) in stretches.into_iter().enumerate() {
                if side.iterations.len() == at {
                    side.iterations.push(Vec::new());
                }
                side.iterations[at].push(RankIteration { rank, span: stretch.span });
            }
        }
        side
    }

    /// Length of each iteration, the mean over its ranks, ns.
    pub(super) fn lengths_ns(&self) -> Vec<f64> {
        self.iterations.iter().map(|ranks| length_ns(ranks)).collect()
    }

    /// The iterations of median length: one, or the two in the middle of an even number.
    pub(super) fn middle(&self) -> Vec<&[RankIteration<'a>]> {
        let mut sorted: Vec<&[RankIteration<'a>]> =
            self.iterations.iter().map(Vec::as_slice).collect();
        sorted.sort_by(|a, b| length_ns(a).total_cmp(&length_ns(b)));
        match sorted.len() {
            0 => Vec::new(),
            count => sorted[(count - 1) / 2..=count / 2].to_vec(),
        }
    }

    /// What makes this op the same as others.
    pub(super) fn key(&self, op: &GpuOp) -> Key<'a> {
        let name = &self.ops.trace.label(op.label).name;
        Key { name, kind: op.kind, layer: op.place.layer.filter(|_| self.by_layer) }
    }
}

fn length_ns(ranks: &[RankIteration<'_>]) -> f64 {
    mean_ns(ranks.iter().map(|iteration| iteration.span))
}
