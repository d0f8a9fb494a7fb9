//! What changed between two recordings, or two iterations of one, and why?

mod causes;
mod side;
mod verdict;

use serde::Serialize;

use super::{DurationStats, Ops};
use crate::model::Kind;

use causes::causes;
pub use causes::{Cause, CauseKind, IterationTerms, OpChange};
use side::Side;

/// How to compare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompareConfig {
    /// Compare the same op of different layers apart.
    pub by_layer: bool,
    /// Of each trace only the iteration of this position on every rank, from 0; `None`: all of them.
    pub iterations: [Option<usize>; 2],
}

/// Ops of two traces side by side.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CompareReport {
    /// How much longer the second takes, and what does most of it.
    pub sentence: String,
    /// Why the two may not be comparable, a sentence each.
    pub caveats: Vec<String>,
    /// Ops of both, largest change of time per iteration first.
    pub both: Vec<ComparedOp>,
    /// Ops that only the second has, most time first.
    pub added: Vec<OneSidedOp>,
    /// Ops that only the first has, most time first.
    pub removed: Vec<OneSidedOp>,
    /// Median iteration of each over all ranks; the span of all ops where there are no marks.
    pub iteration_ns: [i64; 2],
    /// `second / first` of those; `None` when the first is empty.
    pub iteration_ratio: Option<f64>,
    /// What the median iteration of each consists of.
    pub terms: [IterationTerms; 2],
    /// Why it takes another time, most first; they add up to the change of [`IterationTerms::iteration_ns`].
    pub causes: Vec<Cause>,
}

/// What makes ops of two traces the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct OpKey {
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: Kind,
    /// Layer, when compared by layer and known.
    pub layer: Option<u32>,
}

/// An op of both traces.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedOp {
    /// Which.
    #[serde(flatten)]
    pub op: OpKey,
    /// Durations in the first and in the second.
    pub durations: [DurationStats; 2],
    /// `mean in the second / mean in the first`; `None` when the latter is 0.
    pub mean_ratio: Option<f64>,
    /// Time per iteration and rank: second less first.
    pub change_ns: f64,
}

/// An op of one trace.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OneSidedOp {
    /// Which.
    #[serde(flatten)]
    pub op: OpKey,
    /// Its durations.
    pub durations: DurationStats,
    /// Time per iteration and rank.
    pub per_iteration_ns: f64,
}

/// Compares `second` with `first`: op by op, and why an iteration takes another time.
pub fn compare(first: &Ops<'_>, second: &Ops<'_>, config: CompareConfig) -> CompareReport {
    let CompareConfig { by_layer, iterations: [one, other] } = config;
    let sides = [Side::of(first, one, by_layer), Side::of(second, other, by_layer)];
    let mut report = CompareReport::default();
    for (op, &before) in &sides[0].durations {
        let op = op.clone();
        match sides[1].durations.get(&op) {
            Some(&after) => report.both.push(ComparedOp {
                op,
                durations: [before, after],
                mean_ratio: (before.total_ns > 0).then(|| after.mean_ns() / before.mean_ns()),
                change_ns: sides[1].per_iteration_ns(&after) - sides[0].per_iteration_ns(&before),
            }),
            None => report.removed.push(sides[0].one_sided(op, before)),
        }
    }
    let added = sides[1].durations.iter().filter(|(op, _)| !sides[0].durations.contains_key(op));
    report.added = added.map(|(op, &after)| sides[1].one_sided(op.clone(), after)).collect();
    report.both.sort_by(|a, b| b.change_ns.abs().total_cmp(&a.change_ns.abs()));
    for rows in [&mut report.added, &mut report.removed] {
        rows.sort_by(|a, b| b.per_iteration_ns.total_cmp(&a.per_iteration_ns));
    }
    report.iteration_ns = [&sides[0], &sides[1]].map(Side::median_ns);
    let [before, after] = report.iteration_ns.map(|ns| ns as f64);
    report.iteration_ratio = (before > 0.0).then(|| after / before);
    (report.terms, report.causes) = causes([first, second], &sides);
    report.sentence = verdict::sentence(&report);
    report.caveats = verdict::caveats(first, second);
    report
}

#[cfg(test)]
mod tests;
