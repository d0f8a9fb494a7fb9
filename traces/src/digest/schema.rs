//! The columns of a digest, in the order of its files.

use std::borrow::Cow;

use super::row::{IterationRow, OpRow};
use crate::model::{Phase, Split};
use crate::tables::Column;
use crate::tables::column::{Of, float, int, text};

/// Version of the columns: the second number grows when one is added, the first when one means something else.
pub const VERSION: &str = "1.0";

/// What the rows of a file are: the `kind=` of its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// One op in one iteration.
    Op,
    /// One iteration.
    Iteration,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Op, Self::Iteration];

    /// As paths have it: `op`, `iteration`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Op => "op",
            Self::Iteration => "iteration",
        }
    }
}

/// The columns of files of a kind.
pub fn columns(kind: Kind) -> Vec<Column> {
    match kind {
        Kind::Op => ops().iter().map(Of::column).collect(),
        Kind::Iteration => iterations().iter().map(Of::column).collect(),
    }
}

/// A row with the server that its file is of.
pub(super) type OfServer<'a, T> = (Option<&'a str>, T);
type OpAt<'a> = OfServer<'a, OpRow<'a>>;
type IterationAt<'a> = OfServer<'a, &'a IterationRow>;

const SERVER: &str = "whose clock the times are of; empty where nobody said";

pub(super) fn ops<'a>() -> Vec<Of<OpAt<'a>>> {
    let mut all = what();
    all.extend(when());
    all.extend(collective());
    all
}

fn what<'a>() -> Vec<Of<OpAt<'a>>> {
    vec![
        text("server", SERVER, |row: &OpAt<'_>| row.0.map(Cow::Borrowed)),
        int(
            "iteration",
            "number of the iteration that it is part of; empty outside all",
            |row: &OpAt<'_>| row.1.iteration,
        ),
        text("name", "name of the op or the kernel", |row: &OpAt<'_>| {
            Some(Cow::Borrowed(row.1.name))
        }),
        text(
            "op_kind",
            "what its time goes to, as `kind` of the table slices",
            |row: &OpAt<'_>| Some(Cow::Borrowed(row.1.kind.name())),
        ),
        int("layer", "the transformer layer; empty where not known", |row: &OpAt<'_>| {
            row.1.layer.map(i64::from)
        }),
        text("phase", "phase of the weave: A to D, head or tail; else empty", |row: &OpAt<'_>| {
            (row.1.phase != Phase::None).then(|| Cow::Borrowed(row.1.phase.name()))
        }),
        int(
            "split",
            "0 or 1 where the batch is cut in two; else empty",
            |row: &OpAt<'_>| match row.1.split {
                Split::Whole => None,
                Split::First => Some(0),
                Split::Second => Some(1),
            },
        ),
        int("stream", "number of the stream", |row: &OpAt<'_>| Some(i64::from(row.1.stream))),
    ]
}

fn when<'a>() -> Vec<Of<OpAt<'a>>> {
    vec![
        int(
            "start_ns",
            "first start, by the server's clock: Unix time, or since the recording's start where the file's `weftscope.clock` is `untold`",
            |row: &OpAt<'_>| Some(row.1.start_ns),
        ),
        int("end_ns", "last end", |row: &OpAt<'_>| Some(row.1.end_ns)),
        int(
            "sm_ns",
            "time that its thread blocks hold their places on SMs, summed; empty without blocks",
            |row: &OpAt<'_>| row.1.sm_ns,
        ),
        int(
            "hidden_ns",
            "of communication: with computation of the same rank beside it; else empty",
            |row: &OpAt<'_>| row.1.hidden_ns,
        ),
        int("exposed_ns", "of communication: without; else empty", |row: &OpAt<'_>| {
            row.1.exposed_ns
        }),
        int(
            "wait_ns",
            "of communication: waiting for a late rank; empty where the other ranks' records were not at hand",
            |row: &OpAt<'_>| row.1.wait_ns,
        ),
    ]
}

