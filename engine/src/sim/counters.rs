use super::time::{Ticks, ns, ticks};
use crate::observer::{Counter, CounterRecord};

/// The counters of one rank at one time, in [`COUNTERS`]' order.
pub(super) type Values = [f64; 5];

const COUNTERS: [Counter; 5] =
    [Counter::Hbm, Counter::LinkTx, Counter::LinkRx, Counter::SmActive, Counter::TensorActive];

/// Bins a rank keeps at most; the bin width doubles when an iteration outgrows them.
const MAX_BINS: usize = 1024;

/// Averages of the counters over bins of equal width: sums over time stay exact, however few bins there are.
pub(super) struct CounterBins {
    width: Ticks,
    /// Counters are known up to here.
    until: Ticks,
    /// End of the last bin.
    bin_end: Ticks,
    values: Values,
    /// Values × ticks.
    bins: Vec<Values>,
}

impl CounterBins {
    pub(super) fn new() -> Self {
        let width = ticks(1000.0);
        Self { width, until: 0, bin_end: width, values: [0.0; 5], bins: vec![[0.0; 5]] }
    }

    /// From `at` on, the counters have these values.
    #[inline]
    pub(super) fn set(&mut self, at: Ticks, values: Values) {
        while at > self.bin_end {
            self.add(self.bin_end);
            self.open_bin();
        }
        self.add(at);
        self.values = values;
    }

    /// All records of the rank: a value where it changes, by counter, then by time.
    pub(super) fn records(&mut self, rank: u32, base_ns: i64) -> Vec<CounterRecord> {
        let mut records = Vec::new();
        for (index, counter) in COUNTERS.into_iter().enumerate() {
            let mut before = f64::NAN;
            let mut record = |at: Ticks, value: f64| {
                if value != before {
                    let at_ns = base_ns + ns(at);
                    records.push(CounterRecord { counter, rank, at_ns, value });
                    before = value;
                }
            };
            for (bin, sums) in self.bins.iter().enumerate() {
                let from = bin as Ticks * self.width;
                let passed = self.width.min(self.until - from);
                if passed > 0 {
                    record(from, sums[index] / passed as f64);
                }
            }
            record(self.until, 0.0);
        }
        records
    }

    /// The values hold up to `at`, within the last bin.
    #[inline]
    fn add(&mut self, at: Ticks) {
        let passed = (at - self.until) as f64;
        if let Some(bin) = self.bins.last_mut() {
            for (sum, value) in bin.iter_mut().zip(self.values) {
                *sum += passed * value;
            }
        }
        self.until = at;
    }

    fn open_bin(&mut self) {
        if self.bins.len() == MAX_BINS {
            let pair =
                |pair: &[Values]| std::array::from_fn(|i| pair.iter().map(|bin| bin[i]).sum());
            self.bins = self.bins.chunks(2).map(pair).collect();
            self.width *= 2;
        }
        self.bins.push([0.0; 5]);
        self.bin_end = self.bins.len() as Ticks * self.width;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_times_its_duration_is_kept_however_wide_the_bins() {
        let mut bins = CounterBins::new();
        let mut exact = 0.0;
        let mut at = 0;
        for step in 0..5000 {
            let value = f64::from(step % 7);
            bins.set(at, [value, 0.0, 0.0, 0.0, 0.0]);
            let duration = ticks(900.0);
            exact += value * duration as f64;
            at += duration;
        }
        bins.set(at, [0.0; 5]);
        let records = bins.records(0, 0);
        let hbm: Vec<_> = records.iter().filter(|record| record.counter == Counter::Hbm).collect();
        assert!(hbm.len() <= MAX_BINS + 1);
        let sum: f64 = hbm
            .windows(2)
            .map(|pair| pair[0].value * (pair[1].at_ns - pair[0].at_ns) as f64 * 1024.0)
            .sum();
        assert!((sum / exact - 1.0).abs() < 1e-3, "{sum} {exact}");
    }
}
