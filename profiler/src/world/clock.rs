//! How a clock stands to rank 0's: by letters to and fro, of which the one that took least says most.

/// Letters to and fro.
pub(super) const EXCHANGES: u32 = 64;

/// A process' clock against rank 0's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockReading {
    /// Its own time at which that holds, ns since 1970.
    pub at_ns: i64,
    /// Its own time less rank 0's, ns.
    pub ahead_ns: i64,
    /// How far that may be off, ns: half of the shortest way to and fro, since the answer was given at some time in it.
    pub uncertainty_ns: i64,
    /// Letters that were answered.
    pub exchanges: u32,
}

impl ClockReading {
    /// Takes an exchange in: own time before and after, and what rank 0 answered.
    pub(super) fn take(&mut self, before_ns: i64, answered_ns: i64, after_ns: i64) {
        let uncertainty_ns = (after_ns - before_ns).max(0).div_euclid(2) + 1;
        let at_ns = i64::midpoint(before_ns, after_ns);
        if self.exchanges == 0 || uncertainty_ns < self.uncertainty_ns {
            (self.at_ns, self.ahead_ns) = (at_ns, at_ns.saturating_sub(answered_ns));
            self.uncertainty_ns = uncertainty_ns;
        }
        self.exchanges += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_way_counts_and_the_truth_lies_within_its_half() {
        // Own clock 5000 ahead; the ways there are longer than those back.
        let mut reading = ClockReading::default();
        for (there, back) in [(900, 100), (30, 10), (400, 400)] {
            let sent = 1_000_000;
            let answered = sent + there - 5_000;
            reading.take(sent, answered, sent + there + back);
        }
        assert_eq!((reading.exchanges, reading.uncertainty_ns), (3, 21));
        assert!((reading.ahead_ns - 5_000).abs() <= reading.uncertainty_ns, "{reading:?}");
    }
}
