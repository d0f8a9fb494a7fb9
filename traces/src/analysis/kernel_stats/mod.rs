//! How long does each kernel take, where, and when does it take unlike itself?
//!
//! A kernel is what has one name and one kind: all its layers, splits and ranks together. Copies count as kernels of
//! their own. Every duration is whole nanoseconds of one op on its stream, cut to the window asked for.

mod groups;
mod histogram;
mod outliers;

use std::collections::BTreeMap;

use serde::Serialize;

pub use self::groups::GroupDurations;
use self::groups::groups;
pub use self::histogram::Histogram;
pub use self::outliers::{Outlier, Outliers};
use super::stats::{median, quantile_ns, share};
use super::{DurationStats, Ops};
use crate::model::{Kind, SliceRef};

/// Every kernel of a recording.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct KernelReport {
    /// Most time first.
    pub kernels: Vec<KernelStats>,
}

/// What makes ops the same kernel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct KernelKey {
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: Kind,
}

/// The durations of one kernel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KernelStats {
    /// Which.
    #[serde(flatten)]
    pub key: KernelKey,
    /// Count, total, shortest and longest.
    #[serde(flatten)]
    pub durations: DurationStats,
    /// Mean.
    pub mean_ns: f64,
    /// Median.
    pub median_ns: i64,
    /// First and third quartile, between two durations where they lie between (Hyndman and Fan's type 7).
    pub quartiles_ns: [f64; 2],
    /// 99 of 100 are no longer than this, interpolated as the quartiles.
    pub p99_ns: f64,
    /// `total / sum of all kernels' totals`, 0…1.
    pub share: f64,
    /// How many take how long.
    pub histogram: Histogram,
    /// By rank, ascending.
    pub ranks: Vec<GroupDurations>,
    /// By rank and iteration, ascending; empty without marks.
    pub iterations: Vec<GroupDurations>,
    /// Those far from all others.
    pub outliers: Outliers,
    /// Every op of it, shortest first, of one duration the earlier first.
    #[serde(skip)]
    ops: Vec<SliceRef>,
}

impl KernelStats {
    /// The ops of a bin of the histogram, shortest first; none of a bin that does not exist.
    pub fn ops_in_bin(&self, bin: usize) -> &[SliceRef] {
        let counts = &self.histogram.counts;
        let first: usize = counts.iter().take(bin).sum();
        let count = counts.get(bin).copied().unwrap_or_default();
        self.ops.get(first..first + count).unwrap_or_default()
    }
}

impl KernelReport {
    /// The kernel with this key.
    pub fn find(&self, key: &KernelKey) -> Option<&KernelStats> {
        self.kernels.iter().find(|kernel| kernel.key == *key)
    }
}

/// One op on its way into the statistics.
#[derive(Clone, Copy, Debug)]
struct Run {
    duration_ns: i64,
    start_ns: i64,
    rank: u32,
    /// Position among the iterations of its rank, when it is in one.
    iteration: Option<usize>,
    slice: SliceRef,
}

/// Statistics of every kernel. Costs a sort of all ops, and 8 bytes an op in the report.
pub fn kernel_stats(ops: &Ops<'_>) -> KernelReport {
    let runs = runs(ops);
    let all_ns = runs.values().flatten().map(|run| run.duration_ns).sum();
    let stats = |((name, kind), runs): ((&str, Kind), Vec<Run>)| {
        let key = KernelKey { name: name.to_owned(), kind };
        stats_of(key, runs, all_ns)
    };
    let mut kernels: Vec<KernelStats> = runs.into_iter().map(stats).collect();
    kernels.sort_by_key(|kernel| std::cmp::Reverse(kernel.durations.total_ns));
    KernelReport { kernels }
}

/// The ops of every kernel, rank by rank in order of start.
fn runs<'a>(ops: &Ops<'a>) -> BTreeMap<(&'a str, Kind), Vec<Run>> {
    // Names are compared once a label, not once an op.
    let mut by_label: Vec<Vec<Run>> = vec![Vec::new(); ops.trace.labels.len()];
    for rank in &ops.ranks {
        for op in &rank.ops {
            by_label[op.label.0 as usize].push(Run {
                duration_ns: op.span.len_ns(),
                start_ns: op.span.start_ns,
                rank: rank.rank,
                iteration: op.iteration(),
                slice: op.slice,
            });
        }
    }
    let mut by_kernel: BTreeMap<(&str, Kind), Vec<Run>> = BTreeMap::new();
    for (label, runs) in ops.trace.labels.iter().zip(by_label) {
        if !runs.is_empty() {
            by_kernel.entry((label.name.as_str(), label.kind)).or_default().extend(runs);
        }
    }
    by_kernel
}

fn stats_of(key: KernelKey, mut runs: Vec<Run>, all_ns: i64) -> KernelStats {
    runs.sort_by_key(|run| (run.duration_ns, run.start_ns, run.slice));
    let sorted_ns: Vec<i64> = runs.iter().map(|run| run.duration_ns).collect();
    let mut durations = DurationStats::default();
    sorted_ns.iter().for_each(|&duration_ns| durations.add(duration_ns));
    let quartiles_ns = [0.25, 0.75].map(|share| quantile_ns(&sorted_ns, share));
    let p99_ns = quantile_ns(&sorted_ns, 0.99);
    let histogram = Histogram::of(&sorted_ns, quartiles_ns);
    let median_ns = median(sorted_ns).unwrap_or_default();
    KernelStats {
        key,
        durations,
        mean_ns: durations.mean_ns(),
        median_ns,
        quartiles_ns,
        p99_ns,
        share: share(durations.total_ns, all_ns),
        histogram,
        ranks: groups(&runs, |run| Some((run.rank, None))),
        iterations: groups(&runs, |run| Some((run.rank, Some(run.iteration?)))),
        outliers: Outliers::of(&runs, median_ns, quartiles_ns),
        ops: runs.iter().map(|run| run.slice).collect(),
    }
}

#[cfg(test)]
mod tests;
