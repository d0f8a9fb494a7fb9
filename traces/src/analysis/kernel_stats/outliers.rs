use serde::Serialize;

use super::Run;
use crate::model::SliceRef;

/// Ops of a kernel that take unlike the others: outside Tukey's inner fences, `q1 − 1.5 (q3 − q1)` and
/// `q3 + 1.5 (q3 − q1)` ("Exploratory Data Analysis", 1977, chapter 2), and further from the median than one part in
/// twenty. The latter is our own: where a kernel nearly always takes the same time, its quartiles coincide, and a single
/// tick of a clock would lie outside.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Outliers {
    /// Durations from the first to the second are none; `None` with fewer ops than [`Outliers::LEAST_OPS`].
    pub fences_ns: Option<[f64; 2]>,
    /// How many there are.
    pub count: usize,
    /// The furthest from the median first, at most [`Outliers::KEPT`].
    pub furthest: Vec<Outlier>,
}

/// One op that took unlike the others.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Outlier {
    /// The op.
    pub slice: SliceRef,
    /// Its rank.
    pub rank: u32,
    /// Position among the rank's iterations, when it is in one.
    pub iteration: Option<usize>,
    /// When it starts.
    pub start_ns: i64,
    /// How long it takes.
    pub duration_ns: i64,
    /// `duration / median of the kernel`.
    pub of_median: f64,
}

impl Outliers {
    /// With fewer ops a quarter of them is less than two, and quartiles say nothing.
    pub const LEAST_OPS: usize = 8;
    /// Outliers listed; the rest is counted.
    pub const KEPT: usize = 100;
    /// Nearer to the median than this share of it, nothing is an outlier.
    const LEAST_SHARE: f64 = 0.05;

    /// Of runs, shortest first.
    pub(super) fn of(runs: &[Run], median_ns: i64, quartiles_ns: [f64; 2]) -> Self {
        if runs.len() < Self::LEAST_OPS {
            return Self::default();
        }
        let [q1_ns, q3_ns] = quartiles_ns;
        let (reach_ns, median) = (1.5 * (q3_ns - q1_ns), median_ns as f64);
        let fences_ns = [
            (q1_ns - reach_ns).min(median * (1.0 - Self::LEAST_SHARE)),
            (q3_ns + reach_ns).max(median * (1.0 + Self::LEAST_SHARE)),
        ];
        let low = runs.partition_point(|run| (run.duration_ns as f64) < fences_ns[0]);
        let high = runs.partition_point(|run| run.duration_ns as f64 <= fences_ns[1]);
        let outside = || runs[..low].iter().chain(&runs[high..]);
        let mut furthest: Vec<&Run> = outside().collect();
        let distance_ns = |run: &Run| (run.duration_ns - median_ns).abs();
        furthest.sort_by_key(|run| (std::cmp::Reverse(distance_ns(run)), run.start_ns));
        let outlier = |run: &Run| Outlier {
            slice: run.slice,
            rank: run.rank,
            iteration: run.iteration,
            start_ns: run.start_ns,
            duration_ns: run.duration_ns,
            of_median: run.duration_ns as f64 / median,
        };
        Self {
            fences_ns: Some(fences_ns),
            count: furthest.len(),
            furthest: furthest.into_iter().take(Self::KEPT).map(outlier).collect(),
        }
    }
}
