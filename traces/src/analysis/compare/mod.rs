//! What changed between two recordings, or two iterations of one, and why?

mod causes;
mod median_iteration;
mod noise;
mod side;
mod verdict;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{DurationStats, Ops};
use crate::model::{Doubt, ExpectedError, Kind, Origin};

use causes::causes;
pub use causes::{Cause, CauseKind, OpChange};
pub use median_iteration::IterationTerms;
use median_iteration::MedianIteration;
pub use noise::Noise;
use side::{Key, Side};
pub use verdict::CompareVerdict;

/// How to compare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompareConfig {
    /// Compare the same op of different layers apart.
    pub by_layer: bool,
    /// Of each trace only the iteration of this position on every rank, from 0; `None`: all of them.
    pub iterations: [Option<usize>; 2],
}

/// Ops of two traces side by side.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CompareReport {
    /// Whether the second is faster.
    pub verdict: CompareVerdict,
    /// Why they cannot be compared, where they cannot; else empty.
    pub not_comparable: Vec<String>,
    /// How much longer the second takes, and what does most of it.
    pub sentence: String,
    /// How much more or less communication is hidden; empty where it is about the same.
    pub hidden: String,
    /// What waiting for a late rank takes in both and what would be without it; empty where it is not known or nothing.
    pub waiting: String,
    /// How much is chance.
    pub noise: Noise,
    /// How far predicted iterations are off, the larger of both; `None` where none is predicted, or it is not known.
    pub expected_error: Option<ExpectedError>,
    /// Why the two may not be comparable, a sentence each.
    pub caveats: Vec<String>,
    /// Ops of both, largest change first.
    pub both: Vec<ComparedOp>,
    /// Ops that only the second has, most time first.
    pub added: Vec<OneSidedOp>,
    /// Ops that only the first has, most time first.
    pub removed: Vec<OneSidedOp>,
    /// Median iteration of each, the mean over its ranks; the span of all ops where there are no marks.
    pub iteration_ns: [i64; 2],
    /// `second / first` of those; `None` when the first is empty.
    pub iteration_ratio: Option<f64>,
    /// What the median iteration of each consists of.
    pub terms: [IterationTerms; 2],
    /// The same of each rank, by its number.
    pub ranks: Vec<ComparedRank>,
    /// Why it takes another time, most first; they add up to the change of [`IterationTerms::iteration_ns`].
    pub causes: Vec<Cause>,
}

/// One rank in both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparedRank {
    /// Its number.
    pub rank: u32,
    /// What its part of the median iteration consists of; `None` where a trace has no such rank.
    pub terms: [Option<IterationTerms>; 2],
}

/// What makes ops of two traces the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OpKey {
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: Kind,
    /// Layer, when compared by layer and known.
    pub layer: Option<u32>,
}

/// An op of both traces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparedOp {
    /// Which.
    #[serde(flatten)]
    pub op: OpKey,
    /// Durations of its runs in all iterations of the first, and of the second.
    pub durations: [DurationStats; 2],
    /// `mean in the second / mean in the first`; `None` when the latter is 0.
    pub mean_ratio: Option<f64>,
    /// What all its runs together add to the median iteration, the mean over its ranks; below 0 what they take away.
    pub change_ns: f64,
}

/// An op of one trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OneSidedOp {
    /// Which.
    #[serde(flatten)]
    pub op: OpKey,
    /// Durations of its runs in all iterations.
    pub durations: DurationStats,
    /// Time of all its runs in the median iteration, the mean over its ranks.
    pub per_iteration_ns: f64,
}

/// Compares `second` with `first`: op by op, and why an iteration takes another time.
pub fn compare(first: &Ops<'_>, second: &Ops<'_>, config: CompareConfig) -> CompareReport {
    let CompareConfig { by_layer, iterations: [one, other] } = config;
    let sides = [Side::of(first, one, by_layer), Side::of(second, other, by_layer)];
    let medians = [0, 1].map(|at| MedianIteration::of(&sides[at]));
    let mut report = ops(&sides, &medians);
    report.terms = [0, 1].map(|at| medians[at].terms);
    report.causes = causes(medians.each_ref());
    let [before, after] = report.terms.map(|terms| terms.iteration_ns);
    report.iteration_ns = [before, after].map(|ns| ns.round() as i64);
    report.iteration_ratio = (before > 0.0).then(|| after / before);
    report.ranks = ranks([first, second], &sides);
    let is_exact = [first, second]
        .iter()
        .all(|ops| ops.trace.meta.provenance.origin() == Some(Origin::Modelled));
    let lengths = [sides[0].lengths_ns(), sides[1].lengths_ns()];
    report.noise = Noise::of([&lengths[0], &lengths[1]], is_exact);
    report.caveats = verdict::caveats(first, second);
    report.not_comparable = verdict::not_comparable(first, second, &report);
    let doubts = [first, second].map(|ops| ops.trace.meta.doubt());
    let doubt = doubts.into_iter().flatten().reduce(Doubt::or_larger);
    report.expected_error = doubt.and_then(|doubt| doubt.0.cloned());
    report.caveats.extend(verdict::within_doubt(&report, doubts));
    report.verdict = verdict::verdict(&report);
    report.hidden = verdict::hidden(&report);
    report.waiting = verdict::waiting(&report);
    report.sentence = verdict::sentence(&report);
    report
}

/// Ops of both and of one of them.
fn ops(sides: &[Side<'_>; 2], medians: &[MedianIteration<'_>; 2]) -> CompareReport {
    let mut report = CompareReport::default();
    for (key, &before) in &sides[0].durations {
        match sides[1].durations.get(key) {
            Some(&after) => report.both.push(ComparedOp {
                op: key.owned(),
                durations: [before, after],
                mean_ratio: (before.total_ns > 0).then(|| after.mean_ns() / before.mean_ns()),
                change_ns: medians[1].op_ns(key) - medians[0].op_ns(key),
            }),
            None => report.removed.push(one_sided(key, before, &medians[0])),
        }
    }
    let added = sides[1].durations.iter().filter(|(op, _)| !sides[0].durations.contains_key(op));
    report.added = added.map(|(key, &after)| one_sided(key, after, &medians[1])).collect();
    report.both.sort_by(|a, b| b.change_ns.abs().total_cmp(&a.change_ns.abs()));
    for rows in [&mut report.added, &mut report.removed] {
        rows.sort_by(|a, b| b.per_iteration_ns.total_cmp(&a.per_iteration_ns));
    }
    report
}

fn one_sided(key: &Key<'_>, durations: DurationStats, median: &MedianIteration<'_>) -> OneSidedOp {
    OneSidedOp { op: key.owned(), durations, per_iteration_ns: median.op_ns(key) }
}

fn ranks(ops: [&Ops<'_>; 2], sides: &[Side<'_>; 2]) -> Vec<ComparedRank> {
    let numbers: BTreeSet<u32> =
        ops.iter().flat_map(|ops| &ops.ranks).map(|rank| rank.rank).collect();
    let of = |rank| ComparedRank {
        rank,
        terms: [0, 1].map(|at| IterationTerms::of_rank(&sides[at].middle(), rank)),
    };
    numbers.into_iter().map(of).collect()
}

#[cfg(test)]
mod tests;
