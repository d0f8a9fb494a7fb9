//! Where does the time of a rank go?

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::accounts::copies;
use super::intervals::IntervalSet;
use super::stats::share;
use super::{Account, DurationStats, GpuOp, Ops, RankOps};
use crate::model::{Kind, Trace};

/// Breakdown of every rank.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BreakdownReport {
    /// By rank.
    pub ranks: Vec<RankBreakdown>,
}

/// Where one rank's time goes.
///
/// Its first figures are the four terms of [`Account`], which TraceLens has too.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RankBreakdown {
    /// The rank.
    pub rank: u32,
    /// First start to last end of kernels and copies.
    pub span_ns: i64,
    /// Union of computation.
    pub compute_ns: i64,
    /// Communication without computation.
    pub exposed_comm_ns: i64,
    /// Copies without computation or communication.
    pub exposed_memcpy_ns: i64,
    /// Nothing at all.
    pub idle_ns: i64,
    /// Per kind, in drawing order, kinds that occur.
    pub by_kind: Vec<KindRow>,
    /// Per op name and kind, most time first.
    pub by_op: Vec<OpRow>,
    /// Per layer, ops without a layer first.
    pub by_layer: Vec<LayerRow>,
}

/// Time of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KindRow {
    /// The kind.
    pub kind: Kind,
    /// Wall time with at least one op of it.
    pub union_ns: i64,
    /// Single durations.
    #[serde(flatten)]
    pub durations: DurationStats,
    /// `total / sum of all kinds' totals`, 0…1.
    pub share: f64,
}

/// Time of one op, all its layers and splits together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpRow {
    /// Name of its labels.
    pub name: String,
    /// Kind of its labels.
    pub kind: Kind,
    /// Single durations.
    #[serde(flatten)]
    pub durations: DurationStats,
    /// Mean duration.
    pub mean_ns: f64,
    /// `total / sum of all ops' totals`, 0…1.
    pub share: f64,
}

/// Time of one layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerRow {
    /// The layer; `None` for ops that belong to none.
    pub layer: Option<u32>,
    /// First start to last end. Layers overlap where the schedule weaves them.
    pub span_ns: i64,
    /// Union of its computation.
    pub compute_ns: i64,
    /// Union of its communication.
    pub comm_ns: i64,
    /// Its communication without any of the rank's computation.
    pub exposed_comm_ns: i64,
}

/// Breaks down every rank's time.
pub fn breakdown(ops: &Ops<'_>) -> BreakdownReport {
    BreakdownReport { ranks: ops.ranks.iter().map(|rank| of_rank(ops.trace, rank)).collect() }
}

fn of_rank(trace: &Trace, rank: &RankOps<'_>) -> RankBreakdown {
    let RankOps { ops, compute, comm, .. } = rank;
    let account = Account::of(compute, comm, &copies(ops));
    RankBreakdown {
        rank: rank.rank,
        span_ns: account.span.len_ns(),
        compute_ns: account.compute_ns,
        exposed_comm_ns: account.exposed_comm_ns,
        exposed_memcpy_ns: account.exposed_memcpy_ns,
        idle_ns: account.idle_ns,
        by_kind: by_kind(ops),
        by_op: by_op(trace, ops),
        by_layer: by_layer(ops, compute),
    }
}

fn by_kind(ops: &[GpuOp]) -> Vec<KindRow> {
    let all = sum_ns(ops);
    let row = |kind| {
        let mut durations = DurationStats::default();
        let of_kind = ops.iter().filter(|op| op.kind == kind).map(|op| op.span);
        let union: IntervalSet = of_kind.inspect(|span| durations.add(span.len_ns())).collect();
        let share = share(durations.total_ns, all);
        KindRow { kind, union_ns: union.len_ns(), durations, share }
    };
    Kind::ALL.into_iter().map(row).filter(|row| row.durations.count > 0).collect()
}

fn by_op(trace: &Trace, ops: &[GpuOp]) -> Vec<OpRow> {
    let all = sum_ns(ops);
    let mut by_name: BTreeMap<(&str, Kind), DurationStats> = BTreeMap::new();
    for op in ops {
        let name = trace.label(op.label).name.as_str();
        by_name.entry((name, op.kind)).or_default().add(op.span.len_ns());
    }
    let row = |((name, kind), durations): ((&str, Kind), DurationStats)| OpRow {
        name: name.to_owned(),
        kind,
        durations,
        mean_ns: durations.mean_ns(),
        share: share(durations.total_ns, all),
    };
    let mut rows: Vec<OpRow> = by_name.into_iter().map(row).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.durations.total_ns));
    rows
}

