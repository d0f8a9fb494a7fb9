//! An executor on paper under a CUPTI on paper: what the observer receives, and what stands in the trace.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex},
};

use cupti_sys::{Kernel, Memcpy, Overhead, Record, Synchronization};
use proptest::prelude::*;
use weftscope_engine::{
    executor::{ExecError, Executor, ExecutorInfo, IterationTime},
    observer::{Counter, LaunchKind, LaunchRecord, LaunchWatch, Observer, OpRecord},
    plan::{OpId, Plan},
};
use weftscope_traces::{Trace, TrackKind};

use super::{
    Instrumented, Joiner, LaunchedIteration, Seen, Source, Watched,
    samples::{Sample, Series},
};
use crate::{
    collect::Collector,
    cupti::{
        ActivityRecord,
        mark::{Launch, LaunchMark},
    },
    overhead::Recording,
    testing::{Toy, toy_plan, toy_spec},
};

/// CUPTI's time less the executor's.
const APART_NS: i64 = 5_000_000;

/// GPUs of the two ranks, as the driver numbers them.
const GPUS: [u32; 2] = [4, 6];

fn kernel(
    rank: u32,
    correlation: u32,
    (start_ns, end_ns): (i64, i64),
    name: &str,
) -> ActivityRecord {
    let record = Record::Kernel(Kernel {
        start_ns: (start_ns + APART_NS) as u64,
        end_ns: (end_ns + APART_NS) as u64,
        device: GPUS[rank as usize],
        context: 10 + rank,
        stream: 7,
        grid: [4, 1, 1],
        block: [1024, 1, 1],
        registers: 32,
        static_smem_bytes: 0,
        dynamic_smem_bytes: 0,
        correlation,
        grid_id: 0,
        name_address: 0,
        graph_node: 0,
        graph: 0,
        cluster: [1; 3],
    });
    ActivityRecord { record, name: Some(name.to_owned()) }
}

/// The same, replayed from a graph.
fn replayed(mut event: ActivityRecord, node: u64) -> ActivityRecord {
    let Record::Kernel(kernel) = &mut event.record else { panic!("a kernel") };
    kernel.graph_node = node;
    event
}

/// Of an op, or of a graph of many.
fn mark(iteration: u16, op: Option<u32>, correlation: u32) -> LaunchMark {
    LaunchMark { correlation, launch: Launch { iteration, op: op.map(OpId) } }
}

/// What the paper CUPTI has seen.
#[derive(Debug, Default)]
struct Paper {
    batch: u64,
    /// By rank; without an op, of the rank's graph.
    launches: Vec<(u32, Option<OpId>)>,
    /// Ops of the nodes of graphs, rank after rank: a node's id is its place, from 1.
    nodes: Vec<OpId>,
    /// Keep the marks of launches to itself.
    is_forgetful: bool,
}

#[derive(Clone, Debug, Default)]
struct PaperSource(Arc<Mutex<Paper>>);

#[derive(Debug)]
struct PaperWatch(Arc<Mutex<Paper>>);

impl LaunchWatch for PaperWatch {
    fn begin(&mut self) {
        let mut paper = self.0.lock().unwrap();
        paper.batch += 1;
        paper.launches.clear();
    }
    fn before(&mut self, rank: u32, op: OpId) {
        self.0.lock().unwrap().launches.push((rank, Some(op)));
    }
    fn capturing(&mut self, op: OpId) {
        self.0.lock().unwrap().nodes.push(op);
    }
    fn before_graph(&mut self, rank: u32) {
        self.0.lock().unwrap().launches.push((rank, None));
    }
    fn after(&mut self) {}
}

impl Source for PaperSource {
    fn watch(&self) -> Box<dyn LaunchWatch> {
        Box::new(PaperWatch(Arc::clone(&self.0)))
    }

