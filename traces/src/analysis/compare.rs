//! What changed between two recordings?

use std::collections::BTreeMap;

use serde::Serialize;

use super::{DurationStats, IterationLengths, Ops, iteration_lengths};
use crate::model::Kind;

/// How to compare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompareConfig {
    /// Compare the same op of different layers apart.
    pub by_layer: bool,
}

/// Ops of two traces side by side.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CompareReport {
    /// Ops of both, largest change of time per iteration first.
    pub both: Vec<ComparedOp>,
    /// Ops that only the second has.
    pub added: Vec<OneSidedOp>,
    /// Ops that only the first has.
    pub removed: Vec<OneSidedOp>,
    /// Median iteration of each over all ranks; the span of all ops where there are no marks.
    pub iteration_ns: [i64; 2],
    /// `second / first` of those; `None` when the first is empty.
    pub iteration_ratio: Option<f64>,
}

/// What makes ops of two traces the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct OpKey {
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: Kind,
    /// Layer, when compared by layer and known.
    pub layer: Option<u32>,
}

/// An op of both traces.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedOp {
    /// Which.
    #[serde(flatten)]
    pub op: OpKey,
    /// Durations in the first and in the second.
    pub durations: [DurationStats; 2],
    /// `mean in the second / mean in the first`; `None` when the latter is 0.
    pub mean_ratio: Option<f64>,
    /// Time per iteration and rank: second less first.
    pub change_ns: f64,
}

/// An op of one trace.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OneSidedOp {
    /// Which.
    #[serde(flatten)]
    pub op: OpKey,
    /// Its durations.
    pub durations: DurationStats,
}

/// Compares `second` with `first`, op by op.
pub fn compare(first: &Ops<'_>, second: &Ops<'_>, config: CompareConfig) -> CompareReport {
    let sides = [Side::of(first, config), Side::of(second, config)];
    let mut report = CompareReport::default();
    for (op, &before) in &sides[0].ops {
        let op = op.clone();
        match sides[1].ops.get(&op) {
            Some(&after) => report.both.push(ComparedOp {
                op,
                durations: [before, after],
                mean_ratio: (before.total_ns > 0).then(|| after.mean_ns() / before.mean_ns()),
                change_ns: sides[1].per_iteration(&after) - sides[0].per_iteration(&before),
            }),
            None => report.removed.push(OneSidedOp { op, durations: before }),
        }
    }
    let added = sides[1].ops.iter().filter(|(op, _)| !sides[0].ops.contains_key(op));
    report.added = added.map(|(op, &durations)| OneSidedOp { op: op.clone(), durations }).collect();
    report.both.sort_by(|a, b| b.change_ns.abs().total_cmp(&a.change_ns.abs()));
    report.iteration_ns = sides.map(|side| side.iterations.median_ns);
    let [before, after] = report.iteration_ns.map(|ns| ns as f64);
    report.iteration_ratio = (before > 0.0).then(|| after / before);
    report
}

struct Side {
    ops: BTreeMap<OpKey, DurationStats>,
    iterations: IterationLengths,
}

impl Side {
    fn of(side: &Ops<'_>, config: CompareConfig) -> Self {
        let mut ops: BTreeMap<OpKey, DurationStats> = BTreeMap::new();
        for rank in &side.ranks {
            for op in &rank.ops {
                let label = side.trace.label(op.label);
                let layer = label.layer.filter(|_| config.by_layer);
                let key = OpKey { name: label.name.clone(), kind: op.kind, layer };
                ops.entry(key).or_default().add(op.span.len_ns());
            }
        }
        Self { ops, iterations: iteration_lengths(side) }
    }

    fn per_iteration(&self, durations: &DurationStats) -> f64 {
        durations.total_ns as f64 / self.iterations.count.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Config, testing::trace};

    #[test]
    fn slower_added_and_removed_ops() {
        let before = trace(
            "rank 0
             marks 0: mark 0..100 step; mark 100..200 step
             stream 0: gemm 0..40 up L0; norm 40..50 norm L0; gemm 100..140 up L1; comm 150..160 ar",
        );
        let after = trace(
            "rank 0
             marks 0: mark 0..150 step
             stream 0: gemm 0..50 up L0; norm 50..60 norm L0; comm 60..90 fused_ar_norm",
        );
        let [before, after] = [&before, &after].map(|trace| Ops::of(trace, &Config::default()));
        let report = compare(&before, &after, CompareConfig::default());
        let up = &report.both[0];
        assert_eq!((up.op.name.as_str(), up.mean_ratio, up.change_ns), ("up", Some(1.25), 10.0));
        assert_eq!(report.both[1].change_ns, 5.0);
        assert_eq!(report.added[0].op.name, "fused_ar_norm");
        assert_eq!(report.removed[0].op.name, "ar");
        assert_eq!((report.iteration_ns, report.iteration_ratio), ([100, 150], Some(1.5)));
        let report = compare(&before, &after, CompareConfig { by_layer: true });
        assert_eq!(
            report.removed.iter().map(|row| row.op.layer).collect::<Vec<_>>(),
            [None, Some(1)]
        );
    }

    #[test]
    fn a_trace_compared_with_itself_has_not_changed() {
        let same = trace("rank 0\n stream 0: gemm 0..40 up L0; comm 50..60 ar");
        let same = Ops::of(&same, &Config::default());
        let report = compare(&same, &same, CompareConfig::default());
        assert!(report.both.iter().all(|op| op.mean_ratio == Some(1.0) && op.change_ns == 0.0));
        assert_eq!(report.iteration_ratio, Some(1.0));
        assert!(report.added.is_empty() && report.removed.is_empty());
    }
}
