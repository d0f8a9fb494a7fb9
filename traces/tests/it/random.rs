//! Random but valid traces, as a proptest strategy: a failing one shrinks to few slices, tracks and plain values.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use weftscope_traces::{
    ArgValue, ArgsId, ClockAgreement, CommCtas, CounterSeries, DeviceInfo, ExpectedError, FlowKind,
    Kind, Label, LabelId, LaneId, Meta, OpFacts, Origin, Phase, Provenance, RankInfo,
    RankProvenance, RunFacts, Slowdown, Span, Split, SplitAsked, SplitFacts, Trace, TraceBuilder,
    TrackKind, UnsplitFacts,
};

/// A trace of every shape that the model allows, of less than `max_slices` slices.
pub(crate) fn traces(max_slices: usize) -> impl Strategy<Value = Trace> {
    let shape = (meta(), vec(rank_tracks(), 1..4), vec(thread(), 3), vec(label(), 6));
    let content = (
        vec(slice(), 0..max_slices),
        vec((any::<Index>(), any::<Index>(), flow_kind()), 0..10),
        vec(counter(), 0..4),
        vec(-(1_i64 << 19)..1 << 19, 8),
    );
    let lost = (0_u64..3, text());
    (shape, content, lost).prop_map(|((meta, ranks, threads, labels), content, (count, note))| {
        let mut out = TraceBuilder::new(with_ranks(meta, ranks.len() as u32));
        let labels: Vec<LabelId> = labels.into_iter().map(|label| out.label(label)).collect();
        let mut lanes = Vec::new();
        for (rank, tracks) in (0..).zip(&ranks) {
            add_rank(&mut out, rank, tracks, &mut lanes);
        }
        add_threads(&mut out, &threads, &mut lanes);
        let (slices, flows, counters, starts) = content;
        add_slices(&mut out, &slices, (&lanes, &labels, &starts), &flows);
        for (number, counter) in counters.into_iter().enumerate() {
            out.counter(CounterSeries { name: format!("series {number}"), ..counter });
        }
        out.diagnostics_mut().count("lost", count);
        out.diagnostics_mut().note(note);
        out.finish().expect("valid by construction")
    })
}

/// One such trace, always the same for the same numbers.
pub(crate) fn sample(number: usize, max_slices: usize) -> Trace {
    let mut runner = TestRunner::deterministic();
    let strategy = traces(max_slices);
    let mut tree = || strategy.new_tree(&mut runner).expect("no filter rejects anything");
    for _ in 0..number {
        tree();
    }
    tree().current()
}

/// Texts that are awkward somewhere: in JSON, in names of kernels, as numbers.
const WORDS: &[&str] = &[
    "",
    "gemm",
    "ncclDevKernel_AllReduce",
    "q\"uote",
    "back\\slash",
    "tab\tnul\u{0}",
    "é😀",
    "[1,2,3]",
    "{\"a\":[1.50,\"x y\"]}",
    "[ 1 ]",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![4 => select(WORDS).prop_map(str::to_owned), 1 => ".{0,12}"]
}

fn float() -> impl Strategy<Value = f64> {
    use proptest::num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
    prop_oneof![
        Just(3.0),
        Just(-0.1),
        Just(1.0e300),
        POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO
    ]
}

/// Of one rank; see [`with_ranks`].
fn meta() -> impl Strategy<Value = Meta> {
    let overhead = (any::<Option<i64>>(), proptest::option::of(text()));
    let device = (text(), any::<u64>(), any::<bool>());
    let told = (vec(run_facts(), 0..3), text());
    (text(), provenance(), -(1_i64 << 61)..1 << 61, told, overhead, device).prop_map(
        |(
            title,
            provenance,
            base_ns,
            (runs, line),
            (host_ns, how),
            (name, memory_bytes, clocks),
        )| {
            let mut meta = Meta::new(title, provenance);
            meta.base_time_unix_ns = base_ns;
            meta.runs = runs;
            meta.lines = vec![("CUPTI".to_owned(), line)];
            meta.overhead.recording_host_ns = host_ns;
            meta.overhead.slowdown = how.map(|how| Slowdown { percent: 0.25, how });
            let compute_capability = (9, 0);
            let device = DeviceInfo { name, sms: 3, memory_bytes, compute_capability };
            meta.ranks.push(RankInfo { rank: 0, device, server: None });
            if clocks {
                let what = "clock".to_owned();
                meta.clocks.push(ClockAgreement { rank: 0, what, residual_p99_ns: 7, readings: 9 });
            }
            meta
        },
    )
}

