use serde::Serialize;

/// Durations of some slices, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
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
pub(super) fn median(mut values: Vec<i64>) -> Option<i64> {
    values.sort_unstable();
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    Some(if values.len() % 2 == 1 { upper } else { values[middle - 1].midpoint(upper) })
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
}