fn collective<'a>() -> Vec<Of<OpAt<'a>>> {
    vec![
        text(
            "operation",
            "of communication: all_reduce, all_gather …, or the kernel's own name; else empty",
            |row: &OpAt<'_>| row.1.collective.map(|it| Cow::Borrowed(it.operation)),
        ),
        text(
            "comm_group",
            "its ranks: 0-7, or 3-1019/8 for every eighth; its name where they are not listed; empty where neither is known",
            |row: &OpAt<'_>| row.1.collective.and_then(|it| it.group).map(Cow::Borrowed),
        ),
        text(
            "group_name",
            "name of the process group or communicator; empty where not known",
            |row: &OpAt<'_>| row.1.collective.and_then(|it| it.group_name).map(Cow::Borrowed),
        ),
        int("ranks", "how many ranks the group has; empty where not known", |row: &OpAt<'_>| {
            row.1.collective.and_then(|it| it.ranks).map(i64::from)
        }),
        int(
            "sequence",
            "its number among those of its group, as the recording has it; else empty",
            |row: &OpAt<'_>| row.1.collective.and_then(|it| it.sequence),
        ),
        int(
            "turn",
            "how many of its operation and group came before it in its iteration on this rank",
            |row: &OpAt<'_>| row.1.collective.map(|it| it.turn),
        ),
        int(
            "arrival_ns",
            "when the rank came to it; empty of a transfer that no rank waits in",
            |row: &OpAt<'_>| row.1.collective.and_then(|it| it.arrival_ns),
        ),
        int(
            "synchronises",
            "1: no member ends before all have arrived, and all end together; 0: they need not",
            |row: &OpAt<'_>| row.1.collective.map(|it| i64::from(it.synchronises)),
        ),
        int(
            "bytes",
            "bytes of a rank's whole buffer, as nccl-tests counts them; empty where not known",
            |row: &OpAt<'_>| row.1.collective.and_then(|it| it.bytes),
        ),
        int(
            "link_bytes",
            "bytes over the GPU's links in one direction; empty where not known",
            |row: &OpAt<'_>| row.1.collective.and_then(|it| it.link_bytes),
        ),
    ]
}

pub(super) fn iterations<'a>() -> Vec<Of<IterationAt<'a>>> {
    let mut all = vec![
        text("server", SERVER, |row: &IterationAt<'_>| row.0.map(Cow::Borrowed)),
        int(
            "iteration",
            "its number, by its name; empty where the recording has no iterations: then the row is all of it",
            |row: &IterationAt<'_>| row.1.iteration,
        ),
        text("name", "as its mark or its host's range has it", |row: &IterationAt<'_>| {
            Some(Cow::Borrowed(&row.1.name))
        }),
    ];
    all.extend(iteration_times());
    all.extend([
        float(
            "sm_weighted_pct",
            "share of SMs that compute while the rank communicates, percent; empty without blocks",
            |row: &IterationAt<'_>| row.1.sm_weighted_pct,
        ),
        int(
            "sm_ns",
            "time that thread blocks hold their places on SMs, summed; empty without blocks",
            |row: &IterationAt<'_>| row.1.sm_ns,
        ),
        int("ops", "kernels and copies", |row: &IterationAt<'_>| Some(row.1.ops)),
        int("comm_ops", "those of them that are communication", |row: &IterationAt<'_>| {
            Some(row.1.comm_ops)
        }),
    ]);
    all
}

fn iteration_times<'a>() -> Vec<Of<IterationAt<'a>>> {
    vec![
        int(
            "start_ns",
            "start of its first op that takes time, by the server's clock as in rows of ops",
            |row: &IterationAt<'_>| Some(row.1.start_ns),
        ),
        int("end_ns", "end of the last of them", |row: &IterationAt<'_>| Some(row.1.end_ns)),
        int("compute_ns", "time with computation", |row: &IterationAt<'_>| Some(row.1.compute_ns)),
        int("comm_ns", "time with communication", |row: &IterationAt<'_>| Some(row.1.comm_ns)),
        int("hidden_ns", "time with both", |row: &IterationAt<'_>| Some(row.1.hidden_ns)),
        int(
            "exposed_ns",
            "communication with no computation beside it",
            |row: &IterationAt<'_>| Some(row.1.exposed_ns),
        ),
        int("exposed_memcpy_ns", "copies with neither beside them", |row: &IterationAt<'_>| {
            Some(row.1.exposed_memcpy_ns)
        }),
        int("idle_ns", "time in which nothing runs", |row: &IterationAt<'_>| Some(row.1.idle_ns)),
        int(
            "wait_ns",
            "communication spent waiting for a late rank, of the ops of which it is known; empty where it is known of none",
            |row: &IterationAt<'_>| row.1.wait_ns,
        ),
    ]
}
