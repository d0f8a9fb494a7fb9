use super::{Cause, CauseKind, CompareReport};
use crate::analysis::Ops;
use crate::model::{Origin, Trace};
use crate::words::{duration, percent, shortened, signed_duration};

/// Below this share of the iteration, two iterations are as long as one another.
const ALIKE: f64 = 0.005;
/// A cause is named from this share of the largest on.
const NAMED: f64 = 0.15;

/// How much longer an iteration of the second takes, and what does most of it.
pub(super) fn sentence(report: &CompareReport) -> String {
    let [old, new] = report.iteration_ns;
    if old == 0 || new == 0 {
        return "One of the two ran nothing on a GPU, so there is nothing to compare.".to_owned();
    }
    let share = (new - old) as f64 / old as f64;
    let much = percent(share.abs());
    let [old, new] = [old, new].map(duration);
    let head = if share.abs() < ALIKE {
        format!("An iteration takes as long in both: {old} and {new}")
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

/// Why the two may not be comparable, a sentence each.
pub(super) fn caveats(first: &Ops<'_>, second: &Ops<'_>) -> Vec<String> {
    let traces = [first.trace, second.trace];
    let mut all = Vec::new();
    all.extend(of_origins(traces).map(str::to_owned));
    let ranks = [first, second].map(|ops| ops.ranks.len());
    if ranks[0] != ranks[1] {
        all.push(format!("The first has {} ranks, the second {}.", ranks[0], ranks[1]));
    }
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

fn of_origins([first, second]: [&Trace; 2]) -> Option<&'static str> {
    match [first, second].map(|trace| trace.meta.provenance.origin()) {
        [Some(Origin::Unknown), _] | [_, Some(Origin::Unknown)] => {
            Some("Where the times of one come from is not known: compare shapes, not microseconds.")
        }
        [Some(old), Some(new)] if old == new => None,
        [Some(_), Some(_)] => {
            Some("One is measured and the other modelled: compare shapes, not microseconds.")
        }
        _ => Some("Some ranks are measured and some modelled: compare shapes, not microseconds."),
    }
}
