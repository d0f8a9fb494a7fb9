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
}

/// The ops of a rank's streams in order of start: kernels and copies, no host work, no marks.
///
/// With a window in `config` only what shares a nanosecond with it, cut to it.
pub fn gpu_ops(trace: &Trace, rank: u32, config: &Config) -> Vec<GpuOp> {
    let mut ops = Vec::new();
    for (lane, stream) in stream_lanes(trace, rank) {
        let slices = &trace.lane(lane).slices;
        let rows = config.window.map_or(0..slices.len(), |window| slices.range(window));
        for row in rows {
            let label = slices.label[row];
            let kind = trace.label(label).kind;
            if matches!(kind, Kind::Host | Kind::Mark) {
                continue;
            }
            let whole = slices.span(row);
            let span = config.window.map_or(whole, |window| whole.intersect(window));
            ops.push(GpuOp {
                span,
                label,
                kind,
                stream,
                slice: SliceRef { lane, index: row as u32 },
            });
        }
    }
    ops.sort_by_key(|op| (op.span.start_ns, op.span.end_ns, op.slice));
    ops
}

/// The ranks with streams, SMs or meta data, ascending, narrowed to those asked for.
pub fn ranks(trace: &Trace, config: &Config) -> Vec<u32> {
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

/// SMs of a rank: what its device states, or the rows drawn when that is more.
pub(super) fn num_sms(trace: &Trace, rank: u32) -> usize {
    let known = trace.meta.ranks.iter().find(|info| info.rank == rank);
    let stated = known.map_or(0, |info| info.device.sms as usize);
    stated.max(sm_lanes(trace, rank).len())
}