fn by_layer(ops: &[GpuOp], compute: &IntervalSet) -> Vec<LayerRow> {
    let mut layers: BTreeMap<Option<u32>, Vec<&GpuOp>> = BTreeMap::new();
    for op in ops {
        layers.entry(op.place.layer).or_default().push(op);
    }
    let row = |(layer, ops): (Option<u32>, Vec<&GpuOp>)| {
        let union = |keep: fn(Kind) -> bool| -> IntervalSet {
            ops.iter().filter(|op| keep(op.kind)).map(|op| op.span).collect()
        };
        let comm = union(Kind::is_comm);
        let start_ns = ops.iter().map(|op| op.span.start_ns).min().unwrap_or_default();
        let end_ns = ops.iter().map(|op| op.span.end_ns).max().unwrap_or_default();
        LayerRow {
            layer,
            span_ns: end_ns - start_ns,
            compute_ns: union(Kind::is_compute).len_ns(),
            comm_ns: comm.len_ns(),
            exposed_comm_ns: comm.subtract(compute).len_ns(),
        }
    };
    layers.into_iter().map(row).collect()
}

fn sum_ns(ops: &[GpuOp]) -> i64 {
    ops.iter().map(|op| op.span.len_ns()).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analysis::{Config, testing::trace};

    fn only_rank(text: &str) -> RankBreakdown {
        breakdown(&Ops::of(&trace(text), &Config::default())).ranks.remove(0)
    }

    const WOVEN: &str = "rank 0
        stream 0: gemm 0..100 qkv L0; gemm 100..150 qkv L1; norm 150..160 norm L1
        stream 1: comm 80..130 ar L0; comm 155..200 ar L1
        stream 2: memcpy 190..230 copy; memcpy 250..260 copy";

    #[test]
    fn four_terms() {
        let rank = only_rank(WOVEN);
        let terms = [rank.compute_ns, rank.exposed_comm_ns, rank.exposed_memcpy_ns, rank.idle_ns];
        assert_eq!((rank.span_ns, terms), (260, [160, 40, 40, 20]));
    }

    #[test]
    fn rows_by_kind_op_and_layer() {
        let rank = only_rank(WOVEN);
        let kinds: Vec<_> = rank.by_kind.iter().map(|row| (row.kind, row.union_ns)).collect();
        let expected = [(Kind::Gemm, 150), (Kind::Norm, 10), (Kind::Comm, 95), (Kind::Memcpy, 50)];
        assert_eq!(kinds, expected);
        let first = &rank.by_op[0];
        assert_eq!((first.name.as_str(), first.durations.count, first.mean_ns), ("qkv", 2, 75.0));
        assert!((rank.by_op.iter().map(|row| row.share).sum::<f64>() - 1.0).abs() < 1e-12);
        let layers: Vec<_> = rank
            .by_layer
            .iter()
            .map(|row| (row.layer, row.span_ns, row.compute_ns, row.comm_ns, row.exposed_comm_ns))
            .collect();
        let expected =
            [(None, 70, 0, 0, 0), (Some(0), 130, 100, 50, 0), (Some(1), 100, 60, 45, 40)];
        assert_eq!(layers, expected);
    }

    proptest! {
        #[test]
        fn the_four_terms_equal_counting_every_nanosecond(
            ops in proptest::collection::vec((0..4_usize, 0..150_i64, 0..30_i64), 0..25),
        ) {
            let mut sorted = ops.clone();
            sorted.sort_by_key(|op| op.1);
            let kinds = ["norm", "wait", "comm", "memcpy"];
            let mut text = "rank 0\n".to_owned();
            for &(kind, start, len) in &sorted {
                text += &format!("stream 0: {} {start}..{} x\n", kinds[kind], start + len);
            }
            let rank = only_rank(&text);
            let mut counted = [0; 4];
            let lively: Vec<_> = ops.iter().filter(|op| op.2 > 0).collect();
            let start = lively.iter().map(|op| op.1).min().unwrap_or(0);
            let end = lively.iter().map(|op| op.1 + op.2).max().unwrap_or(0);
            for at in start..end {
                let runs = |kind: usize| {
                    ops.iter().any(|op| op.0 == kind && op.1 <= at && at < op.1 + op.2)
                };
                let term = match (runs(0), runs(1) || runs(2), runs(3)) {
                    (true, ..) => 0,
                    (_, true, _) => 1,
                    (_, _, true) => 2,
                    _ => 3,
                };
                counted[term] += 1;
            }
            let terms =
                [rank.compute_ns, rank.exposed_comm_ns, rank.exposed_memcpy_ns, rank.idle_ns];
            prop_assert_eq!(terms, counted);
            prop_assert_eq!(rank.span_ns, end - start);
        }
    }
}
