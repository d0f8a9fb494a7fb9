//! Where each rank's time goes: over all, by iteration, by kind, by layer.

use std::borrow::Cow;

use super::column::{Of, Sink, emit, float, int, text};
use super::error::TableError;
use super::table::{Answered, Maker, Table};
use crate::analysis::{DurationStats, Iteration, KindRow, LayerRow, OverlapFigures, RankOverlap};

pub(super) const RANKS: Table = Table {
    name: "ranks",
    about: "where each rank's time goes: computation, communication hidden and exposed, waiting, idle",
    maker: Maker::Report(ranks),
};

pub(super) const ITERATIONS: Table = Table {
    name: "iterations",
    about: "the same of each iteration of each rank, over the ops of the iteration alone",
    maker: Maker::Report(iterations),
};

pub(super) const KINDS: Table =
    Table { name: "kinds", about: "time of each kind of op, by rank", maker: Maker::Report(kinds) };

pub(super) const LAYERS: Table =
    Table { name: "layers", about: "time of each layer, by rank", maker: Maker::Report(layers) };

/// A row of a report about one file.
pub(super) struct Row<'a, T> {
    pub(super) of: Answered<'a>,
    pub(super) it: T,
}

/// The file's column, which every table of a report begins with.
pub(super) fn file<'a, T>() -> Of<Row<'a, T>> {
    text("file", "the recording, as it was given", |row: &Row<'_, T>| Some(row.of.file.into()))
}

/// Rows of every file.
pub(super) fn rows<'a, T: 'a, I: IntoIterator<Item = T>>(
    all: &'a [Answered<'a>],
    of_one: impl Fn(&'a Answered<'a>) -> I,
) -> impl Iterator<Item = Row<'a, T>> {
    all.iter().flat_map(move |of| of_one(of).into_iter().map(|it| Row { of: *of, it }))
}

/// Figures of a rank, or of one iteration of it.
trait Figures {
    fn figures(&self) -> &OverlapFigures;
}

type OfRank<'a> = Row<'a, &'a RankOverlap>;
type OfIteration<'a> = Row<'a, (u32, &'a Iteration, &'a OverlapFigures)>;

impl Figures for OfRank<'_> {
    fn figures(&self) -> &OverlapFigures {
        &self.it.total
    }
}

impl Figures for OfIteration<'_> {
    fn figures(&self) -> &OverlapFigures {
        self.it.2
    }
}

fn figures<T: Figures>() -> Vec<Of<T>> {
    vec![
        int("span_ns", "first start to last end of kernels and copies", |row: &T| {
            Some(row.figures().span_ns)
        }),
        int("compute_ns", "time with computation", |row: &T| Some(row.figures().compute_ns)),
        int("comm_ns", "time with communication", |row: &T| Some(row.figures().comm_ns)),
        int("hidden_ns", "time with both", |row: &T| Some(row.figures().overlap_ns)),
        int("exposed_comm_ns", "time with communication and no computation", |row: &T| {
            Some(row.figures().exposed_comm_ns)
        }),
        int("exposed_memcpy_ns", "time with copies and nothing else", |row: &T| {
            Some(row.figures().exposed_memcpy_ns)
        }),
        int("idle_ns", "time of the span in which nothing runs", |row: &T| {
            Some(row.figures().idle_ns)
        }),
        int(
            "wait_ns",
            "part of communication before the last rank has arrived; empty where not known",
            |row: &T| row.figures().wait_ns,
        ),
        float(
            "hidden_pct",
            "100 · hidden / communication; empty without communication",
            |row: &T| row.figures().overlap_pct,
        ),
        float(
            "sm_weighted_hidden_pct",
            "the same weighted by the share of SMs that compute; empty without thread blocks",
            |row: &T| row.figures().sm_weighted_pct,
        ),
    ]
}

fn ranks(all: &[Answered<'_>], sink: &mut dyn Sink) -> Result<(), TableError> {
    let mut columns: Vec<Of<OfRank<'_>>> = vec![
        file(),
        int("rank", "the rank", |row: &OfRank<'_>| Some(i64::from(row.it.rank))),
        text(
            "provenance",
            "where its times come from: measured, modelled or unknown",
            |row: &OfRank<'_>| {
                let provenance = &row.of.trace.meta.provenance;
                Some(provenance.of_rank(Some(row.it.rank)).name().into())
            },
        ),
    ];
    columns.extend(figures());
    columns.push(int(
        "unmatched_collectives",
        "communication ops that no other rank has, of which waiting is not known",
        |row: &OfRank<'_>| Some(row.it.unmatched as i64),
    ));
    emit(&columns, rows(all, |of| &of.answers.overlap.ranks), sink)
}