fn provenance() -> impl Strategy<Value = Provenance> {
    let origin = || select(&[Origin::Measured, Origin::Modelled, Origin::Unknown][..]);
    let per_rank = vec((proptest::option::of(0_u32..3), origin(), text()), 1..4);
    prop_oneof![
        2 => text().prop_map(|source| Provenance::Measured { source }),
        2 => text().prop_map(|source| Provenance::Modelled { source }),
        1 => text().prop_map(|source| Provenance::Unknown { source }),
        1 => per_rank.prop_map(|ranks| {
            let of = |(rank, origin, source)| RankProvenance { rank, origin, source };
            Provenance::PerRank { ranks: ranks.into_iter().map(of).collect() }
        }),
    ]
}

fn run_facts() -> impl Strategy<Value = RunFacts> {
    let split = (any::<u32>(), text()).prop_map(|(first_tokens, reason)| SplitFacts {
        first_tokens,
        reason,
        comm_ctas: CommCtas { attention: 8, mlp: 4 },
        ..SplitFacts::default()
    });
    let asked =
        prop_oneof![any::<u32>().prop_map(SplitAsked::Tokens), text().prop_map(SplitAsked::Auto)];
    let spec =
        proptest::option::of((text(), float()).prop_map(|(key, x)| serde_json::json!({key: x})));
    let error = (float(), any::<u32>(), text()).prop_map(|(percent, rows, source)| ExpectedError {
        percent,
        rows,
        source,
        ..ExpectedError::default()
    });
    let error = proptest::option::of(error);
    (text(), any::<u64>(), vec(any::<i64>(), 0..3), proptest::option::of(split), asked, spec, error)
        .prop_map(|(model, seed, rank_skew_ns, split, split_asked, spec, expected_error)| {
            RunFacts {
                expected_error,
                caveats: vec![model.clone()],
                model,
                seed,
                rank_skew_ns,
                split,
                split_asked,
                spec,
                ..RunFacts::default()
            }
        })
}

fn with_ranks(mut meta: Meta, num_ranks: u32) -> Meta {
    meta.world_size = num_ranks;
    let device = meta.ranks[0].device.clone();
    meta.ranks = (0..num_ranks)
        .map(|rank| RankInfo { rank, device: device.clone(), server: None })
        .collect();
    meta
}

/// Tracks of one rank: lanes of marks, name and lanes of each stream and driver row, lanes of each SM.
#[derive(Clone, Debug)]
struct RankTracks {
    mark_lanes: usize,
    streams: Vec<(String, usize)>,
    drivers: Vec<(String, usize)>,
    sm_lanes: Vec<usize>,
}

fn rank_tracks() -> impl Strategy<Value = RankTracks> {
    let named = || (text(), 1_usize..3);
    (0_usize..4, vec(named(), 3), vec(named(), 0..3), vec(1_usize..3, 0..4)).prop_map(
        |(mark_lanes, streams, drivers, sm_lanes)| RankTracks {
            mark_lanes,
            streams,
            drivers,
            sm_lanes,
        },
    )
}

fn add_rank(out: &mut TraceBuilder, rank: u32, tracks: &RankTracks, lanes: &mut Vec<LaneId>) {
    let parent = Some(out.track(None, format!("rank {rank}"), TrackKind::Rank { rank }));
    let mut add = |name: &str, kind: TrackKind, num_lanes: usize| {
        let track = out.track(parent, name, kind);
        lanes.extend((0..num_lanes).map(|_| out.lane(track)));
    };
    add("marks", TrackKind::Marks { rank: Some(rank) }, tracks.mark_lanes);
    for ((name, num_lanes), stream) in tracks.streams.iter().zip([0, 7, 17]) {
        add(name, TrackKind::Stream { rank, stream }, *num_lanes);
    }
    for ((name, num_lanes), row) in tracks.drivers.iter().zip(0..) {
        add(name, TrackKind::Driver { rank, row }, *num_lanes);
    }
    for (&num_lanes, sm) in tracks.sm_lanes.iter().zip(0..) {
        add(&format!("SM {sm}"), TrackKind::Sm { rank, sm }, num_lanes);
        if num_lanes > 1 {
            add(&format!("inside SM {sm}"), TrackKind::Inside { rank, sm }, num_lanes);
        }
    }
}

/// Name, whether it belongs to rank 0, lanes.
fn thread() -> impl Strategy<Value = (String, bool, usize)> {
    (text(), any::<bool>(), 0_usize..3)
}

fn add_threads(out: &mut TraceBuilder, threads: &[(String, bool, usize)], lanes: &mut Vec<LaneId>) {
    let process = out.track(None, "process", TrackKind::Group);
    for ((name, of_rank, num_lanes), (pid, tid)) in
        threads.iter().zip([(589, 589), (1, 7), (589, 0)])
    {
        let kind = TrackKind::HostThread { rank: of_rank.then_some(0), pid, tid };
        let thread = out.track(Some(process), name.clone(), kind);
        lanes.extend((0..*num_lanes).map(|_| out.lane(thread)));
    }
    let loose = out.track(None, "loose", TrackKind::Group);
    lanes.push(out.lane(loose));
}

