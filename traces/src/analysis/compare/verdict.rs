//! What is said of a comparison: the verdict, why there is none, and the sentences.

use serde::{Deserialize, Serialize};

use super::{Cause, CauseKind, CompareReport, IterationTerms};
use crate::analysis::Ops;
use crate::model::{Doubt, Origin, Trace};
use crate::words::{counted, duration, percent, shortened, signed_duration};

/// Below this share of the iteration, two iterations are as long as one another.
const ALIKE: f64 = 0.005;
/// A change of the share of hidden communication from which on it is worth a sentence.
const NOTABLE_SHARE: f64 = 0.05;
/// A cause is named from this share of the largest on.
const NAMED: f64 = 0.15;

/// Whether the second is faster than the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompareVerdict {
    /// Its iteration is shorter by more than chance.
    Faster,
    /// Its iteration is longer by more than chance.
    Slower,
    /// The change is no more than chance, or than half a percent.
    SameWithinNoise,
    /// They do not say; see [`CompareReport::not_comparable`].
    #[default]
    NotComparable,
}

impl CompareVerdict {
    /// `same within noise`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Faster => "faster",
            Self::Slower => "slower",
            Self::SameWithinNoise => "same within noise",
            Self::NotComparable => "not comparable",
        }
    }
}

pub(super) fn verdict(report: &CompareReport) -> CompareVerdict {
    let [old, new] = report.terms.map(|terms| terms.iteration_ns);
    let change_ns = new - old;
    let gate_ns = report.noise.gate_ns.unwrap_or(0.0);
    if !report.not_comparable.is_empty() {
        CompareVerdict::NotComparable
    } else if change_ns.abs() <= gate_ns.max(ALIKE * old) {
        CompareVerdict::SameWithinNoise
    } else if change_ns < 0.0 {
        CompareVerdict::Faster
    } else {
        CompareVerdict::Slower
    }
}

/// Why nothing follows from the lengths of their iterations, a sentence each.
pub(super) fn not_comparable(
    first: &Ops<'_>,
    second: &Ops<'_>,
    report: &CompareReport,
) -> Vec<String> {
    if report.iteration_ns.contains(&0) {
        return vec![NOTHING_RAN.to_owned()];
    }
    let mut all = differences([first.trace, second.trace]);
    if report.noise.gate_ns.is_none() {
        let [one, other] = report.noise.iterations;
        let [one, other] = [one, other].map(|count| counted(count as u64, "iteration"));
        all.push(format!(
            "The first has {one}, the second {other}: how much is chance cannot be told from one."
        ));
    }
    all
}

const NOTHING_RAN: &str = "One of the two ran nothing on a GPU, so there is nothing to compare.";

/// How much longer an iteration of the second takes, and what does most of it.
pub(super) fn sentence(report: &CompareReport) -> String {
    let [old, new] = report.iteration_ns;
    if old == 0 || new == 0 {
        return NOTHING_RAN.to_owned();
    }
    let share = (new - old) as f64 / old as f64;
    let much = percent(share.abs());
    let [old, new] = [old, new].map(duration);
    let is_same = report.verdict == CompareVerdict::SameWithinNoise;
    let head = if share.abs() < ALIKE {
        format!("An iteration takes as long in both: {old} and {new}")
    } else if is_same {
        format!("An iteration takes as long in both, within noise: {old} and {new}")
    } else if share < 0.0 {
        format!("An iteration of the second takes {much} less, {new} instead of {old}")
    } else {
        format!("An iteration of the second takes {much} more, {new} instead of {old}")
    };
    let most = report.causes.first().map_or(0.0, |cause| cause.change_ns.abs());
    let is_told = |cause: &&Cause| {
        cause.change_ns.abs() >= NAMED * most
            && cause.change_ns.abs() >= ALIKE * report.terms[0].iteration_ns
    };
    let in_words =
        |cause: &Cause| format!("{} {}", signed_duration(cause.change_ns), cause.in_words());
    let told: Vec<String> = report.causes.iter().filter(is_told).take(3).map(in_words).collect();
    if told.is_empty() { format!("{head}.") } else { format!("{head}: {}.", told.join("; ")) }
}

/// How much more or less communication is hidden, and what that takes off; empty where it is about the same.
pub(super) fn hidden(report: &CompareReport) -> String {
    let hidden = |terms: &IterationTerms| {
        (terms.comm_ns > 0.0).then(|| 1.0 - terms.exposed_comm_ns / terms.comm_ns)
    };
    let [Some(old), Some(new)] = [hidden(&report.terms[0]), hidden(&report.terms[1])] else {
        return String::new();
    };
    if (new - old).abs() < NOTABLE_SHARE {
        return String::new();
    }
    let change_ns = report.terms[1].exposed_comm_ns - report.terms[0].exposed_comm_ns;
    format!(
        "Of communication {} is hidden instead of {}, and what is exposed of it changes by {}.",
        percent(new),
        percent(old),
        signed_duration(change_ns)
    )
}

