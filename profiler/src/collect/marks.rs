//! Layer and phase marks of one rank, from the ops it ran.

use weftscope_engine::{
    observer::OpRecord,
    plan::{Phase, Plan, StreamId},
};
use weftscope_traces::{Kind, Label, Span};

/// A stretch of the marks track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) span: Span,
    pub(super) layer: Option<u32>,
    pub(super) phase: Phase,
}

/// Layers, in order: from the first to the last op of the layer on the compute stream, since the fused norm on the
/// other stream belongs to two layers at once. Where layers interleave, the earlier one keeps the time.
pub(super) fn layers(plan: &Plan, ops: &[OpRecord]) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    for (op, span) in spans(plan, ops).filter(|(op, _)| op.stream == StreamId::COMPUTE) {
        if op.layer.is_some() {
            widen(&mut marks, Mark { span, layer: op.layer, phase: Phase::None });
        }
    }
    disjoint(marks)
}

/// Phases, in order, over compute and communication of each.
pub(super) fn phases(plan: &Plan, ops: &[OpRecord]) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    for (op, span) in spans(plan, ops).filter(|(op, _)| op.phase != Phase::None) {
        widen(&mut marks, Mark { span, layer: op.layer, phase: op.phase });
    }
    disjoint(marks)
}

/// A label of the marks track.
pub(super) fn mark_label(name: String) -> Label {
    Label { name, kind: Kind::Mark, ..Label::default() }
}

fn spans<'a>(
    plan: &'a Plan,
    ops: &'a [OpRecord],
) -> impl Iterator<Item = (&'a weftscope_engine::plan::Op, Span)> {
    ops.iter().filter_map(|record| {
        let op = plan.ops.get(record.op.0 as usize)?;
        Some((op, Span::new(record.start_ns, record.end_ns)))
    })
}

/// Adds `mark` to the one of the same layer and phase. Ops come nearly in order, so that one is near the end.
fn widen(marks: &mut Vec<Mark>, mark: Mark) {
    let same = |other: &&mut Mark| other.layer == mark.layer && other.phase == mark.phase;
    match marks.iter_mut().rev().find(same) {
        Some(found) => found.span = found.span.hull(mark.span),
        None => marks.push(mark),
    }
}

fn disjoint(mut marks: Vec<Mark>) -> Vec<Mark> {
    marks.sort_by_key(|mark| (mark.span.start_ns, mark.span.end_ns));
    let mut free_ns = i64::MIN;
    marks.retain_mut(|mark| {
        mark.span = Span::new(mark.span.start_ns.max(free_ns), mark.span.end_ns);
        free_ns = free_ns.max(mark.span.end_ns);
        !mark.span.is_empty()
    });
    marks
}
