//! An executor on paper under a CUPTI on paper: what the observer receives, and what stands in the trace.

mod paper;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::Arc,
};

use proptest::prelude::*;
use weftscope_engine::{
    executor::Executor,
    observer::{LaunchKind, LaunchRecord, OpRecord},
    plan::OpId,
};
use weftscope_traces::{FlowKind, SliceRef, Trace, TrackKind};

use self::paper::{APART_NS, GPUS, PaperSource, WatchedToy, kernel, mark, replayed};
use super::{Instrumented, Joiner, LaunchedIteration, Seen};
use crate::{
    collect::Collector,
    cupti::ActivityRecord,
    overhead::Recording,
    testing::{toy_plan, toy_spec},
};

fn recorded(source: PaperSource, iterations: u64) -> Trace {
    recorded_of(WatchedToy::default(), source, iterations)
}

fn recorded_of(toy: WatchedToy, source: PaperSource, iterations: u64) -> Trace {
    let plan = Arc::new(toy_plan(&toy_spec()).unwrap());
    let mut executor = Instrumented::new(toy, source);
    let mut collector = Collector::new(executor.provenance());
    for iteration in 0..iterations {
        executor.run(&plan, iteration, &mut collector).unwrap();
    }
    collector.finish().unwrap()
}

/// Driver tracks, clocks, counters and losses, a line each.
fn described(trace: &Trace) -> String {
    let mut text = format!("{}\n", trace.meta.provenance.source());
    for track in &trace.tracks {
        let TrackKind::Driver { rank, row } = track.kind else { continue };
        writeln!(text, "rank {rank} row {row}: {}", track.name).unwrap();
        for (depth, &lane) in track.lanes.iter().enumerate() {
            let slices = &trace.lane(lane).slices;
            for index in 0..slices.len() {
                let span = slices.span(index);
                let label = trace.label(slices.label[index]);
                let args = trace.args.get(slices.args[index]);
                writeln!(
                    text,
                    "  lane {depth} {:>4}..{:<4} {} {:?} layer {:?} phase {:?} {args:?}",
                    span.start_ns,
                    span.end_ns,
                    label.name,
                    label.kind,
                    label.layer,
                    label.phase.name()
                )
                .unwrap();
            }
        }
    }
    for clock in &trace.meta.clocks {
        writeln!(text, "{clock:?}").unwrap();
    }
    for counter in &trace.counters {
        writeln!(text, "{} {:?} {:?}", counter.name, counter.at_ns, counter.value).unwrap();
    }
    for (cause, count) in &trace.diagnostics.counts {
        writeln!(text, "{count} × {cause}").unwrap();
    }
    text
}

#[test]
fn cupti_stands_beside_the_stamps() {
    insta::assert_snapshot!(described(&recorded(PaperSource::default(), 1)));
}

#[test]
fn ops_of_graphs_are_told_by_their_nodes() {
    let launched = |in_graphs| {
        let toy = WatchedToy { in_graphs, ..WatchedToy::default() };
        described(&recorded_of(toy, PaperSource::default(), 3))
    };
    assert_eq!(launched(true), launched(false));
}

/// The calls of the launching thread, and by each the ops that its arrows lead to.
fn calls(trace: &Trace) -> Vec<String> {
    let mut calls = BTreeMap::new();
    for flow in trace.flows.iter().filter(|flow| flow.kind == FlowKind::Launch) {
        let track = trace.track(trace.lane(flow.from.lane).track);
        assert!(matches!(track.kind, TrackKind::HostThread { rank: None, tid: 77, .. }));
        let name = &trace.label_of(flow.from).name;
        let call = (trace.span_of(flow.from).start_ns, format!("{}: {name}", track.name));
        let op = trace.label_of(flow.to);
        let rank = trace.track(trace.lane(flow.to.lane).track).kind.rank().unwrap();
        calls.entry(call).or_insert_with(Vec::new).push(format!("{} of {rank}", op.name));
    }
    let line = |((at, call), ops): ((i64, String), Vec<String>)| format!("{at} {call} {ops:?}");
    calls.into_iter().map(line).collect()
}

#[test]
fn calls_that_launch_stand_on_their_thread_and_lead_to_their_ops() {
    let launched = |in_graphs| {
        let toy = WatchedToy { in_graphs, ..WatchedToy::default() };
        recorded_of(toy, PaperSource::default(), 1)
    };
    insta::assert_snapshot!(calls(&launched(true)).join("\n"));
    let one_by_one = launched(false);
    assert_eq!(calls(&one_by_one).len(), 8, "one an op and rank");
    let arrows = |trace: &Trace| -> BTreeSet<SliceRef> {
        let launches = trace.flows.iter().filter(|flow| flow.kind == FlowKind::Launch);
        launches.map(|flow| flow.to).collect()
    };
    assert_eq!((arrows(&one_by_one).len(), arrows(&launched(true)).len()), (8, 8));
}

#[test]
fn nodes_that_nobody_knows_are_of_no_op_and_counted() {
    let ops = [0, 1].map(|op| OpRecord {
        op: OpId(op),
        rank: 0,
        start_ns: 1_000 * i64::from(op),
        end_ns: 1_000 * i64::from(op) + 900,
    });
    let span = |op: i64| (1_000 * op - 5, 1_000 * op + 905);
    let events = vec![
        replayed(kernel(0, 5, span(0), "weft_gemm"), 1),
        replayed(kernel(0, 5, span(1), "weft_gemm"), 2),
        replayed(kernel(0, 5, (-20, -10), "weft_mark"), 3),
    ];
    let mut joiner = Joiner::new(GPUS.to_vec());
    joiner.begin(i64::MIN);
    let nodes = [(1, OpId(0))].into();
    joiner.take(&Seen { events, marks: vec![mark(0, None, 5)], nodes, ..Seen::default() });
    let joined = joiner.join(LaunchedIteration { index: 0, ops: &ops, end_ns: 1_900 });
    let kernels = joined.launches.iter().filter(|launch| !launch.kind.is_call());
    assert_eq!(kernels.map(|launch| launch.op).collect::<Vec<_>>(), [None, Some(OpId(0)), None]);
    let lost = [("CUPTI kernels of no op", 1), ("ops that CUPTI saw no kernel of", 1)];
    assert_eq!(joined.lost, lost);
}