fn label() -> impl Strategy<Value = Label> {
    let unsplit = (any::<u32>(), any::<u32>(), float())
        .prop_map(|(grid, waves, tail_occupancy)| UnsplitFacts { grid, waves, tail_occupancy });
    let unsplit = proptest::option::of(unsplit);
    let sizes = [float(), float(), float()];
    let facts = (any::<u32>(), sizes, any::<Option<i64>>(), text(), unsplit).prop_map(
        |(op, [tail_occupancy, flops, hbm_bytes], alone_ns, shape, unsplit)| {
            let sizes =
                OpFacts { op, grid: 300, waves: 3, sms: 132, tokens: 4096, ..OpFacts::default() };
            Box::new(OpFacts {
                tail_occupancy,
                flops,
                hbm_bytes,
                alone_ns,
                shape,
                unsplit,
                ..sizes
            })
        },
    );
    let kind = select(&Kind::ALL[..]);
    let split = select(&[Split::Whole, Split::First, Split::Second][..]);
    let phase = select(&[Phase::None, Phase::Head, Phase::C][..]);
    (text(), kind, any::<Option<u32>>(), split, phase, proptest::option::of(facts)).prop_map(
        |(name, kind, layer, split, phase, facts)| Label { name, kind, layer, split, phase, facts },
    )
}

/// A slice that begins `gap_ns` after the one before it on its lane.
#[derive(Clone, Debug)]
struct Slice {
    lane: Index,
    gap_ns: i64,
    len_ns: i64,
    label: Index,
    item: u32,
    args: Option<(String, i64, f64, String)>,
}

fn slice() -> impl Strategy<Value = Slice> {
    let gap = prop_oneof![Just(0_i64), 0_i64..1000];
    let len = prop_oneof![1 => Just(0_i64), 9 => 0_i64..5000];
    let item = prop_oneof![1 => Just(0_u32), 2 => any::<u32>()];
    let args = proptest::option::weighted(0.4, (text(), any::<i64>(), float(), text()));
    (any::<Index>(), gap, len, any::<Index>(), item, args).prop_map(
        |(lane, gap_ns, len_ns, label, item, args)| Slice {
            lane,
            gap_ns,
            len_ns,
            label,
            item,
            args,
        },
    )
}

fn flow_kind() -> impl Strategy<Value = FlowKind> {
    select(&[FlowKind::Dependency, FlowKind::Launch, FlowKind::Imported][..])
}

fn add_slices(
    out: &mut TraceBuilder,
    slices: &[Slice],
    (lanes, labels, starts): (&[LaneId], &[LabelId], &[i64]),
    flows: &[(Index, Index, FlowKind)],
) {
    let mut now: Vec<i64> = (0..lanes.len()).map(|lane| starts[lane % starts.len()]).collect();
    let mut pushed = Vec::new();
    for slice in slices {
        let lane = slice.lane.index(lanes.len());
        let args = slice.args.as_ref().map_or(ArgsId::NONE, |(key, int, float, text)| {
            let (float_key, text_key) = (format!("x{key}"), format!("y{key}"));
            out.args_mut().push([
                (key.as_str(), ArgValue::Int(*int)),
                (float_key.as_str(), ArgValue::Float(*float)),
                (text_key.as_str(), ArgValue::Text(text.clone())),
            ])
        });
        let start_ns = now[lane] + slice.gap_ns;
        now[lane] = start_ns + slice.len_ns;
        let label = *slice.label.get(labels);
        let span = Span::new(start_ns, now[lane]);
        pushed.push(out.push(lanes[lane], span, label, args, slice.item));
    }
    if !pushed.is_empty() {
        for (from, to, kind) in flows {
            out.flow(*from.get(&pushed), *to.get(&pushed), *kind);
        }
    }
}

/// Its name is given where it is added.
fn counter() -> impl Strategy<Value = CounterSeries> {
    let unit = prop_oneof![Just(String::new()), Just("GB/s".to_owned())];
    let samples = vec((0_i64..1000, float()), 0..20);
    (unit, any::<bool>(), samples).prop_map(|(unit, of_rank, samples)| {
        let mut series =
            CounterSeries { unit, rank: of_rank.then_some(0), ..CounterSeries::default() };
        let mut now = 0;
        for (gap_ns, value) in samples {
            now += gap_ns;
            series.at_ns.push(now);
            series.value.push(value);
        }
        series
    })
}
