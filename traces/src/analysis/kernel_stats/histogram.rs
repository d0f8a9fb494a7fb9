use serde::Serialize;

/// How many ops take how long.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Histogram {
    /// Limits of the bins, ascending, one more than bins: bin `i` holds durations from `edges_ns[i]` to below
    /// `edges_ns[i + 1]`. Empty without ops.
    pub edges_ns: Vec<i64>,
    /// Ops in each bin; their sum is the number of ops.
    pub counts: Vec<usize>,
    /// Each bin is as many times as long as the one before it, else all are equally wide (both but for rounding to
    /// nanoseconds).
    pub is_log: bool,
}

/// Bins at most: more than these are thinner than a pointer in a panel.
const MOST_BINS: usize = 40;
/// From this ratio of the longest to the shortest on, equally wide bins would pile most ops into the first.
const LOG_FROM: i64 = 16;

impl Histogram {
    /// Of durations in ascending order, with their first and third quartile. As many bins as the finer of two rules asks
    /// for, as NumPy's `auto` has it: Freedman and Diaconis's width `2 · (q3 − q1) / n^(1/3)` on the scale chosen ("On
    /// the histogram as a density estimator", 1981), and Sturges's number `1 + log2 n` (1926).
    pub(super) fn of(sorted_ns: &[i64], quartiles_ns: [f64; 2]) -> Self {
        let (Some(&min_ns), Some(&max_ns)) = (sorted_ns.first(), sorted_ns.last()) else {
            return Self::default();
        };
        let is_log = min_ns > 0 && max_ns / min_ns >= LOG_FROM;
        let scale = |ns: f64| if is_log { ns.ln() } else { ns };
        let range = scale(max_ns as f64) - scale(min_ns as f64);
        let spread = scale(quartiles_ns[1]) - scale(quartiles_ns[0]);
        let bins = num_bins(sorted_ns.len(), range, spread);
        let edges_ns = if is_log {
            log_edges(min_ns, max_ns, bins)
        } else {
            linear_edges(min_ns, max_ns, bins)
        };
        let below = |edge_ns: i64| sorted_ns.partition_point(|&ns| ns < edge_ns);
        let counts = edges_ns.windows(2).map(|edge| below(edge[1]) - below(edge[0])).collect();
        Self { edges_ns, counts, is_log }
    }
}

fn num_bins(count: usize, range: f64, spread: f64) -> usize {
    let count = count as f64;
    let width = 2.0 * spread / count.cbrt();
    let by_width = if width > 0.0 { range / width } else { 1.0 };
    let bins = by_width.max(1.0 + count.log2());
    (bins.ceil() as usize).clamp(1, MOST_BINS)
}

fn linear_edges(min_ns: i64, max_ns: i64, bins: usize) -> Vec<i64> {
    let width_ns = ((max_ns + 1 - min_ns) as f64 / bins as f64).ceil().max(1.0) as i64;
    let mut edges_ns = vec![min_ns];
    let mut edge_ns = min_ns;
    while edge_ns <= max_ns {
        edge_ns += width_ns;
        edges_ns.push(edge_ns);
    }
    edges_ns
}

fn log_edges(min_ns: i64, max_ns: i64, bins: usize) -> Vec<i64> {
    let ratio = (max_ns + 1) as f64 / min_ns as f64;
    let inner = (1..bins).map(|bin| {
        let share = bin as f64 / bins as f64;
        (min_ns as f64 * ratio.powf(share)).round() as i64
    });
    let mut edges_ns: Vec<i64> = std::iter::once(min_ns).chain(inner).collect();
    edges_ns.push(max_ns + 1);
    edges_ns.dedup();
    edges_ns
}
