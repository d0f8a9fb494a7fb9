//! What differs between two recordings: why, in what, op by op.

use std::borrow::Cow;

use super::column::{Of, Sink, emit, float, int, text};
use super::error::TableError;
use super::table::{Maker, Table};
use crate::analysis::{Cause, CauseKind, CompareReport, DurationStats, IterationTerms, OpKey};

pub(super) const CAUSES: Table = Table {
    name: "causes",
    about: "why an iteration takes another time, most first; they add up to the change",
    maker: Maker::Comparison(causes),
};

pub(super) const TERMS: Table = Table {
    name: "terms",
    about: "what the median iteration of each recording consists of: the mean of all ranks, then rank by rank",
    maker: Maker::Comparison(terms),
};

pub(super) const OPS: Table = Table {
    name: "differences",
    about: "ops of both recordings, the largest change first, then those of one of them",
    maker: Maker::Comparison(ops),
};

fn causes(report: &CompareReport, sink: &mut dyn Sink) -> Result<(), TableError> {
    let columns: Vec<Of<&Cause>> = vec![
        text(
            "cause",
            "same_ops, other_ops, side_by_side, waiting, communication, hiding, copies or idle",
            |row: &&Cause| {
                Some(Cow::Borrowed(match row.kind {
                    CauseKind::SameOps => "same_ops",
                    CauseKind::OtherOps => "other_ops",
                    CauseKind::SideBySide => "side_by_side",
                    CauseKind::Waiting => "waiting",
                    CauseKind::Communication => "communication",
                    CauseKind::Hiding => "hiding",
                    CauseKind::Copies => "copies",
                    CauseKind::Idle => "idle",
                }))
            },
        ),
        float(
            "change_ns",
            "what it adds to the median iteration, the mean of the ranks; below 0 what it takes away",
            |row: &&Cause| Some(row.change_ns),
        ),
        text("in_words", "the same as a sentence's end", |row: &&Cause| {
            Some(Cow::Owned(row.in_words()))
        }),
        text(
            "largest_op",
            "the op that does most of it; empty where ops do not",
            |row: &&Cause| row.largest.as_ref().map(|op| Cow::Borrowed(op.name.as_str())),
        ),
        float("largest_op_change_ns", "how much of it that op does", |row: &&Cause| {
            row.largest.as_ref().map(|op| op.change_ns)
        }),
    ];
    emit(&columns, report.causes.iter(), sink)
}

/// Rank (none: all), which recording, and its terms.
type Term<'a> = (Option<u32>, &'static str, &'a IterationTerms);

const SIDES: [&str; 2] = ["before", "after"];

fn terms(report: &CompareReport, sink: &mut dyn Sink) -> Result<(), TableError> {
    let columns: Vec<Of<Term<'_>>> = vec![
        int("rank", "the rank; empty: the mean of all", |row: &Term<'_>| row.0.map(i64::from)),
        text("recording", "before or after", |row: &Term<'_>| Some(row.1.into())),
        float("iteration_ns", "all of the median iteration", |row: &Term<'_>| {
            Some(row.2.iteration_ns)
        }),
        float("compute_ns", "time with computation", |row: &Term<'_>| Some(row.2.compute_ns)),
        float("comm_ns", "time with communication", |row: &Term<'_>| Some(row.2.comm_ns)),
        float("exposed_comm_ns", "of that without computation", |row: &Term<'_>| {
            Some(row.2.exposed_comm_ns)
        }),
        float("exposed_copies_ns", "copies with nothing beside them", |row: &Term<'_>| {
            Some(row.2.exposed_copies_ns)
        }),
        float("idle_ns", "nothing at all", |row: &Term<'_>| Some(row.2.idle_ns)),
        float(
            "wait_ns",
            "of communication before the last rank has arrived; empty where not known",
            |row: &Term<'_>| row.2.wait_ns,
        ),
        float(
            "exposed_wait_ns",
            "of that without computation; empty where not known",
            |row: &Term<'_>| row.2.exposed_wait_ns,
        ),
    ];
    let all = SIDES.iter().zip(&report.terms).map(|(side, terms)| (None, *side, terms));
    // Nothing was compared: no row either.
    let all = all.filter(|_| !report.ranks.is_empty());
    let ranks = report.ranks.iter().flat_map(|rank| {
        let sides = SIDES.iter().zip(&rank.terms);
        sides.filter_map(|(side, terms)| Some((Some(rank.rank), *side, terms.as_ref()?)))
    });
    emit(&columns, all.chain(ranks), sink)
}

/// An op of one or both recordings.
struct Op<'a> {
    key: &'a OpKey,
    durations: [Option<DurationStats>; 2],
    change_ns: f64,
}

fn ops(report: &CompareReport, sink: &mut dyn Sink) -> Result<(), TableError> {
    fn count(row: &Op<'_>, side: usize) -> Option<i64> {
        row.durations[side].map(|durations| durations.count as i64)
    }
    fn mean_ns(row: &Op<'_>, side: usize) -> Option<f64> {
        row.durations[side].map(|durations| durations.mean_ns())
    }
    fn total_ns(row: &Op<'_>, side: usize) -> Option<i64> {
        row.durations[side].map(|durations| durations.total_ns)
    }
    let columns: Vec<Of<Op<'_>>> = vec![
        text("name", "the op's name", |row: &Op<'_>| Some(Cow::Borrowed(&row.key.name))),
        text("kind", "its kind", |row: &Op<'_>| Some(row.key.kind.name().into())),
        int("layer", "its layer, where layers are told apart", |row: &Op<'_>| {
            row.key.layer.map(i64::from)
        }),
        int("before_count", "how often it runs before; empty: not at all", |row| count(row, 0)),
        int("after_count", "how often it runs after; empty: not at all", |row| count(row, 1)),
        float("before_mean_ns", "mean of one run before, of all iterations", |row| mean_ns(row, 0)),
        float("after_mean_ns", "mean of one run after, of all iterations", |row| mean_ns(row, 1)),
        int("before_total_ns", "sum of all runs before", |row| total_ns(row, 0)),
        int("after_total_ns", "sum of all runs after", |row| total_ns(row, 1)),
        float(
            "change_ns",
            "what it adds to the median iteration, the mean of the ranks; below 0 what it takes away",
            |row: &Op<'_>| Some(row.change_ns),
        ),
    ];
    let both = report.both.iter().map(|row| Op {
        key: &row.op,
        durations: row.durations.map(Some),
        change_ns: row.change_ns,
    });
    let removed = report.removed.iter().map(|row| Op {
        key: &row.op,
        durations: [Some(row.durations), None],
        change_ns: -row.per_iteration_ns,
    });
    let added = report.added.iter().map(|row| Op {
        key: &row.op,
        durations: [None, Some(row.durations)],
        change_ns: row.per_iteration_ns,
    });
    emit(&columns, both.chain(removed).chain(added), sink)
}
