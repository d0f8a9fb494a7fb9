//! Counters sampled over time, onto the executor's time.

use weftscope_engine::{
    clock::ClockFit,
    observer::{Counter, CounterRecord},
};

/// Samples of one rank.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// The rank.
    pub rank: u32,
    /// What a sample holds, in order.
    pub counters: Vec<Counter>,
    /// In order of time.
    pub samples: Vec<Sample>,
}

/// What happened between two ticks of the sampler.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// First nanosecond, sampler's time.
    pub start_ns: i64,
    /// First nanosecond after.
    pub end_ns: i64,
    /// A value each counter, in the counter's unit.
    pub values: Vec<f64>,
}

/// Which clock the sampler's times are of. NVIDIA does not say; it shows in whether SMs are active when kernels run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleTime {
    /// The GPU's own `%globaltimer`.
    Gpu,
    /// CUPTI's.
    Cupti,
}

/// The two maps onto executor time that samples may need.
#[derive(Clone, Copy, Debug)]
pub struct SampleClocks<'a> {
    /// From the rank's `%globaltimer`.
    pub gpu: &'a ClockFit,
    /// From CUPTI's time; `None` when CUPTI saw nothing to tell it by.
    pub cupti: Option<&'a ClockFit>,
}

impl SampleClocks<'_> {
    fn map(&self, time: SampleTime, at_ns: i64) -> i64 {
        match (time, self.cupti) {
            (SampleTime::Cupti, Some(cupti)) => cupti.host_from_device(at_ns),
            _ => self.gpu.host_from_device(at_ns),
        }
    }
}

/// Which clock fits better: under it, samples with active SMs lie where ops ran. `busy` are ops of the rank that fill the
/// GPU (not collectives, which hold a few SMs and by themselves would count as either), executor time, by start.
pub fn sample_time(series: &Series, busy: &[(i64, i64)], clocks: SampleClocks<'_>) -> SampleTime {
    let column = series.counters.iter().position(|&counter| counter == Counter::SmActive);
    let (Some(column), Some(_)) = (column, clocks.cupti) else { return SampleTime::Gpu };
    let merged = merged(busy);
    // What runs behind the last op may be the next iteration, of which nothing is known here.
    let known_until = merged.last().map_or(i64::MIN, |span| span.1);
    let error = |time: SampleTime| -> f64 {
        series
            .samples
            .iter()
            .filter(|sample| clocks.map(SampleTime::Gpu, sample.end_ns) <= known_until)
            .map(|sample| {
                let (start, end) =
                    (clocks.map(time, sample.start_ns), clocks.map(time, sample.end_ns));
                let share = covered(&merged, start, end) as f64 / (end - start).max(1) as f64;
                // More than half of the SMs: a collective by itself holds an eighth.
                let is_active = sample.values.get(column).is_some_and(|&value| value > 50.0);
                (share - f64::from(u8::from(is_active))).abs()
            })
            .sum()
    };
    if error(SampleTime::Cupti) < error(SampleTime::Gpu) {
        SampleTime::Cupti
    } else {
        SampleTime::Gpu
    }
}

/// Samples of an iteration as an observer receives them, with one interval more at both ends.
pub fn counters(
    series: &Series,
    (start_ns, end_ns): (i64, i64),
    clocks: SampleClocks<'_>,
    time: SampleTime,
) -> Vec<CounterRecord> {
    let mut out = Vec::new();
    for sample in &series.samples {
        let interval = sample.end_ns - sample.start_ns;
        let at_ns = clocks.map(time, sample.start_ns);
        if at_ns + 2 * interval < start_ns || at_ns > end_ns + interval {
            continue;
        }
        let values = series.counters.iter().zip(&sample.values);
        out.extend(values.map(|(&counter, &value)| CounterRecord {
            counter,
            rank: series.rank,
            at_ns,
            value,
        }));
    }
    out
}

/// Samples that an iteration lacks: intervals of it under none. The last one may not have been over when the iteration was, and is not
/// missed.
pub fn missing(
    series: &Series,
    (start_ns, end_ns): (i64, i64),
    clocks: SampleClocks<'_>,
    time: SampleTime,
) -> u64 {
    let mut lengths: Vec<i64> =
        series.samples.iter().map(|sample| sample.end_ns - sample.start_ns).collect();
    lengths.sort_unstable();
    let Some(&interval) = lengths.get(lengths.len() / 2) else { return 0 };
    let mapped =
        |sample: &Sample| (clocks.map(time, sample.start_ns), clocks.map(time, sample.end_ns));
    let spans: Vec<(i64, i64)> = series.samples.iter().map(mapped).collect();
    let bare_ns = end_ns - start_ns - covered(&merged(&spans), start_ns, end_ns);
    (bare_ns / interval.max(1) - 1).max(0) as u64
}

