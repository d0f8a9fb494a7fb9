use std::sync::Arc;

use weftscope_engine::{
    executor::{Executor, ExecutorInfo},
    observer::{BlockRecord, CounterRecord, IterationEnd, Observer, OpRecord},
    plan::Plan,
};
use weftscope_traces::analysis::{Config, overlap};

use crate::{collect::Collector, record::RunError};

/// What is kept of one iteration.
pub(super) struct Heard {
    /// In the order told.
    pub(super) ops: Vec<OpRecord>,
    /// Communication of all ranks that lies under computation, and all of it, ns.
    pub(super) hidden_and_comm_ns: (i64, i64),
    /// Records that did not arrive.
    pub(super) lost: u64,
}

impl Heard {
    /// Runs one iteration and listens.
    pub(super) fn iteration(
        executor: &mut dyn Executor,
        plan: &Arc<Plan>,
        number: u64,
    ) -> Result<Self, RunError> {
        let mut both = Both { ops: Vec::new(), lost: 0, trace: Collector::new(info(executor)) };
        executor.run(plan, number, &mut both)?;
        let trace = both.trace.finish()?;
        let report = overlap(&trace, &Config::default());
        let hidden_and_comm_ns = report.ranks.iter().fold((0, 0), |(hidden, comm), rank| {
            (hidden + rank.total.overlap_ns, comm + rank.total.comm_ns)
        });
        Ok(Self { ops: both.ops, hidden_and_comm_ns, lost: both.lost })
    }

    /// From the first op of layer 1 to the first of the last layer, on rank 0, over the layers between: no head, no
    /// tail. µs; `None` when there are fewer than three layers, or an op left no record.
    pub(super) fn per_layer_us(&self, plan: &Plan) -> Option<f64> {
        let start_of = |layer: u32| {
            let ops = self.ops.iter().filter(|record| record.rank == 0);
            ops.filter(|record| plan.ops[record.op.0 as usize].layer == Some(layer))
                .map(|record| record.start_ns)
                .min()
        };
        let last = plan.layers.checked_sub(1).filter(|&last| last > 1)?;
        Some((start_of(last)? - start_of(1)?) as f64 / 1e3 / f64::from(last - 1))
    }
}

fn info(executor: &dyn Executor) -> ExecutorInfo {
    executor.provenance()
}

/// Keeps ops and builds the trace that the analysis reads.
struct Both {
    ops: Vec<OpRecord>,
    lost: u64,
    trace: Collector,
}

impl Observer for Both {
    fn begin(&mut self, plan: &Arc<Plan>, iteration: u64, alone_ns: &[Option<i64>]) {
        self.trace.begin(plan, iteration, alone_ns);
    }
    fn blocks(&mut self, records: &[BlockRecord]) {
        self.trace.blocks(records);
    }
    fn op(&mut self, record: OpRecord) {
        self.ops.push(record);
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
