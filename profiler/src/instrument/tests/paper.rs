//! A CUPTI on paper, and an executor on paper whose launches it is notified of.

use std::sync::{Arc, Mutex};

use cupti_sys::{Kernel, Memcpy, Overhead, Record, Synchronization};
use weftscope_engine::{
    executor::{ExecError, Executor, ExecutorInfo, IterationTime},
    observer::{Counter, LaunchWatch, Observer},
    plan::{OpId, Plan},
};

use crate::{
    cupti::{
        ActivityRecord,
        mark::{Launch, LaunchMark},
    },
    instrument::{
        Seen, Source, Watched,
        samples::{Sample, Series},
    },
    overhead::Recording,
    testing::Toy,
};

/// CUPTI's time less the executor's.
pub(super) const APART_NS: i64 = 5_000_000;

/// GPUs of the two ranks, as the driver numbers them.
pub(super) const GPUS: [u32; 2] = [4, 6];

pub(super) fn kernel(
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
pub(super) fn replayed(mut event: ActivityRecord, node: u64) -> ActivityRecord {
    let Record::Kernel(kernel) = &mut event.record else { panic!("a kernel") };
    kernel.graph_node = node;
    event
}

/// Of an op, or of a graph of many.
pub(super) fn mark(iteration: u16, op: Option<u32>, correlation: u32) -> LaunchMark {
    let at_ns = 900 + i64::from(correlation % 100) + APART_NS;
    LaunchMark {
        correlation,
        launch: Launch { iteration, op: op.map(OpId) },
        call: if op.is_some() { "cuLaunchKernelEx" } else { "cuGraphLaunch" },
        called: (at_ns, at_ns + 1),
    }
}

/// What the paper CUPTI has seen.
#[derive(Debug, Default)]
pub(super) struct Paper {
    batch: u64,
    /// By rank; without an op, of the rank's graph.
    launches: Vec<(u32, Option<OpId>)>,
    /// Ops of the nodes of graphs, rank after rank: a node's id is its place, from 1.
    nodes: Vec<OpId>,
    /// Keep the marks of launches to itself.
    pub(super) is_forgetful: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct PaperSource(pub(super) Arc<Mutex<Paper>>);

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
            thread: 77,
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
pub(super) struct WatchedToy {
    pub(super) watch: Option<Box<dyn LaunchWatch>>,
    pub(super) in_graphs: bool,
    pub(super) has_captured: bool,
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
