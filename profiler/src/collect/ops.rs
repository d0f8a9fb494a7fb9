//! The ops of an iteration on their streams, the arrows between them, and the marks of their layers and phases.

use std::collections::BTreeMap;

use weftscope_engine::{
    observer::OpRecord,
    plan::{Phase, Plan},
};
use weftscope_traces::{ArgsId, FlowKind, Label, LabelId, LaneId, SliceRef, Span, TraceBuilder};

use super::{
    labels::{self, Labels},
    marks::{self, Mark, mark_label},
    tracks::Tracks,
};

/// What was declared before the first record: a record's place and name are found by it.
#[derive(Clone, Copy)]
pub(super) struct Declared<'a> {
    pub(super) plan: &'a Plan,
    pub(super) tracks: &'a Tracks,
    pub(super) labels: &'a Labels,
}

/// Labels of marks by layer and phase, declared as they come.
pub(super) type MarkLabels = BTreeMap<(Option<u32>, Phase), LabelId>;

/// Records without a place, counted here because the count per record must be cheap.
#[derive(Clone, Copy, Default)]
pub(super) struct Lost {
    pub(super) unknown_place: u64,
    pub(super) unknown_op: u64,
    pub(super) overlapping: u64,
}

/// Lays stream slices, arrows and marks of one rank; `ops` in order of start. Gives the slice of each op.
pub(super) fn lay_ops(
    builder: &mut TraceBuilder,
    declared: Declared<'_>,
    mark_labels: &mut MarkLabels,
    ops: &[OpRecord],
    lost: &mut Lost,
) -> Vec<Option<SliceRef>> {
    let Declared { plan, tracks, labels } = declared;
    let mut slice_of: Vec<Option<SliceRef>> = vec![None; plan.ops.len()];
    for record in ops {
        let index = record.op.0 as usize;
        let (Some(op), Some(label)) = (plan.ops.get(index), labels.of_op(index)) else {
            lost.unknown_op += 1;
            continue;
        };
        let rank = tracks.rank(record.rank as usize);
        let Some(&track) = rank.and_then(|rank| rank.streams.get(&op.stream)) else {
            lost.unknown_place += 1;
            continue;
        };
        let span = Span::new(record.start_ns, record.end_ns);
        slice_of[index] = Some(builder.push_packed(track, span, label, ArgsId::NONE, record.op.0));
    }
    for op in &plan.ops {
        let Some(to) = slice_of[op.id.0 as usize] else { continue };
        for dep in &op.deps {
            if let Some(from) = slice_of.get(dep.0 as usize).copied().flatten() {
                builder.flow(from, to, FlowKind::Dependency);
            }
        }
    }
    let rank = ops.first().map_or(0, |op| op.rank as usize);
    if let Some(rank) = tracks.rank(rank) {
        lay_marks(builder, rank.marks[1], mark_labels, &marks::layers(plan, ops));
        lay_marks(builder, rank.marks[2], mark_labels, &marks::phases(plan, ops));
    }
    slice_of
}

fn lay_marks(
    builder: &mut TraceBuilder,
    lane: LaneId,
    mark_labels: &mut MarkLabels,
    marks: &[Mark],
) {
    for mark in marks {
        let phase = labels::phase(mark.phase);
        let name = match (mark.layer, phase.name()) {
            (Some(layer), "") => format!("layer {layer}"),
            (_, name) => name.to_owned(),
        };
        let label = *mark_labels.entry((mark.layer, mark.phase)).or_insert_with(|| {
            builder.label(Label { layer: mark.layer, phase, ..mark_label(name) })
        });
        builder.push(lane, mark.span, label, ArgsId::NONE, mark.layer.unwrap_or(0));
    }
}
