//! What CUPTI and NCCL tell of made processes, and the trace of it, whose every time is known.

use weftscope_profiler::watch::{Process, made, trace};
use weftscope_traces::{
    ArgValue, Classifier, Kind, Trace, TrackKind,
    analysis::{Config, Ops, overlap},
};
use weftscope_wire::{
    ChannelRun, Clock, Collective, Communicator, CopyRun, Event, GraphNode, Hello, Kernel,
    KernelRun, Moved, Range,
};

use crate::watch::slices;

/// How far CUPTI's clock is ahead of the host's, ns.
const CUPTI_AHEAD_NS: i64 = 1_700_000_000_000_000_000;
/// How far the device's is.
const DEVICE_AHEAD_NS: i64 = 5_000_000_000_000;
/// When the first kernel begins, host time.
const BEGIN_NS: i64 = 50_000_000;

const GEMM: u32 = 0;
const NCCL: u32 = 1;

fn cupti(at_ns: i64) -> u64 {
    (BEGIN_NS + at_ns + CUPTI_AHEAD_NS) as u64
}

fn device(at_ns: i64) -> u64 {
    (BEGIN_NS + at_ns + DEVICE_AHEAD_NS) as u64
}

fn readings(ahead_ns: i64) -> Vec<(i64, i64, i64)> {
    (0..10).map(|i| (ahead_ns + i * 1000, i * 1000, 20)).collect()
}

fn run(kernel: u32, stream: u32, (start_ns, end_ns): (i64, i64), correlation: u32) -> KernelRun {
    KernelRun {
        kernel,
        device: 0,
        stream,
        grid: [132, 1, 1],
        block: [384, 1, 1],
        cluster: [2, 1, 1],
        start_cupti_ns: cupti(start_ns),
        end_cupti_ns: cupti(end_ns),
        correlation,
        node: None,
    }
}

fn collective(id: u64, correlation: Option<u32>, sequence: u64) -> Event {
    Event::Collective(Collective {
        id,
        correlation,
        is_late: false,
        is_captured: false,
        communicator: 9,
        function: "AllReduce".to_owned(),
        sequence,
        count: 1 << 20,
        datatype: "ncclBfloat16".to_owned(),
        algorithm: "RING".to_owned(),
        protocol: "LL".to_owned(),
        channels: 2,
        tid: 77,
        at_host_ns: BEGIN_NS,
    })
}

fn channel(collective: u64, channel: u32, (start_ns, end_ns): (i64, i64)) -> ChannelRun {
    ChannelRun {
        collective: Some(collective),
        communicator: 9,
        device: Some(0),
        channel,
        start_device_ns: device(start_ns),
        end_device_ns: device(end_ns),
    }
}

fn process(rank: u32) -> Process {
    process_of(rank, 22_803)
}

/// With this version of NCCL.
fn process_of(rank: u32, nccl: u32) -> Process {
    let mut process = Process::new(Hello {
        command: vec!["/usr/bin/python3".to_owned()],
        monotonic_and_unix_ns: (0, CUPTI_AHEAD_NS),
        ..made::hello(100 + rank, (rank, 2))
    });
    process.take(Event::Device(made::device(132)));
    process.take(Event::Communicator(Communicator {
        id: 9,
        name: "tp".to_owned(),
        ranks: 2,
        rank,
        device: Some(0),
        nccl: Some(nccl),
    }));
    for (id, name) in [(GEMM, "_Z4gemmPf"), (NCCL, "_Z33ncclDevKernel_AllReduce_Sum_bf16v")] {
        process.take(Event::Kernel(Kernel { id, name: name.to_owned() }));
    }
    process
}

/// A product of 100 µs on stream 7; all-reduces of 40 µs on stream 20, the first beside it, two that were launched together
/// after it; then a graph of the same, whose nodes share a number.
fn timed(rank: u32) -> Process {
    timed_of(process(rank))
}

