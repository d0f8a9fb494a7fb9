//! A trace as tests compare it: without the numbering of its lanes.

use weftscope_traces::{
    Args, CounterSeries, Diagnostics, Label, LaneId, Meta, SliceRef, Span, Trace, TrackId,
    TrackKind,
};

/// A slice told by everything but lane numbers.
pub(crate) type SliceView = (Span, Label, Args, u32);

/// A track with the slices of each lane.
pub(crate) type TrackView = (Option<TrackId>, String, TrackKind, Vec<Vec<SliceView>>);

/// Track, lane of the track, row.
pub(crate) type Place = (u32, usize, u32);

/// A trace without its numbering: track by track, lane by lane.
#[derive(Debug, PartialEq)]
pub(crate) struct View {
    pub(crate) meta: Meta,
    pub(crate) tracks: Vec<TrackView>,
    pub(crate) counters: Vec<CounterSeries>,
    pub(crate) flows: Vec<(Place, Place, u8)>,
    pub(crate) diagnostics: Diagnostics,
}

/// Looks at a trace.
pub(crate) fn view(trace: &Trace) -> View {
    let place = |slice: SliceRef| {
        let track = trace.lane(slice.lane).track;
        let depth = trace.track(track).lanes.iter().position(|&lane| lane == slice.lane);
        (track.0, depth.expect("a lane of its track"), slice.index)
    };
    let lane = |&lane: &LaneId| -> Vec<SliceView> {
        let slices = &trace.lane(lane).slices;
        (0..slices.len())
            .map(|row| {
                let label = trace.label(slices.label[row]).clone();
                (slices.span(row), label, trace.args.get(slices.args[row]), slices.item[row])
            })
            .collect()
    };
    let tracks = trace.tracks.iter().map(|track| {
        let lanes = track.lanes.iter().map(lane).collect();
        (track.parent, track.name.clone(), track.kind.clone(), lanes)
    });
    let mut flows: Vec<_> =
        trace.flows.iter().map(|f| (place(f.from), place(f.to), f.kind as u8)).collect();
    flows.sort_unstable();
    View {
        meta: trace.meta.clone(),
        tracks: tracks.collect(),
        counters: trace.counters.clone(),
        flows,
        diagnostics: trace.diagnostics.clone(),
    }
}