#[test]
fn iterations_keep_to_themselves() {
    let trace = recorded(PaperSource::default(), 3);
    let kernels = |rank: u32| -> usize {
        let tracks = trace.tracks.iter().filter(|track| {
            matches!(track.kind, TrackKind::Driver { rank: of, .. } if of == rank)
                && ["CUPTI compute", "CUPTI comm"].contains(&&*track.name)
        });
        tracks.flat_map(|track| &track.lanes).map(|&lane| trace.lane(lane).slices.len()).sum()
    };
    assert_eq!((kernels(0), kernels(1)), (3 * 4, 3 * 4));
    assert_eq!(trace.diagnostics.counts["CUPTI kernels of no op"], 3);
}

#[test]
fn without_marks_every_op_is_missed_and_nothing_is_guessed() {
    let source = PaperSource::default();
    source.0.lock().unwrap().is_forgetful = true;
    let trace = recorded(source, 1);
    assert_eq!(trace.diagnostics.counts["ops that CUPTI saw no kernel of"], 8);
    assert_eq!(trace.diagnostics.counts["CUPTI records without a clock to place them by"], 13);
    assert!(trace.meta.clocks.is_empty());
    assert!(!trace.tracks.iter().any(|track| matches!(track.kind, TrackKind::Driver { .. })));
}

#[test]
fn recording_off_asks_no_source() {
    let plan = Arc::new(toy_plan(&toy_spec()).unwrap());
    let mut executor = Instrumented::new(WatchedToy::default(), PaperSource::default());
    executor.set_recording(false);
    let mut collector = Collector::new(executor.provenance());
    executor.run(&plan, 0, &mut collector).unwrap();
    let trace = collector.finish().unwrap();
    assert!(!trace.tracks.iter().any(|track| matches!(track.kind, TrackKind::Driver { .. })));
    assert!(executor.inner().watch.is_none());
    executor.set_recording(true);
    assert!(executor.inner().watch.is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Iterations launched together, their records in any order: each iteration gets the kernels of its own ops, whole.
    #[test]
    fn iterations_are_told_apart(
        iterations in 1_u16..5,
        ops in 1_u32..6,
        order in any::<u64>(),
        apart in -1_000_000_i64..1_000_000,
        in_graphs in any::<bool>(),
    ) {
        let (mut events, mut marks) = (Vec::new(), Vec::new());
        let mut correlation = 10;
        let at = |index: u16, op: u32| i64::from(index) * 100_000 + i64::from(op) * 10_000;
        let node = |rank: u32, op: u32| u64::from(10 * rank + op + 1);
        for index in 0..iterations {
            for op in 0..ops {
                for rank in 0..2 {
                    let start = at(index, op) - APART_NS + apart;
                    let span = (start, start + 9_000);
                    let name = format!("k{index}_{op}");
                    if in_graphs {
                        let graph = 10 + 2 * u32::from(index) + rank;
                        marks.push(mark(index, None, graph));
                        events.push(replayed(kernel(rank, graph, span, &name), node(rank, op)));
                    } else {
                        correlation += 1;
                        marks.push(mark(index, Some(op), correlation));
                        events.push(kernel(rank, correlation, span, &name));
                    }
                }
            }
        }
        let nodes = (0..2).flat_map(|rank| (0..ops).map(move |op| (node(rank, op), OpId(op)))).collect();
        shuffle(&mut events, order);
        let mut joiner = Joiner::new(GPUS.to_vec());
        joiner.begin(i64::MIN);
        joiner.take(&Seen { events, marks, nodes, ..Seen::default() });
        for index in 0..iterations {
            let records: Vec<OpRecord> = (0..ops)
                .flat_map(|op| [0, 1].map(|rank| (op, rank)))
                .map(|(op, rank)| OpRecord {
                    op: OpId(op),
                    rank,
                    start_ns: at(index, op) + 300,
                    end_ns: at(index, op) + 8_700,
                })
                .collect();
            let end_ns = at(index, ops - 1) + 8_700;
            let joined = joiner.join(LaunchedIteration { index, ops: &records, end_ns });
            prop_assert_eq!(&joined.lost, &vec![]);
            let (calls, kernels): (Vec<_>, Vec<_>) =
                joined.launches.iter().partition(|launch| launch.kind.is_call());
            prop_assert_eq!(kernels.len(), 2 * ops as usize);
            prop_assert_eq!(calls.len(), if in_graphs { 2 } else { 2 * ops as usize });
            for launch in kernels {
                prop_assert!(is_whole(launch, index, at(index, launch.op.unwrap().0)), "{:?}", launch);
            }
        }
    }
}

fn is_whole(launch: &LaunchRecord, index: u16, start_ns: i64) -> bool {
    let op = launch.op.unwrap().0;
    launch.kind == LaunchKind::Kernel
        && *launch.name == format!("k{index}_{op}")
        && (launch.start_ns - start_ns).abs() <= 1
        && (launch.end_ns - start_ns - 9_000).abs() <= 1
}

/// Fisher–Yates with a linear congruential generator.
fn shuffle(events: &mut [ActivityRecord], mut state: u64) {
    for index in (1..events.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        events.swap(index, (state >> 33) as usize % (index + 1));
    }
}
