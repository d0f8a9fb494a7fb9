//! Every nanosecond of a rank: computation, exposed communication, exposed copies, idle by cause.

use std::borrow::Cow;

use super::column::{Of, Sink, emit, int, text};
use super::error::TableError;
use super::ranks::{Row, file, rows};
use super::table::{Answered, Maker, Table};
use crate::analysis::{Account, IdleCauses, Iteration, LaunchBoundStretch};

pub(super) const ACCOUNTS: Table = Table {
    name: "accounts",
    about: "every nanosecond of each rank, over all and by iteration: compute + exposed_comm + exposed_memcpy + idle = span, and idle by cause",
    maker: Maker::Report(accounts),
};

pub(super) const LAUNCH_BOUND: Table = Table {
    name: "launch-bound",
    about: "stretches of ops each of which was launched only when nothing of the rank ran any more, the longest first",
    maker: Maker::Report(launch_bound),
};

/// Rank, iteration (`None`: over all), account, idle time by cause.
type OfAccount<'a> = Row<'a, (u32, Option<&'a Iteration>, &'a Account, &'a IdleCauses)>;

fn accounts(all: &[Answered<'_>], sink: &mut dyn Sink) -> Result<(), TableError> {
    let mut columns: Vec<Of<OfAccount<'_>>> = vec![
        file(),
        int("rank", "the rank", |row: &OfAccount<'_>| Some(i64::from(row.it.0))),
        int("iteration", "over its ops alone; empty: over all", |row: &OfAccount<'_>| {
            row.it.1.map(|it| it.index as i64)
        }),
        text("name", "as the iteration is named; empty over all", |row: &OfAccount<'_>| {
            row.it.1.map(|it| Cow::Borrowed(it.name.as_str()))
        }),
        int("start_ns", "when the first op starts, since the base time", |row: &OfAccount<'_>| {
            Some(row.it.2.span.start_ns)
        }),
        int("span_ns", "first start to last end of kernels and copies", |row: &OfAccount<'_>| {
            Some(row.it.2.span.len_ns())
        }),
        int("compute_ns", "time with computation", |row: &OfAccount<'_>| Some(row.it.2.compute_ns)),
        int(
            "exposed_comm_ns",
            "time with communication and no computation",
            |row: &OfAccount<'_>| Some(row.it.2.exposed_comm_ns),
        ),
        int("exposed_memcpy_ns", "time with copies and nothing else", |row: &OfAccount<'_>| {
            Some(row.it.2.exposed_memcpy_ns)
        }),
        int("idle_ns", "nothing at all; the sum of what follows", |row: &OfAccount<'_>| {
            Some(row.it.2.idle_ns)
        }),
    ];
    columns.extend(causes());
    let rows = rows(all, |of| {
        of.answers.accounts.ranks.iter().flat_map(|rank| {
            let whole = (rank.rank, None, &rank.total, &rank.idle);
            let of_rank = rank.rank;
            let parts = rank.iterations.iter();
            let parts = parts.map(move |it| (of_rank, Some(&it.iteration), &it.account, &it.idle));
            std::iter::once(whole).chain(parts)
        })
    });
    emit(&columns, rows, sink)
}

/// A row with idle time by cause.
trait HasIdle {
    fn idle(&self) -> &IdleCauses;
}

impl HasIdle for OfAccount<'_> {
    fn idle(&self) -> &IdleCauses {
        self.it.3
    }
}

/// A column a cause of [`IdleCause`](crate::analysis::IdleCause).
fn causes<T: HasIdle>() -> Vec<Of<T>> {
    vec![
        int(
            "idle_launch_ns",
            "idle while the next op's launch was called too late or had not arrived",
            |row: &T| Some(row.idle().launch_ns),
        ),
        int(
            "idle_host_busy_ns",
            "idle while the host did something else before that call",
            |row| Some(row.idle().host_busy_ns),
        ),
        int(
            "idle_host_sync_ns",
            "idle while the host sat in a call that waits for the GPU",
            |row| Some(row.idle().host_sync_ns),
        ),
        int(
            "idle_other_stream_ns",
            "idle while the next op lay ready and waited for another stream",
            |row| Some(row.idle().other_stream_ns),
        ),
        int(
            "idle_other_rank_ns",
            "idle while it waited for another rank, or the host talked to one",
            |row| Some(row.idle().other_rank_ns),
        ),
        int(
            "idle_between_kernels_ns",
            "idle from one op to the next of a stream, which lay ready",
            |row| Some(row.idle().between_kernels_ns),
        ),
        int("idle_unknown_ns", "idle, and nothing recorded tells why", |row: &T| {
            Some(row.idle().unknown_ns)
        }),
    ]
}

type OfStretch<'a> = Row<'a, (u32, &'a LaunchBoundStretch)>;

fn launch_bound(all: &[Answered<'_>], sink: &mut dyn Sink) -> Result<(), TableError> {
    let columns: Vec<Of<OfStretch<'_>>> = vec![
        file(),
        int("rank", "the rank", |row: &OfStretch<'_>| Some(i64::from(row.it.0))),
        int("start_ns", "when it starts, since the base time", |row: &OfStretch<'_>| {
            Some(row.it.1.span.start_ns)
        }),
        int("duration_ns", "how long it lasts", |row: &OfStretch<'_>| Some(row.it.1.span.len_ns())),
        int("ops", "ops launched late in it", |row: &OfStretch<'_>| Some(row.it.1.ops as i64)),
        int("idle_ns", "of it nothing runs", |row: &OfStretch<'_>| Some(row.it.1.idle_ns)),
        text("first", "the first of these ops", |row: &OfStretch<'_>| {
            Some(Cow::Borrowed(row.of.trace.label_of(row.it.1.first).name.as_str()))
        }),
    ];
    let rows = rows(all, |of| {
        of.answers.accounts.ranks.iter().flat_map(|rank| {
            let stretches = rank.launch_bound.iter().flat_map(|bound| &bound.longest);
            stretches.map(|stretch| (rank.rank, stretch))
        })
    });
    emit(&columns, rows, sink)
}
