//! What runs on a rank: the ops of its streams, the lanes of its SMs.

use std::collections::BTreeSet;

use super::Config;
use crate::model::{Kind, LabelId, LaneId, SliceRef, Span, Trace, TrackKind};

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
}

/// The ops of a rank's streams in order of start: kernels and copies, no host work, no marks. Whole, with no waits yet.
pub(super) fn gpu_ops(trace: &Trace, rank: u32) -> Vec<GpuOp> {
    let mut ops = Vec::new();
    for (lane, stream) in stream_lanes(trace, rank) {
        let slices = &trace.lane(lane).slices;
        for row in 0..slices.len() {
            let label = slices.label[row];
            let kind = trace.label(label).kind;
            if matches!(kind, Kind::Host | Kind::Mark) {
                continue;
            }
            let slice = SliceRef { lane, index: row as u32 };
            ops.push(GpuOp {
                span: slices.span(row),
                label,
                kind,
                stream,
                slice,
                wait_ns: Some(0),
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

/// The ranks with streams, SMs or meta data, ascending, narrowed to those asked for.
pub(super) fn ranks(trace: &Trace, config: &Config) -> Vec<u32> {
    let stated = trace.meta.ranks.iter().map(|info| info.rank);
    let drawn = trace.tracks.iter().filter_map(|track| match track.kind {
        TrackKind::Rank { rank } | TrackKind::Stream { rank, .. } | TrackKind::Sm { rank, .. } => {
            Some(rank)
        }
        _ => None,
    });
    let all: BTreeSet<u32> = stated.chain(drawn).collect();
    all.into_iter().filter(|rank| config.ranks.is_empty() || config.ranks.contains(rank)).collect()
}

/// Lanes of the streams of a rank, each with its stream number.
fn stream_lanes(trace: &Trace, rank: u32) -> impl Iterator<Item = (LaneId, u32)> + '_ {
    trace.tracks.iter().flat_map(move |track| {
        let stream = match track.kind {
            TrackKind::Stream { rank: of, stream } if of == rank => Some(stream),
            _ => None,
        };
        stream.into_iter().flat_map(|stream| track.lanes.iter().map(move |&lane| (lane, stream)))
    })
}

/// Lanes of every SM of a rank, one list an SM, SMs without slices included.
pub(super) fn sm_lanes(trace: &Trace, rank: u32) -> Vec<&[LaneId]> {
    let is_sm = |kind: &TrackKind| matches!(kind, TrackKind::Sm { rank: of, .. } if *of == rank);
    let tracks = trace.tracks.iter().filter(|track| is_sm(&track.kind));
    tracks.map(|track| track.lanes.as_slice()).collect()
}
