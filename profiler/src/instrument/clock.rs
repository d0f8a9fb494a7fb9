//! CUPTI's clock onto the executor's, a map a rank, from launches that both saw.

use std::collections::VecDeque;

use weftscope_engine::clock::{ClockFit, ClockPair};

/// Readings older than this are forgotten: the host's clock, in which CUPTI tells times, is slewed by NTP, so its
/// drift against a GPU's is constant over a second at most.
const MEMORY_NS: i64 = 1_000_000_000;
/// Readings kept a rank at most; a fit over all of them takes well under a millisecond.
const ROOM: usize = 1 << 14;
/// How much longer stamps may seem to take than the kernel around them: both tick every 32 ns.
const TICK_SLACK_NS: i64 = 64;

/// A launch as both saw it, ns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The kernel's start and end, CUPTI time.
    pub kernel: (i64, i64),
    /// First and last stamp of its blocks, executor time.
    pub stamps: (i64, i64),
}

impl Sighting {
    /// The reading that it is: all blocks ran inside the kernel, so the two middles are apart by no more than half
    /// the difference in length. `None` when the stamps took longer, which says that they belong to something else.
    fn pair(self) -> Option<ClockPair> {
        let slack = (self.kernel.1 - self.kernel.0) - (self.stamps.1 - self.stamps.0);
        (slack >= -TICK_SLACK_NS).then(|| ClockPair {
            device_ns: i64::midpoint(self.kernel.0, self.kernel.1),
            host_ns: i64::midpoint(self.stamps.0, self.stamps.1),
            half_width_ns: (slack / 2).max(TICK_SLACK_NS / 2),
        })
    }
}

/// How much wider than the narrowest bracket of an iteration another may be to count.
const WIDER_NS: i64 = 64;

/// One rank's map.
#[derive(Clone, Debug, Default)]
pub struct CuptiClock {
    pairs: VecDeque<ClockPair>,
    fit: Option<ClockFit>,
}

impl CuptiClock {
    /// Takes the launches of an iteration in. Gives how many contradict themselves.
    pub fn take(&mut self, sightings: &[Sighting]) -> u64 {
        let mut pairs: Vec<ClockPair> =
            sightings.iter().filter_map(|sighting| sighting.pair()).collect();
        let odd = sightings.len() - pairs.len();
        // Kernels that take long to get going, or whose last block ends early, say less.
        let narrowest = pairs.iter().map(|pair| pair.half_width_ns).min().unwrap_or(0);
        pairs.retain(|pair| pair.half_width_ns <= narrowest + WIDER_NS);
        pairs.sort_by_key(|pair| pair.device_ns);
        let newest = pairs.last().map(|pair| pair.device_ns);
        if let (Some(first), Some(last)) = (pairs.first(), self.pairs.back())
            && first.device_ns < last.device_ns
        {
            // The host's clock was set back; nothing before says anything now.
            self.pairs.clear();
        }
        self.pairs.extend(pairs);
        while self.pairs.len() > ROOM
            || self
                .pairs
                .front()
                .zip(newest)
                .is_some_and(|(pair, now)| pair.device_ns < now - MEMORY_NS)
        {
            self.pairs.pop_front();
        }
        if newest.is_some() {
            self.fit = ClockFit::fit(self.pairs.make_contiguous()).ok();
        }
        odd as u64
    }

    /// The map from CUPTI time to executor time, once a launch was seen.
    pub fn fit(&self) -> Option<&ClockFit> {
        self.fit.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Kernels whose blocks begin and end up to 600 ns inside, under a true clock of `offset` and `ppm`.
    fn sightings(offset: i64, ppm: f64, seeds: &[(u16, u16)]) -> Vec<Sighting> {
        let true_map = |t: i64| t + offset + (t as f64 * ppm * 1e-6).round() as i64;
        let each = seeds.iter().enumerate().map(|(index, &(head, tail))| {
            let start = index as i64 * 40_000;
            let end = start + 30_000;
            let (head, tail) = (i64::from(head % 100) + 300, i64::from(tail % 100) + 300);
            Sighting {
                kernel: (start, end),
                stamps: (true_map(start) + head, true_map(end) - tail),
            }
        });
        each.collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        /// Whatever the clocks, a mapped time is off by no more than the heads and tails of kernels differ.
        #[test]
        fn the_map_is_as_good_as_the_brackets(
            offset in -1_000_000_000_i64..1_000_000_000,
            ppm in -100.0..100.0,
            seeds in proptest::collection::vec(any::<(u16, u16)>(), 3..200),
        ) {
            let mut clock = CuptiClock::default();
            let seen = sightings(offset, ppm, &seeds);
            prop_assert_eq!(clock.take(&seen), 0);
            let fit = clock.fit().unwrap();
            for sighting in &seen {
                let start = fit.host_from_device(sighting.kernel.0);
                let end = fit.host_from_device(sighting.kernel.1);
                prop_assert!(start <= sighting.stamps.0 + 100 && sighting.stamps.1 - 100 <= end);
            }
            prop_assert!(fit.residual_p99_ns() <= 100);
        }
    }

    #[test]
    fn contradictions_count_and_teach_nothing() {
        let mut clock = CuptiClock::default();
        let odd = Sighting { kernel: (0, 1_000), stamps: (50, 2_000) };
        assert_eq!(clock.take(&[odd]), 1);
        assert!(clock.fit().is_none());
        assert_eq!(clock.take(&sightings(7, 0.0, &[(0, 0); 8])), 0);
        assert_eq!(clock.fit().unwrap().host_from_device(0), 7);
    }

    #[test]
    fn a_clock_set_back_starts_anew() {
        let mut clock = CuptiClock::default();
        clock.take(&sightings(0, 0.0, &[(0, 0); 8]));
        let later: Vec<Sighting> = sightings(5_000_000, 0.0, &[(0, 0); 8])
            .into_iter()
            .map(|s| Sighting { kernel: (s.kernel.0 - 3_000_000, s.kernel.1 - 3_000_000), ..s })
            .collect();
        clock.take(&later);
        assert_eq!(clock.fit().unwrap().host_from_device(0), 8_000_000);
    }

    #[test]
    fn old_readings_are_forgotten() {
        let mut clock = CuptiClock::default();
        for second in 0..20_i64 {
            let at = second * 1_000_000_000;
            // The clocks drift apart by a microsecond a second, and jumped by a millisecond after ten.
            let jump = if second < 10 { 0 } else { 1_000_000 };
            let here = at + second * 1_000 + jump;
            clock.take(&[Sighting { kernel: (at, at + 1_000), stamps: (here + 100, here + 900) }]);
        }
        let now = 19_000_000_000;
        assert!((clock.fit().unwrap().host_from_device(now) - (now + 1_019_000)).abs() < 5);
    }
}
