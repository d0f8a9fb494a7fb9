//! Level of detail on a large trace: 8 ranks of 132 SM rows, 5 M slices. Speeds are printed per slice (build) and per
//! query (one window over all SM rows, as a window full of rows asks for each frame that it cannot serve from memory).

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use weftscope_traces::{
    ArgsId, DeviceInfo, Kind, Label, LabelId, LaneId, Meta, Provenance, RankInfo, Span, Split,
    Trace, TraceBuilder, TrackKind,
    analysis::{Config, Ops, Selection, overlap, selection},
    lod::{Pyramid, Ribbon},
};

const RANKS: u32 = 8;
const SMS: u32 = 132;
const SLICES_A_LANE: usize = 4735;
/// As many as last as long as the blocks, so that every window below is full.
const OPS_A_STREAM: usize = 660;

/// Blocks of 2…30 µs with short gaps, kinds in runs of about fifty as waves of one op leave them.
fn synthetic() -> Trace {
    let mut meta = Meta::new("bench", Provenance::Modelled { source: "bench".into() });
    meta.ranks = (0..RANKS)
        .map(|rank| RankInfo {
            rank,
            device: DeviceInfo { sms: SMS, ..DeviceInfo::default() },
            server: None,
        })
        .collect();
    let mut out = TraceBuilder::new(meta);
    for split in [Split::First, Split::Second] {
        for kind in [Kind::Gemm, Kind::Attention, Kind::Norm, Kind::Elementwise, Kind::Comm] {
            out.label(Label { name: kind.name().into(), kind, split, ..Label::default() });
        }
    }
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for rank in 0..RANKS {
        let stream = out.track(None, "compute", TrackKind::Stream { rank, stream: 0 });
        let lane = out.lane(stream);
        fill(&mut out, lane, OPS_A_STREAM, &mut random, 100_000);
        for sm in 0..SMS {
            let track = out.track(None, "SM", TrackKind::Sm { rank, sm });
            let lane = out.lane(track);
            fill(&mut out, lane, SLICES_A_LANE, &mut random, 2_000);
        }
    }
    out.finish().expect("slices are disjoint by construction")
}

fn fill(
    out: &mut TraceBuilder,
    lane: LaneId,
    count: usize,
    random: &mut impl FnMut() -> u64,
    shortest_ns: i64,
) {
    let mut at = 0;
    for index in 0..count {
        at += (random() % 200) as i64;
        let span = Span::new(at, at + shortest_ns + (random() % 28_000) as i64);
        let label = LabelId((index / 50 % 10) as u32);
        out.push(lane, span, label, ArgsId::NONE, index as u32);
        at = span.end_ns;
    }
}

fn sm_lanes(trace: &Trace) -> Vec<LaneId> {
    let rows = trace.tracks.iter().filter(|track| matches!(track.kind, TrackKind::Sm { .. }));
    rows.flat_map(|track| track.lanes.iter().copied()).collect()
}

fn pyramid(bench: &mut Criterion, trace: &Trace) {
    let mut group = bench.benchmark_group("pyramid");
    group.sample_size(10);
    group.throughput(Throughput::Elements(trace.num_slices() as u64));
    group.bench_function("build", |b| b.iter(|| Pyramid::build(black_box(trace))));

    let pyramid = Pyramid::build(trace);
    let lanes = sm_lanes(trace);
    let whole = trace.span_where(|kind| matches!(kind, TrackKind::Sm { .. }));
    // 2000 pixels over the whole, a tenth and a thousandth of it.
    for part in [1, 10, 1000] {
        let len_ns = whole.len_ns() / part;
        let start_ns = whole.start_ns + len_ns * (part / 2);
        let window = Span::new(start_ns, start_ns + len_ns);
        let resolution_ns = 1_i64 << (len_ns / 2000).max(1).ilog2();
        group.throughput(Throughput::Elements(lanes.len() as u64));
        let name = BenchmarkId::new("query 1056 rows", format!("1/{part}"));
        group.bench_function(name, |b| {
            let mut out = Vec::new();
            b.iter(|| {
                let mut items = 0;
                for &lane in &lanes {
                    pyramid.query(trace, lane, window, resolution_ns, &mut out);
                    items += out.len();
                }
                items
            });
        });
    }
    group.finish();
}

fn ribbon(bench: &mut Criterion, trace: &Trace) {
    let mut group = bench.benchmark_group("ribbon");
    group.sample_size(10);
    group.throughput(Throughput::Elements((trace.num_slices() / RANKS as usize) as u64));
    group.bench_function("build one rank", |b| b.iter(|| Ribbon::build(black_box(trace), 0)));
    let ribbon = Ribbon::build(trace, 0);
    group.throughput(Throughput::Elements(2000));
    group.bench_function("query 2000 columns", |b| {
        b.iter(|| ribbon.query(black_box(trace.span()), 2000));
    });
    group.finish();
}

fn analysis(bench: &mut Criterion, trace: &Trace) {
    let mut group = bench.benchmark_group("analysis");
    group.sample_size(10);
    group.throughput(Throughput::Elements(trace.num_slices() as u64));
    group.bench_function("selection of everything", |b| {
        let everything = Selection { window: trace.span(), tracks: Vec::new() };
        b.iter(|| selection(black_box(trace), &everything));
    });
    group.bench_function("overlap, weighted by SMs", |b| {
        b.iter(|| overlap(&Ops::of(black_box(trace), &Config::default())));
    });
    group.finish();
}

fn all(bench: &mut Criterion) {
    let trace = synthetic();
    pyramid(bench, &trace);
    ribbon(bench, &trace);
    analysis(bench, &trace);
}

criterion_group!(benches, all);
criterion_main!(benches);