/// Overlapping spans joined; input by start.
fn merged(spans: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let mut out: Vec<(i64, i64)> = Vec::new();
    for &(start, end) in spans {
        match out.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => out.push((start, end)),
        }
    }
    out
}

fn covered(spans: &[(i64, i64)], start: i64, end: i64) -> i64 {
    let first = spans.partition_point(|span| span.1 <= start);
    let those = spans[first..].iter().take_while(|span| span.0 < end);
    those.map(|span| span.1.min(end) - span.0.max(start)).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use weftscope_engine::clock::ClockPair;

    use super::*;

    fn offset(ns: i64) -> ClockFit {
        ClockFit::fit(&[ClockPair { device_ns: 0, host_ns: ns, half_width_ns: 1 }]).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// Samples made under one clock are found to be of that clock, when the two are ten intervals apart.
        #[test]
        fn activity_tells_the_clock(
            is_cupti in any::<bool>(),
            apart in prop_oneof![-200_000_i64..-100_000, 100_000_i64..200_000],
            gaps in proptest::collection::vec((20_000_i64..300_000, 20_000_i64..300_000), 3..12),
        ) {
            let (gpu, cupti) = (offset(5_000), offset(5_000 + apart));
            let mut at = 1_000_000;
            let mut busy = Vec::new();
            for (work, rest) in gaps {
                busy.push((at, at + work));
                at += work + rest;
            }
            let own = if is_cupti { 5_000 + apart } else { 5_000 };
            let samples: Vec<Sample> = (0..(at + 1_000_000) / 10_000)
                .map(|n| {
                    let (start, end) = (n * 10_000, (n + 1) * 10_000);
                    let share = covered(&busy, start, end) as f64 / 1e4;
                    Sample { start_ns: start - own, end_ns: end - own, values: vec![share * 100.0] }
                })
                .collect();
            let series = Series { rank: 0, counters: vec![Counter::SmActive], samples };
            let clocks = SampleClocks { gpu: &gpu, cupti: Some(&cupti) };
            let found = sample_time(&series, &busy, clocks);
            prop_assert_eq!(found == SampleTime::Cupti, is_cupti);
        }

        #[test]
        fn coverage_is_what_counting_says(
            raw in proptest::collection::vec((0_i64..200, 1_i64..30), 0..20),
            start in 0_i64..200,
            len in 1_i64..60,
        ) {
            let mut spans: Vec<(i64, i64)> = raw.iter().map(|&(at, len)| (at, at + len)).collect();
            spans.sort_unstable();
            let end = start + len;
            let by_hand =
                (start..end).filter(|t| spans.iter().any(|s| (s.0..s.1).contains(t))).count();
            prop_assert_eq!(covered(&merged(&spans), start, end), by_hand as i64);
        }
    }

    #[test]
    fn samples_that_an_iteration_lacks_are_counted() {
        let sample = |n: i64| Sample { start_ns: n * 10, end_ns: (n + 1) * 10, values: vec![1.0] };
        let series = |samples: Vec<i64>| Series {
            rank: 0,
            counters: vec![Counter::SmActive],
            samples: samples.into_iter().map(sample).collect(),
        };
        let gpu = offset(1_000);
        let clocks = SampleClocks { gpu: &gpu, cupti: None };
        let lacks = |samples| missing(&series(samples), (1_100, 1_400), clocks, SampleTime::Gpu);
        assert_eq!(lacks((0..60).collect()), 0);
        // The last one was not over yet.
        assert_eq!(lacks((0..39).collect()), 0);
        // From 25 on there is no more, and 12 to 14 are gone.
        assert_eq!(lacks((0..25).collect()), 14);
        assert_eq!(lacks((0..12).chain(15..25).collect()), 17);
        assert_eq!(lacks(Vec::new()), 0, "nothing is known of their interval");
    }

    #[test]
    fn an_iteration_gets_its_samples_and_the_neighbours() {
        let sample = |n: i64| Sample {
            start_ns: n * 10,
            end_ns: (n + 1) * 10,
            values: vec![n as f64, 2.0 * n as f64],
        };
        let series = Series {
            rank: 1,
            counters: vec![Counter::SmActive, Counter::Hbm],
            samples: (0..20).map(sample).collect(),
        };
        let gpu = offset(1_000);
        let clocks = SampleClocks { gpu: &gpu, cupti: None };
        let records = counters(&series, (1_050, 1_085), clocks, SampleTime::Gpu);
        let hbm: Vec<(i64, f64)> = records
            .iter()
            .filter(|record| record.counter == Counter::Hbm)
            .map(|record| (record.at_ns, record.value))
            .collect();
        let expected: Vec<(i64, f64)> = (3..=9).map(|n| (1_000 + n * 10, 2.0 * n as f64)).collect();
        assert_eq!(hbm, expected);
    }
}
