//! A trace as tests compare it: without the numbering of its lanes, or as lines of text; and the least trace of a rank.

use weftscope_traces::{
    Args, ArgsId, CounterSeries, Diagnostics, Label, Lane, LaneId, Meta, Provenance, SliceRef,
    Span, Trace, TraceBuilder, TrackId, TrackKind,
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

/// Every slice of a lane after those of the one before: row, start, end, name.
pub(crate) fn lines_in_order(trace: &Trace) -> Vec<String> {
    let of = |lane: &Lane| {
        let (track, slices) = (trace.track(lane.track), &lane.slices);
        let line = |row| {
            let (span, label) = (slices.span(row), trace.label(slices.label[row]));
            format!("{}: {} {} {}", track.name, span.start_ns, span.end_ns, label.name)
        };
        (0..slices.len()).map(line).collect::<Vec<_>>()
    };
    trace.lanes.iter().flat_map(of).collect()
}

/// The same, sorted as texts.
pub(crate) fn lines(trace: &Trace) -> Vec<String> {
    let mut lines = lines_in_order(trace);
    lines.sort();
    lines
}

/// A rank with one op on one stream.
pub(crate) fn of_one_op(rank: u32, provenance: Provenance) -> Trace {
    let mut out = TraceBuilder::new(Meta::new("one", provenance));
    let parent = out.track(None, format!("rank {rank}"), TrackKind::Rank { rank });
    let track = out.track(Some(parent), "compute", TrackKind::Stream { rank, stream: 7 });
    let lane = out.lane(track);
    let label = out.label(Label { name: "gemm".to_owned(), ..Label::default() });
    out.push(lane, Span::new(0, 10_000), label, ArgsId::NONE, 0);
    out.finish().expect("valid")
}
