//! What decides when the last op ends, stretch by stretch.

use std::borrow::Cow;

use super::column::{Of, Sink, emit, int, text};
use super::error::TableError;
use super::ranks::{Row, file, rows};
use super::table::{Answered, Maker, Table};
use crate::analysis::PathSegment;

pub(super) const CRITICAL_PATH: Table = Table {
    name: "critical-path",
    about: "the chain of ops, launches and waits that decides when the last op ends, in order of time; its stretches add up to the span of all ranks",
    maker: Maker::Report(critical_path),
};

type OfSegment<'a> = Row<'a, &'a PathSegment>;

fn critical_path(all: &[Answered<'_>], sink: &mut dyn Sink) -> Result<(), TableError> {
    let columns: Vec<Of<OfSegment<'_>>> = vec![
        file(),
        int("start_ns", "when it starts, since the base time", |row: &OfSegment<'_>| {
            Some(row.it.span.start_ns)
        }),
        int("duration_ns", "how long it lasts", |row: &OfSegment<'_>| Some(row.it.span.len_ns())),
        int("rank", "the rank on which it lies", |row: &OfSegment<'_>| {
            Some(i64::from(row.it.rank))
        }),
        text(
            "kind",
            "what it goes to: compute, communication, copies, launches, host, waiting",
            |row: &OfSegment<'_>| Some(row.it.kind.name().into()),
        ),
        text("name", "the op or the call; empty for host and waiting", |row: &OfSegment<'_>| {
            let slice = row.it.slice?;
            Some(Cow::Borrowed(row.of.trace.label_of(slice).name.as_str()))
        }),
    ];
    emit(&columns, rows(all, |of| &of.answers.path.segments), sink)
}
