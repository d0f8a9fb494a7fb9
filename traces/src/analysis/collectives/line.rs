//! How far one clock is off another, as a straight line over time, fitted so that a few wrong readings do not matter.

use crate::analysis::stats::median;

/// Ends of one collective may be this far apart on clocks that agree, in ns: on two H200s of one host, each with its own
/// profiler, they were up to 23 µs apart, in steps of some ms (measured over 72 all-reduces).
pub(super) const PLAUSIBLE_NS: i64 = 50_000;

/// Clocks that run apart faster than this are not clocks (oscillators: 10 to 100 ppm).
const MOST_DRIFT: f64 = 1e-3;

/// Pieces of which a slope is told.
const BLOCKS: usize = 8;

/// A clock's time less another's, at a time of the other.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Line {
    /// The time at which `offset_ns` holds.
    pub(crate) at_ns: i64,
    pub(crate) offset_ns: i64,
    /// Nanoseconds a nanosecond.
    pub(crate) drift: f64,
}

/// Both clocks' times of one event: that of the reference, and how much more the other's is.
pub(crate) type Reading = (i64, i64);

impl Line {
    pub(super) fn constant(offset_ns: i64) -> Self {
        Self { offset_ns, ..Self::default() }
    }

    /// The difference at a time of the reference.
    pub(crate) fn at(&self, at_ns: i64) -> i64 {
        if self.drift == 0.0 {
            return self.offset_ns;
        }
        let apart = at_ns.saturating_sub(self.at_ns) as f64;
        self.offset_ns.saturating_add((self.drift * apart).round() as i64)
    }

    /// What is left of a reading.
    pub(crate) fn residual(&self, (at_ns, more_ns): Reading) -> i64 {
        more_ns.saturating_sub(self.at(at_ns))
    }

    /// This difference and another, of clocks in a row.
    pub(super) fn plus(&self, other: &Self) -> Self {
        let at_ns = if self.drift == 0.0 { other.at_ns } else { self.at_ns };
        let offset_ns = self.at(at_ns).saturating_add(other.at(at_ns));
        Self { at_ns, offset_ns, drift: self.drift + other.drift }
    }

    /// The difference seen from the other clock.
    pub(super) fn reversed(&self) -> Self {
        Self { offset_ns: self.offset_ns.saturating_neg(), drift: -self.drift, ..*self }
    }

    /// Through the readings, which are in order of time: the median difference, and a slope where the differences grow by
    /// more than `tolerance_ns`. `None` without readings.
    pub(crate) fn through(readings: &[Reading], tolerance_ns: i64) -> Option<Self> {
        let offset_ns = median(readings.iter().map(|reading| reading.1).collect())?;
        let at_ns = readings[readings.len() / 2].0;
        let level = Self { at_ns, offset_ns, drift: 0.0 };
        let Some(drift) = slope(readings) else { return Some(level) };
        let (first, last) = (readings[0].0, readings[readings.len() - 1].0);
        let grows_ns = (drift * last.saturating_sub(first) as f64).abs();
        if drift.abs() > MOST_DRIFT || grows_ns <= tolerance_ns as f64 {
            return Some(level);
        }
        let tilted = Self { drift, ..level };
        let rest = readings.iter().map(|&reading| tilted.residual(reading)).collect();
        let tilted =
            Self { offset_ns: offset_ns.saturating_add(median(rest).unwrap_or(0)), ..tilted };
        let is_better = spread(&tilted, readings) * 2 < spread(&level, readings);
        Some(if is_better { tilted } else { level })
    }

    /// True where it is nowhere between the two times farther from the other than `tolerance_ns`.
    pub(super) fn is_near(
        &self,
        other: &Self,
        (from_ns, to_ns): (i64, i64),
        tolerance_ns: i64,
    ) -> bool {
        [from_ns, to_ns].into_iter().all(|at_ns| {
            self.at(at_ns).saturating_sub(other.at(at_ns)).saturating_abs() <= tolerance_ns
        })
    }
}

/// Median distance of the readings from a line.
fn spread(line: &Line, readings: &[Reading]) -> i64 {
    let far = readings.iter().map(|&reading| line.residual(reading).saturating_abs());
    median(far.collect()).unwrap_or(0)
}

/// Median of the slopes between all pieces' medians (Theil and Sen); `None` of fewer readings than two a piece.
fn slope(readings: &[Reading]) -> Option<f64> {
    if readings.len() < 2 * BLOCKS {
        return None;
    }
    let block = |piece: &[Reading]| {
        let of = |part: fn(&Reading) -> i64| median(piece.iter().map(part).collect());
        Some((of(|reading| reading.0)?, of(|reading| reading.1)?))
    };
    let size = readings.len().div_ceil(BLOCKS);
    let blocks: Vec<(i64, i64)> = readings.chunks(size).filter_map(block).collect();
    let mut slopes: Vec<f64> = Vec::new();
    for (at, a) in blocks.iter().enumerate() {
        let later = blocks[at + 1..].iter().filter(|b| b.0 > a.0);
        slopes.extend(later.map(|b| b.1.saturating_sub(a.1) as f64 / (b.0 - a.0) as f64));
    }
    slopes.sort_by(f64::total_cmp);
    slopes.get(slopes.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_wrong_readings_do_not_move_the_line() {
        let of = |offset: i64, drift: f64| -> Vec<Reading> {
            let noise = |turn: i64| (turn * 7919 % 11) * 100;
            (0..100)
                .map(|turn| {
                    let at = turn * 10_000_000;
                    let wrong = if turn % 9 == 0 { 40_000_000 } else { 0 };
                    (at, offset + (drift * at as f64) as i64 + noise(turn) + wrong)
                })
                .collect()
        };
        let level = Line::through(&of(5_000_000, 0.0), 50_000).expect("readings");
        assert_eq!(level.drift, 0.0);
        assert!((level.offset_ns - 5_000_500).abs() < 500, "{level:?}");
        let tilted = Line::through(&of(5_000_000, 1e-3 / 2.0), 50_000).expect("readings");
        assert!((tilted.drift - 5e-4).abs() < 2e-6, "{tilted:?}");
        assert!((tilted.at(990_000_000) - 5_495_000).abs() < 3_000, "{tilted:?}");
        assert_eq!(Line::through(&[], 1), None);
    }

    #[test]
    fn lines_add_and_turn_round() {
        let a = Line { at_ns: 100, offset_ns: 10, drift: 0.5 };
        let b = Line { at_ns: 0, offset_ns: 5, drift: 0.25 };
        assert_eq!(a.plus(&b).at(300), a.at(300) + b.at(300));
        assert_eq!(a.reversed().at(200), -a.at(200));
    }
}
