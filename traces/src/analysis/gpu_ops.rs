//! What runs on a rank: the ops of its streams.

use super::rank_rows::RankRows;
use crate::model::{Kind, Label, LabelId, Phase, SliceRef, Span, Split, Trace};

/// A whole op (kernel, copy) on a stream of a rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GpuOp {
    /// When, cut to the window asked for.
    pub span: Span,
    /// What.
    pub label: LabelId,
    /// Its [`Kind`].
    pub kind: Kind,
    /// Stream number.
    pub stream: u32,
    /// The slice.
    pub slice: SliceRef,
    /// Time inside the whole op spent waiting for a late rank, see [`WaitMethod`](super::WaitMethod); 0 for all but
    /// communication, `None` where it is not known.
    pub wait_ns: Option<i64>,
    /// Where it belongs, by its label or by the [`structure`](super::structure()) of its rank.
    pub place: Place,
    /// Position of its iteration among the rank's; `None` where it is in none.
    pub iteration: Option<u32>,
}

impl GpuOp {
    /// Position of its iteration among the rank's.
    pub(super) fn iteration(&self) -> Option<usize> {
        self.iteration.map(|at| at as usize)
    }
}

/// Where an op belongs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Its layer; `None` outside layers, and where none is known.
    pub layer: Option<u32>,
    /// Which tokens.
    pub split: Split,
    /// Phase of its layer.
    pub phase: Phase,
    /// Pass of its rank, from 0, as the structure counts them; 0 where labels say where ops belong.
    pub pass: u32,
}

impl Place {
    /// As the label says.
    pub fn of(label: &Label) -> Self {
        Self { layer: label.layer, split: label.split, phase: label.phase, pass: 0 }
    }
}

/// The ops of a rank's streams in order of start: kernels and copies, no host work, no marks. Whole, with no waits yet.
pub(super) fn gpu_ops(trace: &Trace, rows: &RankRows<'_>) -> Vec<GpuOp> {
    let mut ops = Vec::new();
    for &(lane, stream) in &rows.streams {
        let slices = &trace.lane(lane).slices;
        for row in 0..slices.len() {
            let label = slices.label[row];
            let kind = trace.label(label).kind;
            if matches!(kind, Kind::Host | Kind::Mark) {
                continue;
            }
            let place = Place::of(trace.label(label));
            let slice = SliceRef { lane, index: row as u32 };
            ops.push(GpuOp {
                span: slices.span(row),
                label,
                kind,
                stream,
                slice,
                wait_ns: Some(0),
                place,
                iteration: None,
            });
        }
    }
    sort(&mut ops);
    ops
}

/// Keeps what shares a nanosecond with `window` and what is empty inside, cut to it.
pub(super) fn cut(ops: &mut Vec<GpuOp>, window: Span) {
    ops.retain_mut(|op| {
        let Span { start_ns, end_ns } = op.span;
        op.span = op.span.intersect(window);
        start_ns < window.end_ns && (end_ns > window.start_ns || start_ns >= window.start_ns)
    });
    sort(ops);
}

fn sort(ops: &mut [GpuOp]) {
    ops.sort_by_key(|op| (op.span.start_ns, op.span.end_ns, op.slice));
}
