//! Thread blocks a second, simulated and recorded on one core: the collector stands behind the simulator with no
//! thread between. `simulate` is the simulator alone.

use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use weftscope_engine::{
    batch::Batch,
    executor::Executor,
    machine, model,
    observer::NullObserver,
    plan::{Plan, plan},
    sim::Simulator,
    spec::{Knobs, RunSpec},
};
use weftscope_profiler::collect::Collector;
use weftscope_traces::lod::Pyramid;

fn llama(layers: u32) -> Arc<Plan> {
    let spec = RunSpec {
        model: model::builtin("llama-3.3-70b").expect("built in"),
        machine: machine::builtin("h100x8").expect("built in"),
        batch: Batch::prefill(8192, 8192),
        knobs: Knobs { layers: Some(layers), ..Knobs::default() },
    };
    Arc::new(plan(&spec).expect("the main job can be planned"))
}

fn record(criterion: &mut Criterion) {
    for layers in [2, 80] {
        let plan = llama(layers);
        let blocks: u64 = plan.ops.iter().map(|op| u64::from(op.grid)).sum();
        let mut group = criterion.benchmark_group(format!("{layers} layers on 8 ranks"));
        group.throughput(Throughput::Elements(blocks * u64::from(plan.ranks))).sample_size(10);
        let mut simulator = Simulator::new(&plan.spec.machine);
        group.bench_function("simulate", |bencher| {
            bencher.iter(|| simulator.run(&plan, 0, &mut NullObserver).expect("runs"));
        });
        let mut collect = || {
            let mut collector = Collector::new(simulator.provenance());
            simulator.run(&plan, 0, &mut collector).expect("runs");
            collector.finish().expect("makes a trace")
        };
        group.bench_function("simulate and record", |bencher| {
            bencher.iter_with_large_drop(&mut collect);
        });
        let trace = collect();
        group.bench_function("pyramid", |bencher| {
            bencher.iter_batched(|| (), |()| Pyramid::build(&trace), BatchSize::LargeInput);
        });
        group.finish();
    }
}

criterion_group!(benches, record);
criterion_main!(benches);
