use std::collections::BTreeMap;

use super::{OneSidedOp, OpKey};
use crate::analysis::iteration_lengths::iteration_spans;
use crate::analysis::stats::median;
use crate::analysis::{DurationStats, GpuOp, Ops, RankOps};
use crate::model::Span;

/// One of the two traces, narrowed to what is compared.
pub(super) struct Side<'a> {
    /// Durations of every op, whole, those that start in the iterations compared.
    pub(super) durations: BTreeMap<OpKey, DurationStats>,
    /// The iterations compared, each rank's counted apart.
    pub(super) iterations: Vec<RankIteration<'a>>,
}

/// One iteration of one rank; a rank without marks is one, from its first op's start to its last op's end.
pub(super) struct RankIteration<'a> {
    /// The rank.
    pub(super) rank: &'a RankOps<'a>,
    /// From the mark's start to its end.
    pub(super) span: Span,
}

impl<'a> Side<'a> {
    /// Takes the `index`th iteration of every rank, or all of them.
    pub(super) fn of(ops: &'a Ops<'a>, index: Option<usize>, by_layer: bool) -> Self {
        let mut side = Self { durations: BTreeMap::new(), iterations: Vec::new() };
        for rank in &ops.ranks {
            let mut spans = iteration_spans(ops, rank);
            if let Some(index) = index {
                spans = spans.into_iter().skip(index).take(1).collect();
            }
            let is_compared = |op: &&GpuOp| {
                index.is_none() || spans.iter().any(|span| span.contains(op.span.start_ns))
            };
            for op in rank.ops.iter().filter(is_compared) {
                let label = ops.trace.label(op.label);
                let layer = label.layer.filter(|_| by_layer);
                let key = OpKey { name: label.name.clone(), kind: op.kind, layer };
                side.durations.entry(key).or_default().add(op.span.len_ns());
            }
            side.iterations.extend(spans.into_iter().map(|span| RankIteration { rank, span }));
        }
        side
    }

    /// Length of the median iteration, ns; 0 without any.
    pub(super) fn median_ns(&self) -> i64 {
        let lengths = self.iterations.iter().map(|iteration| iteration.span.len_ns());
        median(lengths.collect()).unwrap_or_default()
    }

    /// The iterations of median length: one, or the two in the middle of an even number.
    pub(super) fn middle(&self) -> Vec<&RankIteration<'a>> {
        let mut sorted: Vec<&RankIteration<'a>> = self.iterations.iter().collect();
        sorted.sort_by_key(|iteration| iteration.span.len_ns());
        match sorted.len() {
            0 => Vec::new(),
            count => sorted[(count - 1) / 2..=count / 2].to_vec(),
        }
    }

    /// An op that the other has not.
    pub(super) fn one_sided(&self, op: OpKey, durations: DurationStats) -> OneSidedOp {
        OneSidedOp { op, durations, per_iteration_ns: self.per_iteration_ns(&durations) }
    }

    /// Time of an op an iteration and rank, ns.
    pub(super) fn per_iteration_ns(&self, durations: &DurationStats) -> f64 {
        durations.total_ns as f64 / self.iterations.len().max(1) as f64
    }
}
