use std::sync::Arc;

use weftscope_engine::{
    executor::Executor,
    observer::{BlockRecord, CounterRecord, IterationEnd, Observer, OpRecord},
    plan::Plan,
};
use weftscope_traces::analysis::{Config, Ops, overlap};

use crate::{collect::Collector, record::RunError};

/// What is kept of one turn: iterations that ran back to back.
pub(super) struct Heard {
    /// Of each iteration, in the order told.
    pub(super) ops: Vec<Vec<OpRecord>>,
    /// Communication of all ranks that lies under computation, and all of it, ns, all iterations.
    pub(super) hidden_and_comm_ns: (i64, i64),
    /// Records that did not arrive.
    pub(super) lost: u64,
}

impl Heard {
    /// Runs `count` iterations from number `first` on and listens.
    pub(super) fn turn(
        executor: &mut dyn Executor,
        plan: &Arc<Plan>,
        (first, count): (u64, u32),
    ) -> Result<Self, RunError> {
        let trace = Collector::new(executor.provenance());
        let mut both = Both { ops: Vec::new(), lost: 0, trace };
        executor.run_many(plan, (first, count), &mut both)?;
        let trace = both.trace.finish()?;
        let report = overlap(&Ops::of(&trace, &Config::default()));
        let hidden_and_comm_ns = report.ranks.iter().fold((0, 0), |(hidden, comm), rank| {
            (hidden + rank.total.overlap_ns, comm + rank.total.comm_ns)
        });
        Ok(Self { ops: both.ops, hidden_and_comm_ns, lost: both.lost })
    }

    /// µs a layer of each iteration: from the first op of layer 1 to the first of the last layer, on rank 0, over the
    /// layers between: no head, no tail. Iterations with fewer than three layers, or without records of both ends, say
    /// nothing.
    pub(super) fn per_layer_us(&self, plan: &Plan) -> impl Iterator<Item = f64> {
        self.ops.iter().filter_map(|ops| per_layer_us(plan, ops))
    }
}

fn per_layer_us(plan: &Plan, ops: &[OpRecord]) -> Option<f64> {
    let start_of = |layer: u32| {
        let ops = ops.iter().filter(|record| record.rank == 0);
        ops.filter(|record| plan.ops[record.op.0 as usize].layer == Some(layer))
            .map(|record| record.start_ns)
            .min()
    };
    let last = plan.layers.checked_sub(1).filter(|&last| last > 1)?;
    Some((start_of(last)? - start_of(1)?) as f64 / 1e3 / f64::from(last - 1))
}

/// Keeps ops and builds the trace that the analysis reads.
struct Both {
    ops: Vec<Vec<OpRecord>>,
    lost: u64,
    trace: Collector,
}

impl Observer for Both {
    fn begin(&mut self, plan: &Arc<Plan>, iteration: u64, alone_ns: &[Option<i64>]) {
        self.ops.push(Vec::new());
        self.trace.begin(plan, iteration, alone_ns);
    }
    fn blocks(&mut self, records: &[BlockRecord]) {
        self.trace.blocks(records);
    }
    fn op(&mut self, record: OpRecord) {
        if let Some(ops) = self.ops.last_mut() {
            ops.push(record);
        }
        self.trace.op(record);
    }
    fn counters(&mut self, records: &[CounterRecord]) {
        self.trace.counters(records);
    }
    fn end(&mut self, end: &IterationEnd) {
        self.lost += end.lost.iter().map(|(_, count)| count).sum::<u64>();
        self.trace.end(end);
    }
}
