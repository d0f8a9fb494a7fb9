//! XPlanes, made here as the profiler writes them for GPUs and TPUs.

use prost::Message;
use weftscope_traces::analysis::{Config, Ops, Reports};
use weftscope_traces::stream::silent;
use weftscope_traces::{ArgValue, OpenOptions, Provenance, Trace, open, sniff};

use crate::view::lines;

#[derive(Clone, PartialEq, Message)]
struct Space {
    #[prost(message, repeated, tag = "1")]
    planes: Vec<Plane>,
    #[prost(string, repeated, tag = "3")]
    warnings: Vec<String>,
    #[prost(string, repeated, tag = "4")]
    hostnames: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
struct Plane {
    #[prost(int64, tag = "1")]
    id: i64,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(message, repeated, tag = "3")]
    lines: Vec<Line>,
    #[prost(map = "int64, message", tag = "4")]
    events: std::collections::HashMap<i64, Metadata>,
    #[prost(map = "int64, message", tag = "5")]
    stats: std::collections::HashMap<i64, Metadata>,
    #[prost(message, repeated, tag = "6")]
    own: Vec<Stat>,
}

#[derive(Clone, PartialEq, Message)]
struct Metadata {
    #[prost(int64, tag = "1")]
    id: i64,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(message, repeated, tag = "5")]
    stats: Vec<Stat>,
}

#[derive(Clone, PartialEq, Message)]
struct Line {
    #[prost(int64, tag = "1")]
    id: i64,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(int64, tag = "3")]
    timestamp_ns: i64,
    #[prost(message, repeated, tag = "4")]
    events: Vec<Event>,
}

#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(int64, tag = "1")]
    metadata_id: i64,
    #[prost(int64, tag = "2")]
    offset_ps: i64,
    #[prost(int64, tag = "3")]
    duration_ps: i64,
    #[prost(message, repeated, tag = "4")]
    stats: Vec<Stat>,
    #[prost(int64, optional, tag = "5")]
    num_occurrences: Option<i64>,
}

#[derive(Clone, PartialEq, Message)]
struct Stat {
    #[prost(int64, tag = "1")]
    metadata_id: i64,
    #[prost(double, optional, tag = "2")]
    double_value: Option<f64>,
    #[prost(uint64, optional, tag = "3")]
    uint64_value: Option<u64>,
    #[prost(int64, optional, tag = "4")]
    int64_value: Option<i64>,
    #[prost(string, optional, tag = "5")]
    str_value: Option<String>,
    #[prost(uint64, optional, tag = "7")]
    ref_value: Option<u64>,
}

const CORRELATION: i64 = 1;
const STEP: i64 = 2;
const HLO: i64 = 3;
const FUSION: i64 = 4;
const FLOPS: i64 = 5;
const BEGAN: i64 = 6;
const CORES: i64 = 7;
const LARGE: i64 = 8;

/// A plane whose events are called in order from 1 on.
fn plane(name: &str, names: &[&str], lines: Vec<Line>) -> Plane {
    let named =
        |(id, name): (i64, &str)| (id, Metadata { id, name: name.to_owned(), stats: Vec::new() });
    let stats = [
        (CORRELATION, "correlation_id"),
        (STEP, "step_num"),
        (HLO, "hlo_op"),
        (FUSION, "fusion.3"),
        (FLOPS, "flops"),
        (BEGAN, "profile_start_time"),
        (CORES, "core_count"),
        (LARGE, "run_id"),
    ];
    Plane {
        id: 1,
        name: name.to_owned(),
        lines,
        events: (1..).zip(names.iter().copied()).map(named).collect(),
        stats: stats.into_iter().map(named).collect(),
        own: Vec::new(),
    }
}

fn line(id: i64, name: &str, timestamp_ns: i64, events: Vec<Event>) -> Line {
    Line { id, name: name.to_owned(), timestamp_ns, events }
}

/// An event by its kind, start and duration in ns.
fn event(metadata_id: i64, offset_ns: i64, duration_ns: i64) -> Event {
    let (offset_ps, duration_ps) = (offset_ns * 1000, duration_ns * 1000);
    Event { metadata_id, offset_ps, duration_ps, ..Event::default() }
}

fn with(mut event: Event, stats: &[Stat]) -> Event {
    event.stats.extend_from_slice(stats);
    event
}

fn number(metadata_id: i64, value: u64) -> Stat {
    Stat { metadata_id, uint64_value: Some(value), ..Stat::default() }
}

