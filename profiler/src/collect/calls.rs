//! The host's calls that launch, on a row of the thread that makes them, with an arrow to every op that each launches: what
//! tells an op that was launched late from one that lay ready.

use std::{collections::BTreeMap, sync::Arc};

use weftscope_engine::observer::{LaunchKind, LaunchRecord};
use weftscope_traces::{
    ArgsId, FlowKind, Kind, Label, LabelId, SliceRef, Span, TraceBuilder, TrackId, TrackKind,
};

/// Slices of an iteration's ops, by rank and op; `None`: it left no record.
pub(super) type OpSlices = BTreeMap<u32, Vec<Option<SliceRef>>>;

/// Calls of the iteration under way, and where they go.
#[derive(Default)]
pub(super) struct Calls {
    /// Of this iteration, executor time.
    records: Vec<LaunchRecord>,
    /// By thread.
    tracks: BTreeMap<u32, TrackId>,
    labels: BTreeMap<Arc<str>, LabelId>,
}

impl Calls {
    /// Forgets an iteration that broke off.
    pub(super) fn begin(&mut self) {
        self.records.clear();
    }

    pub(super) fn take(&mut self, record: LaunchRecord) {
        self.records.push(record);
    }

    /// Lays the iteration's calls, `offset_ns` later than the executor said.
    pub(super) fn lay(&mut self, builder: &mut TraceBuilder, ops: &OpSlices, offset_ns: i64) {
        let mut records = std::mem::take(&mut self.records);
        records.sort_by_key(|record| (record.start_ns, record.end_ns));
        // The one process of several ranks launches for all of them.
        let rank = if ops.len() > 1 { None } else { ops.keys().next().copied() };
        for record in &records {
            let LaunchKind::Call { thread } = record.kind else { continue };
            let track = *self.tracks.entry(thread).or_insert_with(|| {
                let kind = TrackKind::HostThread { rank, pid: std::process::id(), tid: thread };
                builder.track(None, format!("thread {thread}"), kind)
            });
            let label = *self.labels.entry(Arc::clone(&record.name)).or_insert_with(|| {
                let name = record.name.to_string();
                builder.label(Label { name, kind: Kind::Host, ..Label::default() })
            });
            let span = Span::new(record.start_ns, record.end_ns.max(record.start_ns));
            let span = Span::new(span.start_ns + offset_ns, span.end_ns + offset_ns);
            let call = builder.push_packed(track, span, label, ArgsId::NONE, 0);
            for op in launched(record, ops) {
                builder.flow(call, op, FlowKind::Launch);
            }
        }
        records.clear();
        self.records = records;
    }
}

/// The op of a call, or all of its rank where it launched a graph of them.
fn launched<'a>(
    record: &LaunchRecord,
    ops: &'a OpSlices,
) -> impl Iterator<Item = SliceRef> + use<'a> {
    let mine = record.rank.and_then(|rank| ops.get(&rank)).map_or(&[][..], Vec::as_slice);
    let mine = match record.op {
        Some(op) => mine.get(op.0 as usize).map_or(&[][..], std::slice::from_ref),
        None => mine,
    };
    mine.iter().copied().flatten()
}