fn timed_of(mut process: Process) -> Process {
    process.take(Event::CuptiClock(readings(CUPTI_AHEAD_NS)));
    process.take(collective(0, Some(11), 0));
    process.take(collective(1, Some(12), 1));
    process.take(collective(2, Some(12), 2));
    process.take(collective(3, None, 3));
    let node = |node| Some(GraphNode { graph: Some(4), node });
    process.take(Event::Kernels(vec![
        run(GEMM, 7, (0, 100_000), 10),
        run(NCCL, 20, (120_000, 160_000), 12),
        run(NCCL, 20, (50_000, 90_000), 11),
        KernelRun { node: node(1), ..run(GEMM, 7, (200_000, 300_000), 13) },
        KernelRun { node: node(2), ..run(NCCL, 20, (310_000, 350_000), 13) },
    ]));
    process.take(Event::Copies(vec![CopyRun {
        moved: Moved::Copy { kind: 1, from: 2, to: 3 },
        bytes: 4096,
        device: 0,
        stream: 7,
        start_cupti_ns: cupti(170_000),
        end_cupti_ns: cupti(175_000),
        correlation: 14,
        node: None,
    }]));
    process
}

/// An argument of every slice of a stream, in order.
fn args(trace: &Trace, stream: u32, key: &str) -> Vec<Option<ArgValue>> {
    let mut found = Vec::new();
    for track in &trace.tracks {
        if matches!(track.kind, TrackKind::Stream { rank: 0, stream: of } if of == stream) {
            for &lane in &track.lanes {
                let slices = &trace.lanes[lane.0 as usize].slices;
                for row in 0..slices.len() {
                    let args = trace.args.get(slices.args[row]);
                    let value = args.into_iter().find(|(name, _)| name == key);
                    found.push((slices.start_ns[row], value.map(|(_, value)| value)));
                }
            }
        }
    }
    found.sort_by_key(|(start_ns, _)| *start_ns);
    found.into_iter().map(|(_, value)| value).collect()
}

fn drawn(processes: &[Process]) -> Trace {
    trace("made", processes, &Classifier::default()).expect("pieces that agree")
}

#[test]
fn kernels_and_copies_stand_on_their_streams_when_they_ran() {
    let trace = drawn(&[timed(0), timed(1)]);
    assert_eq!((trace.meta.ranks.len(), trace.meta.world_size), (2, 2));
    assert_eq!(trace.meta.base_time_unix_ns, CUPTI_AHEAD_NS + BEGIN_NS);
    for rank in [0, 1] {
        let ops = |stream| slices(&trace, |kind| *kind == TrackKind::Stream { rank, stream });
        let compute: Vec<_> = ops(7).into_iter().map(|op| (op.1, op.2, op.3)).collect();
        assert_eq!(
            compute,
            [
                (Kind::Gemm, 0, 100_000),
                (Kind::Memcpy, 170_000, 175_000),
                (Kind::Gemm, 200_000, 300_000)
            ]
        );
        assert_eq!(ops(7)[1].0, "Memcpy HtoD (Pinned -> Device)");
        let communication: Vec<_> = ops(20).into_iter().map(|op| (op.1, op.2, op.3)).collect();
        assert_eq!(
            communication,
            [
                (Kind::Comm, 50_000, 90_000),
                (Kind::Comm, 120_000, 160_000),
                (Kind::Comm, 310_000, 350_000)
            ]
        );
    }
    assert!(trace.tracks.iter().all(|track| !matches!(track.kind, TrackKind::Sm { .. })));
    let hidden = overlap(&Ops::of(&trace, &Config::default()));
    assert_eq!(hidden.ranks[0].total.overlap_ns, 40_000);
    let [clock, _] = &trace.meta.clocks[..] else { panic!("{:?}", trace.meta.clocks) };
    assert_eq!((clock.residual_p99_ns, clock.readings), (0, 10));
}

