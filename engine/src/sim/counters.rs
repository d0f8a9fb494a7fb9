//! What a simulated rank's counters show over time, in a bounded number of bins.

use super::time::{Ticks, ns, ticks};
use crate::observer::{Counter, CounterRecord};

/// The counters of one rank at one time, in [`COUNTERS`]' order.
pub(super) type Values = [f64; 5];

const COUNTERS: [Counter; 5] =
    [Counter::Hbm, Counter::LinkTx, Counter::LinkRx, Counter::SmActive, Counter::TensorActive];

/// Bins a rank keeps at most; the bin width doubles when an iteration outgrows them.
const MAX_BINS: usize = 1024;
/// Peaks are of averages over this long, however wide the bins are, ns.
const PEAK_NS: f64 = 1000.0;

/// Averages of the counters over bins of equal width, and where in each bin a counter is highest: sums over time and
/// peaks stay what they are, however few bins there are.
pub(super) struct CounterBins {
    /// Of a step, over which peaks are taken, and of a bin, which is some steps.
    step: Ticks,
    width: Ticks,
    /// Counters are known up to here.
    until: Ticks,
    /// End of the open step.
    step_end: Ticks,
    values: Values,
    /// Values × ticks of the open step.
    open: Values,
    bins: Vec<Bin>,
}

/// One bin, without the open step.
#[derive(Clone, Copy, Default)]
struct Bin {
    /// Values × ticks.
    sums: Values,
    peaks: [Peak; 5],
}

/// A counter's highest step of a bin.
#[derive(Clone, Copy, Default)]
struct Peak {
    /// The average over the step.
    value: f64,
    /// When the step begins.
    at: Ticks,
}

impl CounterBins {
    pub(super) fn new() -> Self {
        let step = ticks(PEAK_NS);
        Self {
            step,
            width: step,
            until: 0,
            step_end: step,
            values: [0.0; 5],
            open: [0.0; 5],
            bins: vec![Bin::default()],
        }
    }

    /// From `at` on, the counters have these values.
    #[inline]
    pub(super) fn set(&mut self, at: Ticks, values: Values) {
        while at > self.step_end {
            self.add(self.step_end);
            self.close_step();
        }
        self.add(at);
        self.values = values;
    }

    /// All records of the rank: a value where it changes, by counter, then by time.
    pub(super) fn records(&mut self, rank: u32, base_ns: i64) -> Vec<CounterRecord> {
        self.take_open();
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
            for (number, bin) in self.bins.iter().enumerate() {
                let from = number as Ticks * self.width;
                let to = self.until.min(from + self.width);
                if to > from {
                    self.tell(bin.sums[index], bin.peaks[index], (from, to), &mut record);
                }
            }
            record(self.until, 0.0);
        }
        records
    }

    /// The values of one bin: its average, or its peak where that was and around it the average of the rest.
    fn tell(
        &self,
        sum: f64,
        peak: Peak,
        (from, to): (Ticks, Ticks),
        record: &mut impl FnMut(Ticks, f64),
    ) {
        let passed = (to - from) as f64;
        let step = self.step as f64;
        let average = sum / passed;
        // What rounding alone makes of a level bin is no peak.
        if passed <= step || peak.value <= average * (1.0 + 1e-9) {
            return record(from, average);
        }
        let rest = ((sum - peak.value * step) / (passed - step)).max(0.0);
        if peak.at > from {
            record(from, rest);
        }
        record(peak.at, peak.value);
        if peak.at + self.step < to {
            record(peak.at + self.step, rest);
        }
    }

    /// The values hold up to `at`, within the open step.
    #[inline]
    fn add(&mut self, at: Ticks) {
        let passed = (at - self.until) as f64;
        for (sum, value) in self.open.iter_mut().zip(self.values) {
            *sum += passed * value;
        }
        self.until = at;
    }

    /// The open step is over: takes it into its bin.
    fn close_step(&mut self) {
        let at = self.step_end - self.step;
        if let Some(bin) = self.bins.last_mut() {
            for (peak, sum) in bin.peaks.iter_mut().zip(self.open) {
                *peak = peak.max(Peak { value: sum / self.step as f64, at });
            }
        }
        self.take_open();
        self.step_end += self.step;
        if self.step_end > self.bins.len() as Ticks * self.width {
            self.open_bin();
        }
    }

    fn take_open(&mut self) {
        if let Some(bin) = self.bins.last_mut() {
            for (sum, open) in bin.sums.iter_mut().zip(&mut self.open) {
                *sum += std::mem::take(open);
            }
        }
    }

    fn open_bin(&mut self) {
        if self.bins.len() == MAX_BINS {
            self.bins = self.bins.chunks(2).map(joined).collect();
            self.width *= 2;
        }
        self.bins.push(Bin::default());
    }
}

impl Peak {
    /// The higher of two, the earlier on a tie.
    fn max(self, other: Self) -> Self {
        if other.value > self.value { other } else { self }
    }
}

fn joined(pair: &[Bin]) -> Bin {
    pair.iter().fold(Bin::default(), |joined, bin| Bin {
        sums: std::array::from_fn(|i| joined.sums[i] + bin.sums[i]),
        peaks: std::array::from_fn(|i| joined.peaks[i].max(bin.peaks[i])),
    })
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
        assert!(hbm.len() <= 3 * MAX_BINS + 1);
        let sum: f64 = hbm
            .windows(2)
            .map(|pair| pair[0].value * (pair[1].at_ns - pair[0].at_ns) as f64 * 1024.0)
            .sum();
        assert!((sum / exact - 1.0).abs() < 1e-3, "{sum} {exact}");
    }

    /// Low for a long time but for three steps, one of them higher: after a thousandfold of bins as at once.
    #[test]
    fn peaks_stay_what_and_where_they_are_however_wide_the_bins() {
        let peak_of = |steps: i64| {
            let mut bins = CounterBins::new();
            for step in 0..steps {
                let value = match step {
                    100 | 300 => 40.0,
                    200 => 50.0,
                    _ => 1.0,
                };
                bins.set(ticks(PEAK_NS) * step as Ticks, [value, 0.0, 0.0, 0.0, 0.0]);
            }
            let records = bins.records(0, 0).into_iter();
            let hbm = records.filter(|record| record.counter == Counter::Hbm);
            let highest = hbm.max_by(|a, b| a.value.total_cmp(&b.value)).unwrap();
            (highest.value, highest.at_ns)
        };
        for steps in [400, 4_000, 1_000_000] {
            assert_eq!(peak_of(steps), (50.0, 200_000), "{steps}");
        }
    }
}