/// Two GPUs of one process, their ops told once more, and what launched them.
fn gpus() -> Space {
    let correlation = |id| [number(CORRELATION, id)];
    let names = [
        "gemm_fusion_dot",
        "ncclDevKernel_AllReduce_Sum_bf16_RING_LL(x)",
        "fusion.3",
        "jit_train(7)",
        "5",
    ];
    let on_gpu = |number: i64, base: u64| {
        let kernel = with(
            event(1, 2000, 1000),
            &[
                number_of(CORRELATION, base),
                Stat { metadata_id: HLO, ref_value: Some(FUSION as u64), ..Stat::default() },
                Stat { metadata_id: LARGE, uint64_value: Some(u64::MAX), ..Stat::default() },
            ],
        );
        let mut plane = plane(
            &format!("/device:GPU:{number}"),
            &names,
            vec![
                line(7, "Stream #7(Compute)", 100, vec![kernel]),
                line(
                    9,
                    "Stream #9(Collective)",
                    100,
                    vec![with(event(2, 2500, 1000), &correlation(base + 1))],
                ),
                line(100, "XLA Ops", 100, vec![event(3, 2000, 1500)]),
                line(101, "XLA Modules", 100, vec![event(4, 2000, 1500)]),
            ],
        );
        plane.own.push(number_of(CORES, 132));
        let flops = Stat { metadata_id: FLOPS, double_value: Some(2.5), ..Stat::default() };
        plane.events.get_mut(&1).expect("it is there").stats.push(flops);
        plane
    };
    let host = plane(
        "/host:CPU",
        &["cuLaunchKernelEx", "train"],
        vec![line(
            -5,
            "python3",
            100,
            vec![
                with(event(2, 900, 1000), &[number(STEP, 12)]),
                with(event(1, 1000, 100), &correlation(11)),
                with(event(1, 1200, 100), &correlation(12)),
                with(event(1, 1400, 100), &correlation(21)),
                with(event(1, 1600, 100), &correlation(22)),
            ],
        )],
    );
    let mut environment = plane("Task Environment", &[], Vec::new());
    environment.own.push(number(BEGAN, 1_771_595_639_214_724_894));
    Space {
        planes: vec![
            plane("/host:metadata", &[], Vec::new()),
            on_gpu(0, 11),
            on_gpu(1, 21),
            host,
            environment,
        ],
        warnings: vec!["some events\nwere dropped".to_owned()],
        hostnames: vec!["node-a".to_owned()],
    }
}

fn number_of(metadata_id: i64, value: u64) -> Stat {
    number(metadata_id, value)
}

/// A TPU with its steps.
fn tpu() -> Space {
    let names = ["fusion.1", "all-reduce.2", "jit_step(3)", "4", "copy-start.5"];
    let lines = vec![
        line(1, "Steps", 0, vec![event(4, 1000, 2000)]),
        line(2, "XLA Modules", 0, vec![event(3, 1000, 2000)]),
        line(3, "XLA Ops", 0, vec![event(1, 1000, 700), event(2, 1700, 300)]),
        line(4, "Async XLA Ops", 0, vec![event(5, 1100, 50)]),
        line(5, "Framework Name Scope", 0, vec![event(1, 1000, 1000)]),
    ];
    Space { planes: vec![plane("/device:TPU:3", &names, lines)], ..Space::default() }
}

/// A small space of either kind, for fuzzing to begin with.
pub(crate) fn seeds() -> [Vec<u8>; 2] {
    [gpus().encode_to_vec(), tpu().encode_to_vec()]
}

fn opened(bytes: &[u8]) -> Trace {
    open(bytes, &OpenOptions::default(), &mut silent).expect("it opens")
}

#[test]
fn gpus_streams_calls_and_what_repeats_them() {
    let bytes = gpus().encode_to_vec();
    assert_eq!(sniff(&bytes).map(|format| format.name), Some("XPlanes of JAX and TensorFlow"));
    let trace = opened(&bytes);
    let source = "XLA profiler (XPlane)".to_owned();
    assert_eq!(trace.meta.provenance, Provenance::Measured { source });
    assert_eq!(trace.meta.base_time_unix_ns, 1_771_595_639_214_724_894 + 1000);
    let gpus: Vec<_> = trace.meta.ranks.iter().map(|it| (it.rank, it.device.sms)).collect();
    assert_eq!(gpus, [(0, 132), (1, 132)]);
    let mut wanted: Vec<String> = Vec::new();
    for _ in 0..2 {
        wanted.extend(
            [
                "XLA Modules: 1100 2600 jit_train(7)",
                "XLA Ops: 1100 2600 fusion.3",
                "Stream #7(Compute): 1100 2100 gemm_fusion_dot",
                "Stream #9(Collective): 1600 2600 ncclDevKernel_AllReduce_Sum_bf16_RING_LL(x)",
                "marks: 1100 2600 step 12",
            ]
            .map(str::to_owned),
        );
    }
    wanted.extend(
        [
            "python3: 0 1000 train",
            "python3: 100 200 cuLaunchKernelEx",
            "python3: 300 400 cuLaunchKernelEx",
            "python3: 500 600 cuLaunchKernelEx",
            "python3: 700 800 cuLaunchKernelEx",
        ]
        .map(str::to_owned),
    );
    wanted.sort();
    assert_eq!(lines(&trace), wanted);
    let reports = Reports::of(&Ops::of(&trace, &Config::default()));
    for rank in &reports.overlap.ranks {
        let total = &rank.total;
        assert_eq!((total.compute_ns, total.comm_ns, total.overlap_ns), (1000, 1000, 500));
    }
    let mut arrows: Vec<_> = trace
        .flows
        .iter()
        .map(|flow| {
            [flow.from, flow.to].map(|end| trace.lane(end.lane).slices.start_ns[end.index as usize])
        })
        .collect();
    arrows.sort_unstable();
    assert_eq!(arrows, [[100, 1100], [300, 1600], [500, 1100], [700, 1600]]);
    assert!(
        trace
            .diagnostics
            .notes
            .iter()
            .any(|note| note == "the profiler says: some events were dropped")
    );
}

