//! Runs of the simulator for its tests, and an observer that keeps everything.
use std::sync::Arc;

use weftscope_engine::{
    batch::Batch,
    executor::{ExecError, Executor, IterationTime},
    machine::{self, Machine},
    model,
    observer::{BlockRecord, CounterRecord, IterationEnd, Observer, OpRecord},
    plan::{Plan, plan},
    sim::Simulator,
    spec::{Knobs, RunSpec, StrategyKind, Transport},
};

/// Keeps all it is told.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) alone_ns: Vec<Option<i64>>,
    pub(crate) blocks: Vec<BlockRecord>,
    pub(crate) ops: Vec<OpRecord>,
    pub(crate) counters: Vec<CounterRecord>,
    pub(crate) ends: Vec<IterationEnd>,
}

impl Observer for Kept {
    fn begin(&mut self, _: &Arc<Plan>, _: u64, alone_ns: &[Option<i64>]) {
        self.alone_ns = alone_ns.to_vec();
    }
    fn blocks(&mut self, records: &[BlockRecord]) {
        self.blocks.extend_from_slice(records);
    }
    fn op(&mut self, record: OpRecord) {
        self.ops.push(record);
    }
    fn counters(&mut self, records: &[CounterRecord]) {
        self.counters.extend_from_slice(records);
    }
    fn end(&mut self, end: &IterationEnd) {
        self.ends.push(end.clone());
    }
}

/// A built-in machine.
pub(crate) fn machine_of(name: &str) -> Machine {
    machine::builtin(name).expect("a built-in machine")
}

/// One prefill of `tokens` through Llama-3.3-70B at degree 8 on 8 × H100, cut as by default.
pub(crate) fn llama(strategy: StrategyKind, tokens: u32, layers: Option<u32>) -> RunSpec {
    RunSpec {
        model: model::builtin("llama-3.3-70b").expect("a built-in model"),
        machine: machine_of("h100x8"),
        batch: Batch::prefill(tokens, tokens),
        knobs: Knobs { strategy, layers, ..Knobs::default() },
    }
}

/// A prefill of `tokens` through Llama-3.3-70B woven on two H200, shards of 8, as this project's own runs are made.
pub(crate) fn woven_on_two(tokens: u32) -> RunSpec {
    RunSpec {
        model: model::builtin("llama-3.3-70b").expect("a built-in model"),
        machine: machine_of("h200x2"),
        batch: Batch::prefill(tokens, tokens),
        knobs: Knobs {
            tp: 2,
            shard_of: Some(8),
            strategy: StrategyKind::TokenWeave,
            transport: Transport::P2p,
            layers: Some(4),
            ..Knobs::default()
        },
    }
}

/// Plans and runs.
pub(crate) fn run(spec: &RunSpec) -> (Arc<Plan>, Kept, IterationTime) {
    let plan = Arc::new(plan(spec).expect("a plan"));
    let (kept, time) = run_plan(&plan);
    (plan, kept, time.expect("a run"))
}

/// Runs a plan.
pub(crate) fn run_plan(plan: &Arc<Plan>) -> (Kept, Result<IterationTime, ExecError>) {
    let mut kept = Kept::default();
    let time = Simulator::new(&plan.spec.machine).run(plan, 0, &mut kept);
    (kept, time)
}

/// Duration of an iteration, ms.
pub(crate) fn ms(time: IterationTime) -> f64 {
    (time.end_ns - time.start_ns) as f64 * 1e-6
}

/// Rows of a CSV of numbers, without comments and heading.
pub(crate) fn table(csv: &str) -> Vec<Vec<f64>> {
    let lines = csv.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit()));
    let row = |line: &str| line.split(',').map(|cell| cell.parse().expect("a number")).collect();
    lines.map(row).collect()
}