#[test]
fn a_collective_is_that_of_the_launch_and_of_no_node_with_its_number() {
    let mut rank = timed(0);
    // The graph's launch had the number of a collective's.
    rank.take(collective(4, Some(13), 9));
    let trace = drawn(&[rank]);
    assert_eq!(args(&trace, 20, "Seq"), [Some(ArgValue::Int(0)), None, None]);
    assert_eq!(args(&trace, 20, "collectives"), [None, Some(ArgValue::Int(2)), None]);
    assert_eq!(args(&trace, 20, "graph node id"), [None, None, Some(ArgValue::Int(2))]);
    let unknown = trace.diagnostics.remarks.iter().find(|(cause, _)| cause.contains("no kernel"));
    assert_eq!(unknown.map(|(_, count)| *count), Some(2));
}

#[test]
fn channels_have_rows_of_their_own_and_say_what_a_graphs_node_ran() {
    let mut rank = timed_of(process_of(0, 23_100));
    rank.take(Event::Clock(Clock { device: 0, readings: readings(DEVICE_AHEAD_NS) }));
    rank.take(Event::Channels(vec![
        channel(0, 0, (51_400, 89_000)),
        channel(0, 1, (51_500, 88_000)),
        channel(3, 1, (312_000, 348_000)),
        // Of nothing that CUPTI has seen.
        channel(77, 5, (400_000, 410_000)),
    ]));
    assert_eq!(drawn(std::slice::from_ref(&rank)).diagnostics.counts.values().sum::<u64>(), 0);
    let trace = drawn(&[rank]);
    assert_eq!(args(&trace, 20, "Seq"), [Some(ArgValue::Int(0)), None, Some(ArgValue::Int(3))]);
    let rows: Vec<_> = trace
        .tracks
        .iter()
        .filter(|track| matches!(track.kind, TrackKind::Driver { .. }))
        .map(|track| track.name.as_str())
        .collect();
    assert_eq!(rows, ["stream 20 channel 0", "stream 20 channel 1", "channel 5"]);
    let on_first = slices(&trace, |kind| *kind == TrackKind::Driver { rank: 0, row: 0 });
    assert_eq!(on_first, [("AllReduce".to_owned(), Kind::Comm, 51_400, 89_000)]);
    assert_eq!(slices(&trace, |kind| *kind == TrackKind::Driver { rank: 0, row: 1 }).len(), 2);
    // They repeat what the stream holds: communication is counted once.
    let total = &overlap(&Ops::of(&trace, &Config::default())).ranks[0].total;
    assert_eq!(total.comm_ns, 120_000);
    assert_eq!(trace.meta.clocks.len(), 2);
}

/// Two replays of a graph, each told before it ran, and a kernel launched after them: NCCL 2.28 gives the channels of the second
/// and of the kernel the times of those before.
fn replayed(nccl: u32) -> Process {
    let mut rank = timed_of(process_of(0, nccl));
    let mut told = |id, at_ns, correlation: Option<u32>| {
        if let Event::Collective(told) = collective(id, correlation, id) {
            let (at_host_ns, is_late) = (BEGIN_NS + at_ns, correlation.is_none());
            rank.take(Event::Collective(Collective { at_host_ns, is_late, ..told }));
        }
    };
    told(5, 309_000, None);
    told(6, 409_000, None);
    told(7, 499_000, Some(16));
    rank.take(Event::Clock(Clock { device: 0, readings: readings(DEVICE_AHEAD_NS) }));
    rank.take(Event::Kernels(vec![
        KernelRun {
            node: Some(GraphNode { graph: Some(4), node: 2 }),
            ..run(NCCL, 20, (410_000, 450_000), 15)
        },
        run(NCCL, 20, (500_000, 540_000), 16),
    ]));
    rank.take(Event::Channels(vec![
        channel(5, 0, (312_000, 348_000)),
        channel(6, 0, (312_000, 348_000)),
        channel(7, 0, (412_000, 448_000)),
        channel(7, 1, (502_000, 538_000)),
    ]));
    rank
}

