//! The axis: every clock's line, and what it leaves.

use super::Meeting;
use super::edges::{Edge, edges};
use super::solve::{Difference, parts, solve};
use crate::analysis::quantile_ns;

/// How one clock stands to the axis.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClockLine {
    /// Which of the axes it is on, from 0: clocks of different ones never met, and nothing is known of their times.
    pub part: usize,
    /// What to take off its times at [`at_ns`](Self::at_ns), ns. The first clock of a part has 0: it is the axis.
    pub offset_ns: i64,
    /// The time of its own at which that holds, ns.
    pub at_ns: i64,
    /// By how much that grows, ns a ns.
    pub drift: f64,
    /// Ends of collectives that it was compared by; 0: it met nobody.
    pub readings: usize,
    /// The distance that half of its ends keep from the median end of their collectives, on the axis, ns.
    pub residual_p50_ns: i64,
    /// The distance that 99 % of them keep: what its times are to be trusted to. 0 without readings.
    pub residual_p99_ns: i64,
}

impl ClockLine {
    /// A time of the clock on the axis.
    pub fn on_axis(&self, ns: i64) -> i64 {
        let grown = (self.drift * ns.saturating_sub(self.at_ns) as f64).round() as i64;
        ns.saturating_sub(self.offset_ns).saturating_sub(grown)
    }
}

/// One time axis, or several where servers never met.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    /// By clock.
    pub clocks: Vec<ClockLine>,
    /// How many axes there are.
    pub parts: usize,
}

/// Puts so many clocks on one axis, by the ends of collectives whose members end together.
///
/// Costs the meetings, times the clocks in each, and least squares over the pairs of clocks that met.
pub fn axis(clocks: usize, meetings: &[Meeting]) -> Axis {
    let edges = edges(meetings);
    let part_of = parts(clocks, edges.iter().map(|edge| (edge.from, edge.to)));
    let is_first = first_of_parts(&part_of);
    let coarse = coarse(&is_first, &edges);
    let at = middle(meetings, &coarse);
    let fine: Vec<Difference> = edges.iter().map(|edge| offset_of(edge, &coarse, at)).collect();
    let drifts: Vec<Difference> = edges.iter().map(drift_of).collect();
    let (fine, drifts) = (solve(&is_first, &fine), solve(&is_first, &drifts));
    let line = |clock: usize| ClockLine {
        part: part_of[clock],
        offset_ns: coarse[clock].saturating_add(fine[clock].round() as i64),
        at_ns: at.saturating_add(coarse[clock]),
        drift: drifts[clock],
        ..ClockLine::default()
    };
    let mut found = Axis {
        clocks: (0..clocks).map(line).collect(),
        parts: part_of.iter().max().map_or(0, |last| last + 1),
    };
    state_residuals(&mut found, meetings);
    found
}

fn first_of_parts(part_of: &[usize]) -> Vec<bool> {
    let mut seen = 0;
    let is_first = |&part: &usize| {
        let is_new = part == seen;
        seen += usize::from(is_new);
        is_new
    };
    part_of.iter().map(is_first).collect()
}

/// Offsets along some way from the first of each part, in whole ns: what is solved for then is small, and floats hold it.
fn coarse(is_first: &[bool], edges: &[Edge]) -> Vec<i64> {
    let mut known: Vec<Option<i64>> = is_first.iter().map(|&first| first.then_some(0)).collect();
    let mut near: Vec<Vec<(usize, i64)>> = vec![Vec::new(); is_first.len()];
    for edge in edges {
        near[edge.from].push((edge.to, edge.line.offset_ns));
        near[edge.to].push((edge.from, edge.line.offset_ns.saturating_neg()));
    }
    let mut open: Vec<usize> = (0..is_first.len()).filter(|&clock| is_first[clock]).collect();
    while let Some(clock) = open.pop() {
        let own = known[clock].unwrap_or_default();
        for &(other, more_ns) in &near[clock] {
            if known[other].is_none() {
                known[other] = Some(own.saturating_add(more_ns));
                open.push(other);
            }
        }
    }
    known.into_iter().map(Option::unwrap_or_default).collect()
}

/// The middle of all meetings, roughly on the axis.
fn middle(meetings: &[Meeting], coarse: &[i64]) -> i64 {
    let first = |meeting: &Meeting| {
        let &(clock, ns) = meeting.ends.first()?;
        Some(ns.saturating_sub(coarse[clock as usize]))
    };
    let times = || meetings.iter().filter_map(first);
    let (least, most) = (times().min().unwrap_or(0), times().max().unwrap_or(0));
    i64::midpoint(least, most)
}

fn offset_of(edge: &Edge, coarse: &[i64], at_ns: i64) -> Difference {
    let whole = edge.line.at(at_ns.saturating_add(coarse[edge.from]));
    let rest = whole.saturating_sub(coarse[edge.to]).saturating_add(coarse[edge.from]);
    let Edge { from, to, .. } = *edge;
    Difference { from, to, value: rest as f64, weight: edge.weight() }
}

fn drift_of(edge: &Edge) -> Difference {
    let Edge { from, to, .. } = *edge;
    Difference { from, to, value: edge.line.drift, weight: edge.drift_weight() }
}

/// Says of each clock how far its ends are from the median end of their collectives.
fn state_residuals(axis: &mut Axis, meetings: &[Meeting]) {
    let mut far: Vec<Vec<i64>> = vec![Vec::new(); axis.clocks.len()];
    for Meeting { ends } in meetings.iter().filter(|meeting| meeting.ends.len() > 1) {
        let on_axis = |&(clock, ns): &(u32, i64)| axis.clocks[clock as usize].on_axis(ns);
        let mut sorted: Vec<i64> = ends.iter().map(on_axis).collect();
        sorted.sort_unstable();
        let half = sorted.len() / 2;
        let middle_ns = i64::midpoint(sorted[half], sorted[(sorted.len() - 1) / 2]);
        for end in ends {
            let distance = on_axis(end).saturating_sub(middle_ns).saturating_abs();
            far[end.0 as usize].push(distance);
        }
    }
    for (clock, far) in axis.clocks.iter_mut().zip(&mut far) {
        far.sort_unstable();
        clock.readings = far.len();
        if !far.is_empty() {
            clock.residual_p50_ns = quantile_ns(far, 0.5).round() as i64;
            clock.residual_p99_ns = quantile_ns(far, 0.99).round() as i64;
        }
    }
}