fn iterations(all: &[Answered<'_>], sink: &mut dyn Sink) -> Result<(), TableError> {
    let mut columns: Vec<Of<OfIteration<'_>>> = vec![
        file(),
        int("rank", "the rank", |row: &OfIteration<'_>| Some(i64::from(row.it.0))),
        int("iteration", "its place in the recording, from 0", |row: &OfIteration<'_>| {
            Some(row.it.1.index as i64)
        }),
        text("name", "as its mark or its host's range names it", |row: &OfIteration<'_>| {
            Some(Cow::Borrowed(&row.it.1.name))
        }),
        int(
            "start_ns",
            "when its mark or its first op starts, since the base time",
            |row: &OfIteration<'_>| Some(row.it.1.span.start_ns),
        ),
        int(
            "duration_ns",
            "from there to the end of its mark, or of the last op launched in it",
            |row: &OfIteration<'_>| Some(row.it.1.span.len_ns()),
        ),
    ];
    columns.extend(figures());
    let rows = rows(all, |of| {
        of.answers.overlap.ranks.iter().flat_map(|rank| {
            let number = rank.rank;
            rank.iterations.iter().map(move |it| (number, &it.iteration, &it.figures))
        })
    });
    emit(&columns, rows, sink)
}

/// Count and times of single ops.
pub(super) fn durations<T: HasDurations>() -> Vec<Of<T>> {
    vec![
        int("count", "how many", |row: &T| Some(row.durations().count as i64)),
        int("total_ns", "sum of their durations", |row: &T| Some(row.durations().total_ns)),
        int("min_ns", "the shortest", |row: &T| Some(row.durations().min_ns)),
        int("max_ns", "the longest", |row: &T| Some(row.durations().max_ns)),
    ]
}

/// A row about ops of one sort.
pub(super) trait HasDurations {
    fn durations(&self) -> &DurationStats;
}

type OfKind<'a> = Row<'a, (u32, &'a KindRow)>;

impl HasDurations for OfKind<'_> {
    fn durations(&self) -> &DurationStats {
        &self.it.1.durations
    }
}

fn kinds(all: &[Answered<'_>], sink: &mut dyn Sink) -> Result<(), TableError> {
    let mut columns: Vec<Of<OfKind<'_>>> = vec![
        file(),
        int("rank", "the rank", |row: &OfKind<'_>| Some(i64::from(row.it.0))),
        text("kind", "the kind of op", |row: &OfKind<'_>| Some(row.it.1.kind.name().into())),
        int("wall_ns", "time with at least one op of it", |row: &OfKind<'_>| {
            Some(row.it.1.union_ns)
        }),
    ];
    columns.extend(durations());
    columns.push(float("share", "of the sum over all kinds, 0 to 1", |row: &OfKind<'_>| {
        Some(row.it.1.share)
    }));
    let rows = rows(all, |of| {
        let ranks = of.answers.breakdown.ranks.iter();
        ranks.flat_map(|rank| rank.by_kind.iter().map(|row| (rank.rank, row)))
    });
    emit(&columns, rows, sink)
}

type OfLayer<'a> = Row<'a, (u32, &'a LayerRow)>;

fn layers(all: &[Answered<'_>], sink: &mut dyn Sink) -> Result<(), TableError> {
    let columns: Vec<Of<OfLayer<'_>>> = vec![
        file(),
        int("rank", "the rank", |row: &OfLayer<'_>| Some(i64::from(row.it.0))),
        int("layer", "the layer; empty for ops that belong to none", |row: &OfLayer<'_>| {
            row.it.1.layer.map(i64::from)
        }),
        int("span_ns", "first start to last end; woven layers overlap", |row: &OfLayer<'_>| {
            Some(row.it.1.span_ns)
        }),
        int("compute_ns", "time with computation of it", |row: &OfLayer<'_>| {
            Some(row.it.1.compute_ns)
        }),
        int("comm_ns", "time with communication of it", |row: &OfLayer<'_>| Some(row.it.1.comm_ns)),
        int("exposed_comm_ns", "of it without any computation of the rank", |row: &OfLayer<'_>| {
            Some(row.it.1.exposed_comm_ns)
        }),
    ];
    let rows = rows(all, |of| {
        let ranks = of.answers.breakdown.ranks.iter();
        ranks.flat_map(|rank| rank.by_layer.iter().map(|row| (rank.rank, row)))
    });
    emit(&columns, rows, sink)
}