    /// A kernel a launch, 5 ns wider than its blocks on either side, and some of everything else.
    fn take(&mut self) -> Seen {
        let mut paper = self.0.lock().unwrap();
        let mut seen = Seen {
            batch: paper.batch,
            began_ns: 500 + APART_NS,
            lost: vec![("records dropped by CUPTI", 2)],
            ..Seen::default()
        };
        let forgetful = paper.is_forgetful;
        let of_rank = paper.nodes.len() / GPUS.len();
        let nodes: Vec<(u64, OpId)> = (1..).zip(paper.nodes.iter().copied()).collect();
        for (index, (rank, op)) in paper.launches.drain(..).enumerate() {
            let correlation = 100 + index as u32;
            if !forgetful {
                seen.marks.push(mark(0, op.map(|op| op.0), correlation));
                seen.nodes.extend(nodes.iter().copied());
            }
            let kernel_of = |op: OpId| {
                let at = 1000 + 100 * [0, 1, 1, 2][op.0 as usize] + 10 * i64::from(rank);
                kernel(rank, correlation, (at - 5, at + 105), "weft_gemm")
            };
            match op {
                Some(op) => seen.events.push(kernel_of(op)),
                None => {
                    let mine = &nodes[rank as usize * of_rank..][..of_rank];
                    seen.events
                        .extend(mine.iter().map(|&(node, op)| replayed(kernel_of(op), node)));
                }
            }
        }
        seen.events.extend(others());
        let sample =
            |at: i64, sm: f64| Sample { start_ns: at, end_ns: at + 100, values: vec![sm, 0.5] };
        seen.series.push(Series {
            rank: 0,
            counters: vec![Counter::SmActive, Counter::Hbm],
            samples: vec![sample(1_000, 80.0), sample(1_100, 90.0), sample(9_000, 1.0)],
        });
        seen
    }

    fn set_on(&mut self, _: bool) {}

    fn name(&self) -> String {
        "CUPTI on paper".to_owned()
    }
}

/// A copy, a wait, CUPTI's own work, the executor's mark, another program's kernel, and a kernel of before the run.
fn others() -> Vec<ActivityRecord> {
    let at = |ns: i64| (ns + APART_NS) as u64;
    let copy = Record::Memcpy(Memcpy {
        start_ns: at(1_050),
        end_ns: at(1_060),
        copy_kind: 2,
        bytes: 4096,
        device: GPUS[1],
        context: 11,
        stream: 0,
        correlation: 7,
        ..Memcpy::default()
    });
    let wait = Record::Synchronization(Synchronization {
        start_ns: at(1_020),
        end_ns: at(1_400),
        kind: 4,
        correlation: 8,
        context: 11,
        stream: u32::MAX,
    });
    let overhead = Overhead { start_ns: at(1_310), end_ns: at(1_330), kind: 1 << 16 };
    let mut events: Vec<ActivityRecord> = [copy, wait, Record::Overhead(overhead)]
        .into_iter()
        .map(|record| ActivityRecord { record, name: None })
        .collect();
    events.push(kernel(0, 1, (980, 990), "weft_mark"));
    events.push(kernel(0, 2, (1_150, 1_160), "somebody_else"));
    events.push(kernel(0, 3, (200, 300), "before_the_run"));
    events
}

/// [`Toy`], notified of launches.
#[derive(Debug, Default)]
struct WatchedToy {
    watch: Option<Box<dyn LaunchWatch>>,
    in_graphs: bool,
    has_captured: bool,
}

impl WatchedToy {
    fn launch(&mut self, plan: &Plan) {
        let Some(watch) = &mut self.watch else { return };
        let each_rank = 0..plan.ranks;
        if self.in_graphs && !self.has_captured {
            for op in each_rank.clone().flat_map(|_| &plan.ops) {
                watch.capturing(op.id);
                watch.after();
            }
            self.has_captured = true;
        }
        watch.begin();
        if self.in_graphs {
            for rank in each_rank {
                watch.before_graph(rank);
                watch.after();
            }
        } else {
            for (op, rank) in plan.ops.iter().flat_map(|op| each_rank.clone().map(move |r| (op, r)))
            {
                watch.before(rank, op.id);
                watch.after();
            }
        }
        watch.end();
    }
}

impl Executor for WatchedToy {
    fn run(
        &mut self,
        plan: &Arc<Plan>,
        iteration: u64,
        observer: &mut dyn Observer,
    ) -> Result<IterationTime, ExecError> {
        self.launch(plan);
        Toy::default().run(plan, iteration, observer)
    }

    fn provenance(&self) -> ExecutorInfo {
        ExecutorInfo { measured: true, ..ExecutorInfo::modelled("toy") }
    }
}

impl Watched for WatchedToy {
    fn watch(&mut self, watch: Option<Box<dyn LaunchWatch>>) {
        self.watch = watch;
    }
    fn gpus(&self) -> Vec<u32> {
        GPUS.to_vec()
    }
}

impl Recording for WatchedToy {
    fn set_recording(&mut self, _: bool) {}
    fn last_event_ns(&self) -> Result<i64, ExecError> {
        Ok(310)
    }
}

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
    let told: Vec<Option<OpId>> = joined.launches.iter().map(|launch| launch.op).collect();
    assert_eq!(told, [None, Some(OpId(0)), None]);
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
            prop_assert_eq!(joined.launches.len(), 2 * ops as usize);
            for launch in &joined.launches {
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