/// What waiting takes in both, and how they would stand without what of it is exposed.
pub(super) fn waiting(report: &CompareReport) -> String {
    let [old, new] = &report.terms;
    let known = |terms: &IterationTerms| terms.wait_ns.zip(terms.exposed_wait_ns);
    let (Some((old_wait, old_exposed)), Some((new_wait, new_exposed))) = (known(old), known(new))
    else {
        return String::new();
    };
    let most = old_exposed.max(new_exposed);
    if most < ALIKE * old.iteration_ns || report.iteration_ns.contains(&0) {
        return String::new();
    }
    let whole = |ns: f64| duration(ns.round() as i64);
    let [old_rest, new_rest] = [old.iteration_ns - old_exposed, new.iteration_ns - new_exposed];
    let change = (new_rest - old_rest) / old_rest;
    let (much, less) = (percent(change.abs()), if change < 0.0 { "less" } else { "more" });
    format!(
        "Of an iteration a rank waits {} for the last in the second and {} in the first, {} and {} of it with nothing to \
         compute; without that the second would take {much} {less}, {} instead of {}.",
        whole(new_wait),
        whole(old_wait),
        whole(new_exposed),
        whole(old_exposed),
        whole(new_rest),
        whole(old_rest)
    )
}

impl Cause {
    /// In words, without how much it is: `more or other ops of computation run (most of all norm, +10 ns)`.
    pub fn in_words(&self) -> String {
        const NAME: usize = 48;
        let what = self.kind.in_words(self.change_ns > 0.0);
        let Some(op) = &self.largest else { return what.to_owned() };
        let (name, change) = (shortened(&op.name, NAME), signed_duration(op.change_ns));
        format!("{what} (most of all {name}, {change})")
    }
}

impl CauseKind {
    /// In words, as what makes an iteration longer, or shorter.
    fn in_words(self, is_longer: bool) -> &'static str {
        let [longer, shorter] = match self {
            Self::SameOps => {
                ["the same computation takes longer", "the same computation takes less time"]
            }
            Self::OtherOps => [
                "ops that only one of the two runs take more",
                "ops that only one of the two runs take less",
            ],
            Self::SideBySide => {
                ["less computation runs side by side", "more computation runs side by side"]
            }
            Self::Waiting => ["ranks wait longer for the last", "ranks wait less for the last"],
            Self::Communication => {
                ["communication itself takes longer", "communication itself takes less time"]
            }
            Self::Hiding => ["less communication is hidden", "more communication is hidden"],
            Self::Copies => {
                ["more copying with nothing beside it", "less copying with nothing beside it"]
            }
            Self::Idle => ["more time in which nothing runs", "less time in which nothing runs"],
        };
        if is_longer { longer } else { shorter }
    }
}

/// What to bear in mind, a sentence each, those first that forbid to compare lengths.
pub(super) fn caveats(first: &Ops<'_>, second: &Ops<'_>) -> Vec<String> {
    let traces = [first.trace, second.trace];
    let mut all = differences(traces);
    if let [Some(Origin::Unknown), _] | [_, Some(Origin::Unknown)] = traces.map(origin) {
        all.push(
            "Where the times of one come from is not known: compare shapes, not microseconds."
                .to_owned(),
        );
    }
    let ranks = [first, second].map(|ops| ops.ranks.len());
    if ranks[0] != ranks[1] {
        all.push(format!("The first has {} ranks, the second {}.", ranks[0], ranks[1]));
    }
    all.extend(outside("first", first));
    all.extend(outside("second", second));
    all
}

/// What is no part of any iteration is not compared.
fn outside(which: &str, ops: &Ops<'_>) -> Option<String> {
    let ranks = ops.ranks.iter().filter(|rank| !rank.iterations.is_empty());
    let count = ranks.flat_map(|rank| &rank.ops).filter(|op| op.iteration.is_none()).count();
    let is = if count == 1 { "is" } else { "are" };
    (count > 0).then(|| {
        format!(
            "{} of the {which} {is} in no iteration, and not compared.",
            counted(count as u64, "op")
        )
    })
}

/// Where both are predicted and may be compared: that they differ by less than predictions are off.
pub(super) fn within_doubt(
    report: &CompareReport,
    doubts: [Option<Doubt<'_>>; 2],
) -> Option<String> {
    let [Some(first), Some(second)] = doubts else { return None };
    let (doubt, [before, after]) = (first.or_larger(second), report.iteration_ns);
    let is_close = before != after && doubt.covers(before, after);
    (is_close && report.not_comparable.is_empty()).then(|| doubt.covered())
}

/// Why lengths of iterations say nothing, a sentence each.
fn differences(traces: [&Trace; 2]) -> Vec<String> {
    let mut all = Vec::new();
    all.extend(of_origins(traces).map(str::to_owned));
    let batches = traces.map(batch);
    if let [Some(old), Some(new)] = batches
        && old != new
    {
        all.push(format!("The batches differ: {old} tokens and {new}."));
    }
    let layers = traces.map(|trace| trace.meta.runs.first().map(|run| run.layers.run));
    if let [Some(old), Some(new)] = layers
        && old != new
    {
        all.push(format!("The first ran {old} layers, the second {new}."));
    }
    all
}

fn batch(trace: &Trace) -> Option<u64> {
    trace.meta.runs.first().map(|run| run.batch.tokens)
}

fn origin(trace: &Trace) -> Option<Origin> {
    trace.meta.provenance.origin()
}

fn of_origins(traces: [&Trace; 2]) -> Option<&'static str> {
    match traces.map(origin) {
        [Some(old), Some(new)] if old == new => None,
        [Some(Origin::Unknown), Some(_)] | [Some(_), Some(Origin::Unknown)] => None,
        [Some(_), Some(_)] => {
            Some("One is measured and the other modelled: compare shapes, not microseconds.")
        }
        _ => Some("Some ranks are measured and some modelled: compare shapes, not microseconds."),
    }
}
