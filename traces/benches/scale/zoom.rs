//! Drawing at any size: what the window asks of a trace for a picture, over all rows at once.

use std::time::Instant;

use weftscope_traces::lod::Pyramid;
use weftscope_traces::{
    ArgsId, Kind, Label, LaneId, Meta, Provenance, Span, Trace, TraceBuilder, TrackKind,
};

/// Rows in view and pixels across: more than a window shows.
const ROWS: usize = 64;
const PIXELS: i64 = 1920;

/// Prints build and queries of a trace of this many slices.
pub(crate) fn print(slices: usize) {
    let trace = trace(slices);
    let begun = Instant::now();
    let pyramid = Pyramid::build(&trace);
    let build_s = begun.elapsed().as_secs_f64();
    let whole = trace.span();
    let (mut worst_ms, mut sum_ms, mut asked) = (0_f64, 0.0, 0);
    let mut items = Vec::new();
    for zoom in 0..22 {
        let len_ns = (whole.len_ns() >> zoom).max(1);
        for at in [0.0, 0.37, 0.81] {
            let start_ns = whole.start_ns + ((whole.len_ns() - len_ns) as f64 * at) as i64;
            let window = Span::new(start_ns, start_ns + len_ns);
            let resolution_ns = (len_ns as u64 / PIXELS as u64).max(1).next_power_of_two() as i64;
            let begun = Instant::now();
            for lane in 0..ROWS {
                pyramid.query(&trace, LaneId(lane as u32), window, resolution_ns, &mut items);
                std::hint::black_box(&items);
            }
            let ms = begun.elapsed().as_secs_f64() * 1e3;
            worst_ms = worst_ms.max(ms);
            sum_ms += ms;
            asked += 1;
        }
    }
    println!(
        "{slices} slices on {ROWS} rows: level-of-detail index {build_s:.2} s; a view of all rows, {PIXELS} pixels, at 22 zooms: mean {:.1} ms, worst {worst_ms:.1} ms",
        sum_ms / f64::from(asked)
    );
}

/// Slices of 2 to 30 µs with short gaps.
fn trace(slices: usize) -> Trace {
    let mut out =
        TraceBuilder::new(Meta::new("scale", Provenance::Modelled { source: "bench".into() }));
    let kinds = [Kind::Gemm, Kind::Attention, Kind::Norm, Kind::Comm];
    let labels =
        kinds.map(|kind| out.label(Label { name: kind.name().into(), kind, ..Label::default() }));
    let parent = out.track(None, "rank 0", TrackKind::Rank { rank: 0 });
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for stream in 0..ROWS as u32 {
        let kind = TrackKind::Stream { rank: 0, stream };
        let track = out.track(Some(parent), format!("stream {stream}"), kind);
        let lane = out.lane(track);
        let rows = slices / ROWS;
        out.slices_mut(lane).reserve(rows);
        let mut at_ns = 0;
        for row in 0..rows {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let len_ns = 2000 + (state >> 40) as i64 % 28_000;
            let label = labels[(state >> 33) as usize % labels.len()];
            out.push(lane, Span::new(at_ns, at_ns + len_ns), label, ArgsId::NONE, row as u32);
            at_ns += len_ns + (state >> 20) as i64 % 3000;
        }
    }
    out.finish().expect("slices are disjoint by construction")
}
