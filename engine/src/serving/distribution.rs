//! Many times of which few differ, and their percentiles.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Times by how often each came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distribution {
    counts: BTreeMap<i64, u64>,
    count: u64,
}

impl Distribution {
    /// One more.
    pub fn add(&mut self, ns: i64) {
        *self.counts.entry(ns).or_default() += 1;
        self.count += 1;
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their mean, ns; `None` of none.
    pub fn mean_ns(&self) -> Option<f64> {
        let sum: f64 = self.counts.iter().map(|(&ns, &times)| ns as f64 * times as f64).sum();
        (self.count > 0).then(|| sum / self.count as f64)
    }

    /// The time that a share of them does not exceed, ns: between the two nearest ranks in proportion, as `NumPy` does.
    /// `None` of none.
    pub fn percentile_ns(&self, share: f64) -> Option<f64> {
        let last = self.count.checked_sub(1)?;
        let rank = share.clamp(0.0, 1.0) * last as f64;
        let (below, above) = (self.at(rank.floor() as u64)?, self.at(rank.ceil() as u64)?);
        Some(below as f64 + (above - below) as f64 * rank.fract())
    }

    /// The value with so many before it.
    fn at(&self, rank: u64) -> Option<i64> {
        let mut before = 0;
        let of_rank = |&(_, &times): &(&i64, &u64)| {
            before += times;
            before > rank
        };
        self.counts.iter().find(of_rank).map(|(&ns, _)| ns)
    }
}

impl FromIterator<i64> for Distribution {
    fn from_iter<I: IntoIterator<Item = i64>>(times: I) -> Self {
        let mut all = Self::default();
        times.into_iter().for_each(|ns| all.add(ns));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `numpy.percentile([15, 20, 35, 40, 50], [0, 40, 50, 90, 100])` is 15, 29, 35, 46, 50.
    #[test]
    fn percentiles_are_numpys() {
        let times: Distribution = [50, 15, 40, 35, 20].into_iter().collect();
        let of = |share| times.percentile_ns(share).unwrap();
        let found = [0.0, 0.4, 0.5, 0.9, 1.0].map(of);
        for (found, wanted) in found.into_iter().zip([15.0, 29.0, 35.0, 46.0, 50.0]) {
            assert!((found - wanted).abs() < 1e-9, "{found} {wanted}");
        }
        assert_eq!(times.mean_ns(), Some(32.0));
    }

    /// `numpy.percentile([7] * 99 + [1000], [50, 99])` is 7, 16.93.
    #[test]
    fn what_comes_often_counts_often() {
        let times: Distribution = std::iter::repeat_n(7, 99).chain([1000]).collect();
        assert_eq!((times.count(), times.percentile_ns(0.5)), (100, Some(7.0)));
        assert!((times.percentile_ns(0.99).unwrap() - 16.93).abs() < 1e-9);
        assert_eq!(Distribution::default().percentile_ns(0.5), None);
        assert_eq!(Distribution::default().mean_ns(), None);
    }
}
