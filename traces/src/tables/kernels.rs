//! Statistics: kernels, exposed communication, gaps.

use std::borrow::Cow;

use super::column::{Of, Sink, emit, float, int, text};
use super::error::TableError;
use super::ranks::{HasDurations, Row, durations, file, rows};
use super::table::{Answered, Maker, Table};
use crate::analysis::{DurationStats, ExposedOp, Gap, KernelStats, RankGaps};

pub(super) const KERNELS: Table = Table {
    name: "kernels",
    about: "how long each kernel takes, most time first; layers, splits and ranks together",
    maker: Maker::Report(kernels),
};

pub(super) const EXPOSED: Table = Table {
    name: "exposed",
    about: "communication ops without computation beside them, the most exposed first (a thousand at most)",
    maker: Maker::Report(exposed),
};

pub(super) const GAPS: Table = Table {
    name: "gaps",
    about: "time in which a rank runs nothing, by rank",
    maker: Maker::Report(gaps),
};

pub(super) const LONGEST_GAPS: Table = Table {
    name: "longest-gaps",
    about: "gaps one by one, the longest first (a thousand at most)",
    maker: Maker::Report(longest_gaps),
};

type Kernel<'a> = Row<'a, &'a KernelStats>;

impl HasDurations for Kernel<'_> {
    fn durations(&self) -> &DurationStats {
        &self.it.durations
    }
}

fn kernels(all: &[Answered<'_>], sink: &mut dyn Sink) -> Result<(), TableError> {
    let mut columns: Vec<Of<Kernel<'_>>> = vec![
        file(),
        text("name", "the kernel's name", |row: &Kernel<'_>| Some(Cow::Borrowed(&row.it.key.name))),
        text("kind", "its kind", |row: &Kernel<'_>| Some(row.it.key.kind.name().into())),
    ];
    columns.extend(durations());
    columns.extend([
        float("mean_ns", "mean", |row: &Kernel<'_>| Some(row.it.mean_ns)),
        int("median_ns", "median", |row: &Kernel<'_>| Some(row.it.median_ns)),
        float("p25_ns", "first quartile, interpolated", |row: &Kernel<'_>| {
            Some(row.it.quartiles_ns[0])
        }),
        float("p75_ns", "third quartile, interpolated", |row: &Kernel<'_>| {
            Some(row.it.quartiles_ns[1])
        }),
        float("p99_ns", "99 of 100 take no longer, interpolated", |row: &Kernel<'_>| {
            Some(row.it.p99_ns)
        }),
        float("share", "of the sum over all kernels, 0 to 1", |row: &Kernel<'_>| {
            Some(row.it.share)
        }),
        int("outliers", "runs that take unlike the others", |row: &Kernel<'_>| {
            Some(row.it.outliers.count as i64)
        }),
    ]);
    emit(&columns, rows(all, |of| &of.statistics.kernels.kernels), sink)
}

type Exposed<'a> = Row<'a, &'a ExposedOp>;

fn exposed(all: &[Answered<'_>], sink: &mut dyn Sink) -> Result<(), TableError> {
    let columns: Vec<Of<Exposed<'_>>> = vec![
        file(),
        text("name", "the op's name", |row: &Exposed<'_>| Some(Cow::Borrowed(&row.it.name))),
        int("rank", "its rank", |row: &Exposed<'_>| Some(i64::from(row.it.rank))),
        int("layer", "its layer; empty where not known", |row: &Exposed<'_>| {
            row.it.layer.map(i64::from)
        }),
        int("iteration", "the iteration that it is part of; empty where it is in none", |row| {
            row.it.iteration.map(|iteration| iteration as i64)
        }),
        int("start_ns", "when it starts, since the base time", |row: &Exposed<'_>| {
            Some(row.it.start_ns)
        }),
        int("duration_ns", "how long it takes", |row: &Exposed<'_>| Some(row.it.duration_ns)),
        int("exposed_ns", "of it without computation of the rank", |row: &Exposed<'_>| {
            Some(row.it.exposed_ns)
        }),
        int("wait_ns", "of it before the last rank has arrived; empty where not known", |row| {
            row.it.wait_ns
        }),
    ];
    emit(&columns, rows(all, |of| &of.statistics.exposed.most), sink)
}

type OfRank<'a> = Row<'a, &'a RankGaps>;

fn gaps(all: &[Answered<'_>], sink: &mut dyn Sink) -> Result<(), TableError> {
    let columns: Vec<Of<OfRank<'_>>> = vec![
        file(),
        int("rank", "the rank", |row: &OfRank<'_>| Some(i64::from(row.it.rank))),
        int("count", "how many gaps", |row: &OfRank<'_>| Some(row.it.count as i64)),
        int("total_ns", "their sum", |row: &OfRank<'_>| Some(row.it.total_ns)),
        int(
            "unlaunched_ns",
            "of it before the call that launches the next op had returned; empty where no launch is known",
            |row: &OfRank<'_>| row.it.unlaunched_ns,
        ),
    ];
    emit(&columns, rows(all, |of| &of.statistics.gaps.ranks), sink)
}

type OfGap<'a> = Row<'a, &'a Gap>;

fn longest_gaps(all: &[Answered<'_>], sink: &mut dyn Sink) -> Result<(), TableError> {
    let columns: Vec<Of<OfGap<'_>>> = vec![
        file(),
        int("rank", "the rank", |row: &OfGap<'_>| Some(i64::from(row.it.rank))),
        int("iteration", "the iteration that it is part of; empty where it is in none", |row| {
            row.it.iteration.map(|iteration| iteration as i64)
        }),
        int("start_ns", "when it starts, since the base time", |row: &OfGap<'_>| {
            Some(row.it.span.start_ns)
        }),
        int("duration_ns", "how long it lasts", |row: &OfGap<'_>| Some(row.it.span.len_ns())),
        text("before", "the op that ends where it begins", |row: &OfGap<'_>| {
            Some(Cow::Borrowed(&row.it.before.name))
        }),
        text("after", "the op that starts where it ends", |row: &OfGap<'_>| {
            Some(Cow::Borrowed(&row.it.after.name))
        }),
        int(
            "unlaunched_ns",
            "of it before the call that launches the next op had returned; empty where that is not known",
            |row| row.it.launch.map(|launch| launch.unlaunched_ns),
        ),
        text(
            "cause",
            "what was waited for most of it: launched late, host busy, host synchronises, other stream, other rank, between kernels, unknown",
            |row: &OfGap<'_>| row.it.cause.map(|cause| cause.name().into()),
        ),
    ];
    emit(&columns, rows(all, |of| &of.statistics.gaps.longest), sink)
}
