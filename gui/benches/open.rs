//! Opening a document: all that is derived from a trace once before it is drawn and explained, whole and by part, on
//! the largest job that the simulator knows: Llama-3.3-70B, 80 layers on eight H100s, woven.

use std::{sync::Arc, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use weftscope::{
    app::{Document, Explanation},
    timeline::TimelineData,
};
use weftscope_engine::{
    batch::Batch,
    machine, model,
    sim::Simulator,
    spec::{Knobs, RunSpec, StrategyKind},
};
use weftscope_profiler::record::record;
use weftscope_traces::{
    Trace,
    analysis::{Config, Ops},
    lod::{Pyramid, Ribbon},
};

/// One iteration of 8192 tokens.
fn recording() -> Trace {
    let spec = RunSpec {
        model: model::builtin("llama-3.3-70b").expect("built in"),
        machine: machine::builtin("h100x8").expect("built in"),
        batch: Batch::prefill(8192, 8192),
        knobs: Knobs { strategy: StrategyKind::TokenWeave, tp: 8, ..Knobs::default() },
    };
    let mut simulator = Simulator::new(&spec.machine);
    record(&mut simulator, &spec, 1, &mut |_| true).expect("the main job can be planned and run")
}

fn open(criterion: &mut Criterion) {
    let trace = Arc::new(recording());
    println!("{} slices, {} lanes", trace.num_slices(), trace.lanes.len());
    let mut group = criterion.benchmark_group("open");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    group.throughput(Throughput::Elements(trace.num_slices() as u64));
    group.bench_function("document", |bencher| {
        bencher.iter_with_large_drop(|| Document::prepare(Arc::clone(&trace), "bench"));
    });
    group.bench_function("explanation", |bencher| {
        bencher.iter(|| Explanation::of(&Ops::of(&trace, &Config::default())));
    });
    group.bench_function("timeline data", |bencher| {
        bencher.iter_with_large_drop(|| TimelineData::new(Arc::clone(&trace)));
    });
    group.bench_function("pyramid", |bencher| {
        bencher.iter_with_large_drop(|| Pyramid::build(&trace));
    });
    group.bench_function("ribbon of one rank", |bencher| {
        bencher.iter_with_large_drop(|| Ribbon::build(&trace, 0));
    });
    group.finish();
}

criterion_group!(benches, open);
criterion_main!(benches);