#[test]
fn times_of_other_works_are_counted_and_not_drawn() {
    let seq = |id: i64| Some(ArgValue::Int(id));
    // Nodes of graphs are believed from 2.31 on alone, and never what contradicts another or its kernel.
    for (nccl, known, begun, lost) in [
        (22_803, [seq(0), None, None, None, seq(7)], &[502_000][..], 3),
        (23_100, [seq(0), None, seq(5), None, seq(7)], &[312_000, 502_000], 2),
    ] {
        let trace = drawn(&[replayed(nccl)]);
        assert_eq!(args(&trace, 20, "Seq"), known);
        let channels = slices(&trace, |kind| matches!(kind, TrackKind::Driver { .. }));
        assert_eq!(channels.iter().map(|channel| channel.2).collect::<Vec<_>>(), begun);
        assert_eq!(trace.diagnostics.counts.values().sum::<u64>(), lost);
    }
}

#[test]
fn without_cupti_collectives_are_drawn_by_their_channels() {
    let mut rank = process(0);
    rank.take(Event::Clock(Clock { device: 0, readings: readings(DEVICE_AHEAD_NS) }));
    rank.take(collective(0, None, 0));
    rank.take(Event::Channels(vec![channel(0, 0, (1_000, 9_000)), channel(0, 1, (2_000, 10_000))]));
    let trace = drawn(&[rank]);
    let ops = slices(&trace, |kind| *kind == TrackKind::Stream { rank: 0, stream: 0 });
    assert_eq!(ops, [("AllReduce".to_owned(), Kind::Comm, 0, 9_000)]);
}

#[test]
fn channels_of_a_clock_that_was_never_read_are_counted() {
    let mut rank = timed(0);
    rank.take(Event::Channels(vec![channel(0, 0, (51_400, 89_000))]));
    let trace = drawn(&[rank]);
    let lost: Vec<_> = trace.diagnostics.counts.iter().filter(|(_, count)| **count > 0).collect();
    assert!(lost.len() == 1 && lost[0].0.contains("never read"), "{lost:?}");
}

#[test]
fn ranges_nest_on_their_threads() {
    let mut rank = timed(0);
    let range = |name: &str, tid, ended_elsewhere, (start_ns, end_ns)| Range {
        name: name.to_owned(),
        domain: String::new(),
        tid: Some(tid),
        ended_elsewhere,
        start_cupti_ns: cupti(start_ns),
        end_cupti_ns: cupti(end_ns),
    };
    rank.take(Event::Ranges(vec![
        range("attention", 5, false, (-8_000, -2_000)),
        range("layer 0", 5, false, (-10_000, 0)),
        range("request", 5, true, (-9_000, 500_000)),
    ]));
    let trace = drawn(&[rank]);
    // The trace begins with them.
    let of_thread = |tid: u32| {
        slices(
            &trace,
            move |kind| matches!(kind, TrackKind::HostThread { rank: Some(0), pid: 100, tid: of } if *of == tid),
        )
    };
    assert_eq!(
        of_thread(5),
        [
            ("layer 0".to_owned(), Kind::Mark, 0, 10_000),
            ("attention".to_owned(), Kind::Mark, 2_000, 8_000)
        ]
    );
    assert_eq!(of_thread(u32::MAX).len(), 1);
    let track = trace.tracks.iter().find(|track| track.name == "thread 5").unwrap();
    assert_eq!(track.lanes.len(), 2);
}

#[test]
fn the_drivers_own_streams_of_graphs_are_one_row() {
    let mut rank = timed(0);
    let node = |stream: u32| KernelRun {
        node: Some(GraphNode { graph: Some(4), node: stream.into() }),
        ..run(GEMM, stream, (400_000 + i64::from(stream) * 10, 401_000), 15)
    };
    rank.take(Event::Kernels((100..110).map(node).collect()));
    let trace = drawn(&[rank]);
    let streams: Vec<_> = trace
        .tracks
        .iter()
        .filter(|track| matches!(track.kind, TrackKind::Stream { .. }))
        .map(|track| track.name.as_str())
        .collect();
    assert_eq!(streams, ["stream 7", "stream 20", "streams of graphs"]);
}
