//! Planning: what a turn of a knob costs before anything runs.

use criterion::{Criterion, criterion_group, criterion_main};
use weftscope_engine::{
    batch::Batch,
    machine, model,
    plan::plan,
    spec::{Knobs, RunSpec, StrategyKind},
    split::survey,
};

fn plans(c: &mut Criterion) {
    for (model, layers) in [("llama-3.3-70b", 80), ("qwen3-235b-a22b", 94)] {
        let spec = RunSpec {
            model: model::builtin(model).expect("built in"),
            machine: machine::builtin("h100x8").expect("built in"),
            batch: Batch::prefill(8192, 8192),
            knobs: Knobs { strategy: StrategyKind::TokenWeave, ..Knobs::default() },
        };
        c.bench_function(&format!("plan {model}, {layers} layers, 8192 tokens"), |b| {
            b.iter(|| plan(&spec).expect("a plan").ops.len());
        });
        c.bench_function(&format!("survey {model}, 8192 tokens"), |b| {
            b.iter(|| survey(&spec).expect("a survey").points.len());
        });
    }
}

criterion_group!(benches, plans);
criterion_main!(benches);
