//! Two clocks that met often: a line through the differences.

use std::collections::BTreeMap;

use super::Meeting;
use crate::analysis::{Line, Reading};

/// Differences that grow by less than this over all meetings are no drift, ns.
const LEVEL_NS: i64 = 500;
/// Readings are trusted no better than this, ns: ends on two servers are microseconds apart.
const LEAST_SPREAD_NS: f64 = 500.0;
/// Readings farther from the robust line than so many times their median distance are outliers.
const OUTLIER: f64 = 4.0;
/// Readings from which on a slope is fitted.
const ENOUGH: usize = 16;

/// How one clock stands to another.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
    /// The clock of `to` less that of `from`, at a time of `from`.
    pub(super) line: Line,
    pub(super) readings: usize,
    /// Median distance of the readings from the line, ns.
    pub(super) spread_ns: f64,
    /// From the first meeting to the last, ns.
    pub(super) span_ns: i64,
}

impl Edge {
    /// How much its offset counts.
    pub(super) fn weight(&self) -> f64 {
        let spread = self.spread_ns.max(LEAST_SPREAD_NS);
        self.readings as f64 / (spread * spread)
    }

    /// How much its drift counts: long stretches tell more of it.
    pub(super) fn drift_weight(&self) -> f64 {
        let span = self.span_ns.max(1) as f64;
        self.weight() * span * span
    }
}

/// The edges between clocks that met: in each meeting of the first with all others, and of neighbours, so that what one of
/// them reads wrongly does not decide for all.
pub(super) fn edges(meetings: &[Meeting]) -> Vec<Edge> {
    let mut readings: BTreeMap<(u32, u32), Vec<Reading>> = BTreeMap::new();
    for Meeting { ends } in meetings {
        let Some((first, others)) = ends.split_first() else { continue };
        let star = others.iter().map(|other| (first, other));
        let neighbours = others.windows(2).map(|pair| (&pair[0], &pair[1]));
        for (&(from, from_ns), &(to, to_ns)) in star.chain(neighbours) {
            let reading = (from_ns, to_ns.saturating_sub(from_ns));
            readings.entry((from, to)).or_default().push(reading);
        }
    }
    readings.into_iter().filter_map(|(pair, readings)| edge(pair, readings)).collect()
}

fn edge((from, to): (u32, u32), mut readings: Vec<Reading>) -> Option<Edge> {
    readings.sort_unstable();
    let line = refined(&Line::through(&readings, LEVEL_NS)?, &readings);
    let mut far: Vec<i64> =
        readings.iter().map(|&reading| line.residual(reading).saturating_abs()).collect();
    far.sort_unstable();
    let (first, last) = (readings.first()?.0, readings.last()?.0);
    Some(Edge {
        from: from as usize,
        to: to as usize,
        line,
        readings: readings.len(),
        spread_ns: far[far.len() / 2] as f64,
        span_ns: last.saturating_sub(first),
    })
}

/// The robust line says which readings are outliers; through the others goes the line of least squares, which uses all that
/// they say.
fn refined(robust: &Line, readings: &[Reading]) -> Line {
    let rest = |reading: &Reading| robust.residual(*reading) as f64;
    let mut far: Vec<f64> = readings.iter().map(|reading| rest(reading).abs()).collect();
    far.sort_by(f64::total_cmp);
    let most = OUTLIER * far[far.len() / 2].max(LEAST_SPREAD_NS);
    let kept: Vec<&Reading> =
        readings.iter().filter(|reading| rest(reading).abs() <= most).collect();
    let Some(first) = kept.first() else { return *robust };
    let count = kept.len() as f64;
    let after = |reading: &Reading| reading.0.saturating_sub(first.0) as f64;
    let mean = |of: &dyn Fn(&Reading) -> f64| kept.iter().map(|it| of(it)).sum::<f64>() / count;
    let (mean_after, mean_rest) = (mean(&after), mean(&rest));
    let apart = mean(&|it| (after(it) - mean_after).powi(2));
    let along = mean(&|it| (after(it) - mean_after) * (rest(it) - mean_rest));
    let slope = if kept.len() < ENOUGH || apart <= 0.0 { 0.0 } else { along / apart };
    let at_ns = first.0.saturating_add(mean_after.round() as i64);
    let offset_ns = robust.at(at_ns).saturating_add(mean_rest.round() as i64);
    Line { at_ns, offset_ns, drift: robust.drift + slope }
}
