//! What the driver did, on tracks of its own: a row of kernels a stream, one of copies, one of waits, one of what
//! profiling took. Kernels and copies of an op carry the op's label, so layer, split and phase are known there too.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use weftscope_engine::{
    observer::{LaunchKind, LaunchRecord},
    plan::{OpId, StreamId},
};
use weftscope_traces::{
    ArgValue, ArgsId, Kind, Label, LabelId, Span, TraceBuilder, TrackId, TrackKind,
};

use super::ops::Declared;

/// Driver activity of the iteration under way, and the tracks it goes to.
#[derive(Default)]
pub(super) struct Driver {
    /// Of this iteration, executor time.
    records: Vec<LaunchRecord>,
    tracks: BTreeMap<(u32, Row), TrackId>,
    rows: BTreeMap<u32, u32>,
    labels: BTreeMap<(LaunchKind, Arc<str>), LabelId>,
    args: BTreeMap<(Arc<str>, u64), ArgsId>,
}

/// Rows of a rank, top to bottom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Row {
    /// Kernels of ops, by the plan's stream.
    Kernels(StreamId),
    /// Kernels that belong to no op.
    OtherKernels,
    Copies,
    Waits,
    Overhead,
}

impl Driver {
    /// Forgets an iteration that broke off.
    pub(super) fn begin(&mut self) {
        self.records.clear();
    }

    pub(super) fn take(&mut self, record: LaunchRecord) {
        self.records.push(record);
    }

    /// Lays the iteration on its tracks, `offset_ns` later than the executor said. Gives how many records name a rank
    /// or an op that is not there.
    pub(super) fn lay(
        &mut self,
        builder: &mut TraceBuilder,
        declared: Declared<'_>,
        offset_ns: i64,
    ) -> u64 {
        let Declared { plan, tracks, labels } = declared;
        let mut records = std::mem::take(&mut self.records);
        records.sort_by_key(|record| (record.start_ns, record.end_ns));
        self.declare(builder, declared, &records);
        let mut misplaced = 0;
        for record in &records {
            // What belongs to the whole process stands with rank 0.
            let rank = record.rank.unwrap_or(0);
            let Some(parent) = tracks.rank(rank as usize).map(|tracks| tracks.root) else {
                misplaced += 1;
                continue;
            };
            let known = record.op.and_then(|op| {
                Some((plan.ops.get(op.0 as usize)?.stream, labels.of_op(op.0 as usize)?))
            });
            misplaced += u64::from(record.op.is_some() && known.is_none());
            let row = row_of(record.kind, known.map(|(stream, _)| stream));
            let track = self.track(builder, rank, parent, row);
            let label = match known {
                Some((_, label)) => label,
                None => self.label(builder, record),
            };
            let args = self.arguments(builder, record, known.is_some());
            let span = Span::new(record.start_ns, record.end_ns.max(record.start_ns));
            let span = Span::new(span.start_ns + offset_ns, span.end_ns + offset_ns);
            builder.push_packed(track, span, label, args, record.op.map_or(0, |op| op.0));
        }
        records.clear();
        self.records = records;
        misplaced
    }

    /// Makes the tracks that are missing, in order of rank and row rather than of first use.
    fn declare(
        &mut self,
        builder: &mut TraceBuilder,
        declared: Declared<'_>,
        records: &[LaunchRecord],
    ) {
        let Declared { plan, tracks, .. } = declared;
        let stream = |op: OpId| plan.ops.get(op.0 as usize).map(|op| op.stream);
        let rows: BTreeSet<(u32, Row)> = records
            .iter()
            .map(|record| {
                let row = row_of(record.kind, record.op.and_then(stream));
                (record.rank.unwrap_or(0), row)
            })
            .collect();
        for (rank, row) in rows {
            if let Some(tracks) = tracks.rank(rank as usize) {
                self.track(builder, rank, tracks.root, row);
            }
        }
    }

    fn track(
        &mut self,
        builder: &mut TraceBuilder,
        rank: u32,
        parent: TrackId,
        row: Row,
    ) -> TrackId {
        let rows = &mut self.rows;
        *self.tracks.entry((rank, row)).or_insert_with(|| {
            let number = rows.entry(rank).or_insert(0);
            let kind = TrackKind::Driver { rank, row: *number };
            *number += 1;
            builder.track(Some(parent), name_of(row), kind)
        })
    }

    /// A label for what belongs to no op.
    fn label(&mut self, builder: &mut TraceBuilder, record: &LaunchRecord) -> LabelId {
        let kind = match record.kind {
            LaunchKind::Kernel => Kind::Other,
            LaunchKind::Memcpy | LaunchKind::Memset => Kind::Memcpy,
            LaunchKind::Synchronization | LaunchKind::Overhead | LaunchKind::Call { .. } => {
                Kind::Host
            }
        };
        *self.labels.entry((record.kind, Arc::clone(&record.name))).or_insert_with(|| {
            builder.label(Label { name: record.name.to_string(), kind, ..Label::default() })
        })
    }

    /// The kernel's own name where the label names the op, and bytes where some move.
    fn arguments(
        &mut self,
        builder: &mut TraceBuilder,
        record: &LaunchRecord,
        is_op: bool,
    ) -> ArgsId {
        let name = if is_op { Arc::clone(&record.name) } else { Arc::from("") };
        *self.args.entry((Arc::clone(&name), record.bytes)).or_insert_with(|| {
            let what = match record.kind {
                LaunchKind::Kernel => "kernel",
                _ => "copy",
            };
            let name = (!name.is_empty()).then(|| (what, ArgValue::Text(name.to_string())));
            let bytes = i64::try_from(record.bytes).unwrap_or(i64::MAX);
            let bytes = (bytes > 0).then_some(("bytes", ArgValue::Int(bytes)));
            builder.args_mut().push(name.into_iter().chain(bytes))
        })
    }
}

fn row_of(kind: LaunchKind, stream: Option<StreamId>) -> Row {
    match kind {
        LaunchKind::Kernel => stream.map_or(Row::OtherKernels, Row::Kernels),
        LaunchKind::Memcpy | LaunchKind::Memset => Row::Copies,
        LaunchKind::Synchronization => Row::Waits,
        LaunchKind::Overhead | LaunchKind::Call { .. } => Row::Overhead,
    }
}

fn name_of(row: Row) -> String {
    match row {
        Row::Kernels(stream) => format!("CUPTI {}", stream.name().trim_end_matches(" stream")),
        Row::OtherKernels => "CUPTI no op".to_owned(),
        Row::Copies => "CUPTI copies".to_owned(),
        Row::Waits => "CUPTI waits".to_owned(),
        Row::Overhead => "CUPTI overhead".to_owned(),
    }
}
