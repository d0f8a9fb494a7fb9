use serde::{Deserialize, Serialize};

/// Durations of some slices, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DurationStats {
    /// How many.
    pub count: usize,
    /// Their sum.
    pub total_ns: i64,
    /// The shortest; 0 without any.
    pub min_ns: i64,
    /// The longest; 0 without any.
    pub max_ns: i64,
}

impl DurationStats {
    /// Takes in one more.
    pub fn add(&mut self, duration_ns: i64) {
        self.min_ns = if self.count == 0 { duration_ns } else { self.min_ns.min(duration_ns) };
        self.max_ns = if self.count == 0 { duration_ns } else { self.max_ns.max(duration_ns) };
        self.count += 1;
        self.total_ns += duration_ns;
    }

    /// Takes in all of `other`.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        let min_ns = if self.count == 0 { other.min_ns } else { self.min_ns.min(other.min_ns) };
        self.max_ns = if self.count == 0 { other.max_ns } else { self.max_ns.max(other.max_ns) };
        self.min_ns = min_ns;
        self.count += other.count;
        self.total_ns += other.total_ns;
    }

    /// Mean; 0 without any.
    pub fn mean_ns(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.total_ns as f64 / self.count as f64 }
    }
}

/// The middle value; of an even number the mean of the two middle ones, rounded towards zero; `None` without values.
pub(crate) fn median(mut values: Vec<i64>) -> Option<i64> {
    values.sort_unstable();
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    Some(if values.len() % 2 == 1 { upper } else { values[middle - 1].midpoint(upper) })
}

/// The value that `share` (0…1) of the sorted values lie below, interpolated where it falls between two: type 7 of Hyndman
/// and Fan, "Sample quantiles in statistical packages" (1996), as NumPy and R have it; 0 without values.
pub(crate) fn quantile_ns(sorted_ns: &[i64], share: f64) -> f64 {
    let Some(last) = sorted_ns.len().checked_sub(1) else { return 0.0 };
    let at = last as f64 * share;
    let [low, high] = [at.floor(), at.ceil()].map(|at| sorted_ns[(at as usize).min(last)] as f64);
    low + (high - low) * at.fract()
}

/// `part / whole`, 0 of an empty whole.
pub(super) fn share(part_ns: i64, whole_ns: i64) -> f64 {
    if whole_ns == 0 { 0.0 } else { part_ns as f64 / whole_ns as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_of_a_few_durations() {
        let mut stats = DurationStats::default();
        for duration_ns in [5, 2, 9] {
            stats.add(duration_ns);
        }
        let expected = DurationStats { count: 3, total_ns: 16, min_ns: 2, max_ns: 9 };
        assert_eq!(stats, expected);
        let mut merged = DurationStats::default();
        merged.merge(&stats);
        merged.merge(&DurationStats::default());
        assert_eq!(merged, expected);
    }

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![7, 1, 3]), Some(3));
        assert_eq!(median(vec![8, 1, 3, 4]), Some(3));
    }

    /// As `numpy.quantile` gives them.
    #[test]
    fn quantiles_lie_between() {
        let sorted_ns = [1, 2, 4, 8, 16, 32];
        let found = [0.0, 0.25, 0.5, 0.75, 0.99, 1.0].map(|share| quantile_ns(&sorted_ns, share));
        for (found, expected) in found.into_iter().zip([1.0, 2.5, 6.0, 14.0, 31.2, 32.0]) {
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
        assert_eq!((quantile_ns(&[7], 0.99), quantile_ns(&[], 0.5)), (7.0, 0.0));
    }
}