#[test]
fn values_are_arguments() {
    let trace = opened(&gpus().encode_to_vec());
    let found = trace.lanes.iter().find_map(|lane| {
        let slices = &lane.slices;
        let row = (0..slices.len())
            .find(|&row| trace.label(slices.label[row]).name == "gemm_fusion_dot")?;
        Some(trace.args.get(slices.args[row]))
    });
    let args = found.expect("it is there");
    for (key, value) in [
        ("correlation_id", ArgValue::Int(11)),
        ("hlo_op", ArgValue::Text("fusion.3".to_owned())),
        ("flops", ArgValue::Float(2.5)),
        ("run_id", ArgValue::Json(u64::MAX.to_string())),
    ] {
        assert!(args.contains(&(key.to_owned(), value.clone())), "{key} {value:?} in {args:?}");
    }
}

#[test]
fn of_a_tpu_its_ops_are_what_ran() {
    let trace = opened(&tpu().encode_to_vec());
    assert_eq!(trace.meta.ranks[0].rank, 3);
    assert_eq!(
        lines(&trace),
        [
            "Async XLA Ops: 100 150 copy-start.5",
            "Framework Name Scope: 0 1000 fusion.1",
            "XLA Modules: 0 2000 jit_step(3)",
            "XLA Ops: 0 700 fusion.1",
            "XLA Ops: 700 1000 all-reduce.2",
            "marks: 0 2000 4",
        ]
    );
    let total = &Reports::of(&Ops::of(&trace, &Config::default())).overlap.ranks[0].total;
    assert_eq!(total.comm_ns, 300);
}

/// Oracle: the events counted by another parser of the format.
#[test]
fn every_event_is_a_slice_or_is_counted() {
    let mut space = gpus();
    space.planes[1].lines[0].events.push(Event { num_occurrences: Some(3), ..event(1, 0, 0) });
    space.planes[1].lines[0].events.push(event(1, 5000, -7));
    space.planes[1].lines[0].events.push(event(77, 6000, 1));
    let bytes = space.encode_to_vec();
    let again = Space::decode(&bytes[..]).expect("as written");
    let events: usize =
        again.planes.iter().flat_map(|plane| &plane.lines).map(|line| line.events.len()).sum();
    let trace = opened(&bytes);
    let lost: u64 = trace.diagnostics.counts.values().sum();
    // And the step, which is marked on both GPUs.
    assert_eq!(trace.num_slices() as u64 + lost, events as u64 + 2, "{:?}", trace.diagnostics);
    assert_eq!(trace.diagnostics.counts["sums of events, which have no time"], 1);
    assert!(lines(&trace).iter().any(|line| line.ends_with("event 77")));
}

#[test]
fn a_space_that_is_cut_off_gives_what_stands_before() {
    let bytes = gpus().encode_to_vec();
    let whole = opened(&bytes).num_slices();
    let mut seen = 0;
    for len in 30..bytes.len() {
        match open(&bytes[..len], &OpenOptions::default(), &mut silent) {
            Ok(trace) => {
                assert!(trace.num_slices() <= whole);
                seen = seen.max(trace.num_slices());
            }
            Err(error) => {
                assert!(error.to_string().contains("no event that can be used"), "{error}");
            }
        }
    }
    assert!(seen >= whole - 1, "{seen}");
}

/// Lengths that no file has, and flipped bytes: neither memory for them nor a panic.
#[test]
fn damage_never_panics() {
    let huge = b"\x0a\xff\xff\xff\xff\x07\x12\x0d/device:GPU:0";
    assert!(open(&huge[..], &OpenOptions::default(), &mut silent).is_err());
    let whole = gpus().encode_to_vec();
    let mut random = 999_u64;
    for _ in 0..500 {
        let mut damaged = whole.clone();
        for _ in 0..4 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = (random >> 33) as usize % (damaged.len() - 24) + 24;
            damaged[at] = (random >> 24) as u8;
        }
        if let Ok(trace) = open(&damaged[..], &OpenOptions::default(), &mut silent) {
            let _asked = Reports::of(&Ops::of(&trace, &Config::default()));
        }
    }
}
