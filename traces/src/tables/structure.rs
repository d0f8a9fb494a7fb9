//! What is known of passes and layers, and what each leaves exposed.

use std::borrow::Cow;

use super::column::{Of, Sink, emit, int, text};
use super::error::TableError;
use super::ranks::{Row, file, rows};
use super::table::{Answered, Maker, Table};
use crate::analysis::{ExposedByLayer, ExposedByOp, Pass, RankStructure, StructureBasis};

pub(super) const PASSES: Table = Table {
    name: "passes",
    about: "passes through the layers, by rank, and where they are known from; no rows for ranks of which nothing is known",
    maker: Maker::Report(passes),
};

pub(super) const EXPOSED_BY_OP: Table = Table {
    name: "exposed-by-op",
    about: "exposed communication by the op and its phase, all ranks together, most exposed first",
    maker: Maker::Report(by_op),
};

pub(super) const EXPOSED_BY_LAYER: Table = Table {
    name: "exposed-by-layer",
    about: "exposed communication by layer, all ranks and passes together, most exposed first; no rows where layers are not known",
    maker: Maker::Report(by_layer),
};

type OfPass<'a> = Row<'a, (&'a RankStructure, usize, &'a Pass)>;

fn passes(all: &[Answered<'_>], sink: &mut dyn Sink) -> Result<(), TableError> {
    let columns: Vec<Of<OfPass<'_>>> = vec![
        file(),
        int("rank", "the rank", |row: &OfPass<'_>| Some(row.it.0.rank.into())),
        int("pass", "its position among the rank's passes, from 0", |row: &OfPass<'_>| {
            Some(row.it.1 as i64)
        }),
        text("basis", "where it is known from: labels, or the order of kernels", |row| {
            Some(match row.it.0.basis {
                StructureBasis::Labels => "labels".into(),
                StructureBasis::Order => "order".into(),
                StructureBasis::Unknown => return None,
            })
        }),
        text(
            "stage",
            "prefill, decode, prefill and decode, forward or backward; empty where names of kernels do not say",
            |row: &OfPass<'_>| {
                Some(row.it.2.stage.name()).filter(|name| !name.is_empty()).map(Cow::Borrowed)
            },
        ),
        int("halves", "1 where the tokens run in two sets, else 0", |row: &OfPass<'_>| {
            Some(row.it.0.halves.into())
        }),
        int("layers", "its layers in the recording", |row: &OfPass<'_>| {
            Some(row.it.2.layers as i64)
        }),
        int("start_ns", "when its first layer starts, since the base time", |row| {
            Some(row.it.2.span.start_ns)
        }),
        int("duration_ns", "from then to the end of its last layer", |row: &OfPass<'_>| {
            Some(row.it.2.span.len_ns())
        }),
    ];
    let passes = rows(all, |of| {
        let ranks = of.answers.structure.ranks.iter();
        ranks
            .flat_map(|rank| rank.passes.iter().enumerate().map(move |(at, pass)| (rank, at, pass)))
    });
    emit(&columns, passes, sink)
}

type OfOp<'a> = Row<'a, &'a ExposedByOp>;

fn by_op(all: &[Answered<'_>], sink: &mut dyn Sink) -> Result<(), TableError> {
    let columns: Vec<Of<OfOp<'_>>> = vec![
        file(),
        text("name", "the op", |row: &OfOp<'_>| Some(Cow::Borrowed(row.it.name.as_str()))),
        text("phase", "its phase; empty where phases are not known", |row: &OfOp<'_>| {
            Some(row.it.phase.name()).filter(|name| !name.is_empty()).map(Cow::Borrowed)
        }),
        int("count", "how many", |row: &OfOp<'_>| Some(row.it.count as i64)),
        int("comm_ns", "time with any of them, rank by rank, summed", |row| Some(row.it.comm_ns)),
        int("exposed_ns", "the part of it without computation of the same rank", |row| {
            Some(row.it.exposed_ns)
        }),
    ];
    emit(&columns, rows(all, |of| &of.answers.exposed_by.ops), sink)
}

type OfLayer<'a> = Row<'a, &'a ExposedByLayer>;

fn by_layer(all: &[Answered<'_>], sink: &mut dyn Sink) -> Result<(), TableError> {
    let columns: Vec<Of<OfLayer<'_>>> = vec![
        file(),
        int("layer", "the layer; empty for what lies outside of all", |row: &OfLayer<'_>| {
            row.it.layer.map(i64::from)
        }),
        int("count", "how often it ran, a rank and a pass each", |row: &OfLayer<'_>| {
            Some(row.it.count as i64)
        }),
        int("comm_ns", "time with its communication, summed", |row| Some(row.it.comm_ns)),
        int("exposed_ns", "the part of it without computation of the same rank", |row| {
            Some(row.it.exposed_ns)
        }),
        int("median_exposed_ns", "median of that over its passes and ranks", |row| {
            Some(row.it.median_exposed_ns)
        }),
    ];
    emit(&columns, rows(all, |of| &of.answers.exposed_by.layers), sink)
}
