//! Thread blocks simulated and recorded a second: 80 layers of Llama-3.3-70B, 8192 tokens, 8 ranks.

use std::{hint::black_box, sync::Arc};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use weftscope_engine::{
    batch::Batch,
    executor::Executor,
    machine, model,
    observer::{BlockRecord, CounterRecord, Observer},
    plan::{Plan, plan},
    sim::Simulator,
    spec::{Knobs, RunSpec, StrategyKind},
};

/// Records into columns, as a trace does; allocated once and reused, so that the simulator is measured.
#[derive(Default)]
struct Columns {
    start_ns: Vec<i64>,
    duration_ns: Vec<u32>,
    op: Vec<u32>,
    block: Vec<u32>,
    place: Vec<u64>,
}

impl Observer for Columns {
    fn begin(&mut self, _: &Arc<Plan>, _: u64, _: &[Option<i64>]) {
        self.start_ns.clear();
        self.duration_ns.clear();
        self.op.clear();
        self.block.clear();
        self.place.clear();
    }
    fn blocks(&mut self, records: &[BlockRecord]) {
        self.start_ns.extend(records.iter().map(|record| record.start_ns));
        let duration = |record: &BlockRecord| (record.end_ns - record.start_ns) as u32;
        self.duration_ns.extend(records.iter().map(duration));
        self.op.extend(records.iter().map(|record| record.op.0));
        self.block.extend(records.iter().map(|record| record.block));
        let place = |record: &BlockRecord| {
            u64::from(record.rank) << 32
                | u64::from(record.sm) << 16
                | u64::from(record.slot) << 8
                | record.part as u64
        };
        self.place.extend(records.iter().map(place));
    }
    fn counters(&mut self, records: &[CounterRecord]) {
        black_box(records);
    }
}

fn simulate(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("simulate llama 8192 tokens, 80 layers, 8 ranks");
    group.sample_size(10);
    for strategy in [StrategyKind::NoComm, StrategyKind::Multimem, StrategyKind::TokenWeave] {
        let machine = machine::builtin("h100x8").expect("built in");
        let spec = RunSpec {
            model: model::builtin("llama-3.3-70b").expect("built in"),
            machine: machine.clone(),
            batch: Batch::prefill(8192, 8192),
            knobs: Knobs { strategy, ..Knobs::default() },
        };
        let plan = Arc::new(plan(&spec).expect("a plan"));
        let mut simulator = Simulator::new(&machine);
        let mut columns = Columns::default();
        simulator.run(&plan, 0, &mut columns).expect("a run");
        group.throughput(Throughput::Elements(columns.start_ns.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(strategy.name()), |bencher| {
            bencher.iter(|| simulator.run(&plan, 0, &mut columns).expect("a run"));
        });
    }
    group.finish();
}

criterion_group!(benches, simulate);
criterion_main!(benches);
