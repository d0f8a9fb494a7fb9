//! A recording run once more: made ready, asked about edit after edit as the window does, and read by suggestions. Of the size that
//! an answer must be immediate for, four layers on eight ranks, and of a million kernels.

use std::{hint::black_box, ops::ControlFlow, sync::Arc, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use weftscope::app::Document;
use weftscope_engine::{
    batch::Batch,
    machine, model,
    sim::Simulator,
    spec::{Knobs, RunSpec, StrategyKind},
};
use weftscope_profiler::record::record;
use weftscope_traces::{
    ArgsId, Kind, Label, Meta, Provenance, Span, Trace, TraceBuilder, TrackKind,
    analysis::{Config, Ops},
    replay::{Answer, Edit, NoMachines, Prepared, suggest},
};

/// Llama-3.3-70B's first layers, 8192 tokens, without overlap.
fn four_layers() -> Trace {
    let knobs =
        Knobs { strategy: StrategyKind::Default, tp: 8, layers: Some(4), ..Knobs::default() };
    let spec = RunSpec {
        model: model::builtin("llama-3.3-70b").expect("built in"),
        machine: machine::builtin("h100x8").expect("built in"),
        batch: Batch::prefill(8192, 8192),
        knobs,
    };
    let mut simulator = Simulator::new(&spec.machine);
    record(&mut simulator, &spec, 1, &mut |_| true).expect("it can be planned and run")
}

/// Two ranks of half a million kernels each, every tenth an all-reduce.
fn million() -> Trace {
    let provenance = Provenance::Measured { source: "made up".to_owned() };
    let mut builder = TraceBuilder::new(Meta::new("a million kernels", provenance));
    let names = [("norm", Kind::Norm), ("product", Kind::Gemm), ("ncclAllReduce", Kind::Comm)];
    let labels = names.map(|(name, kind)| {
        builder.label(Label { name: name.to_owned(), kind, ..Label::default() })
    });
    for rank in 0..2 {
        let stream = builder.track(None, "stream 7", TrackKind::Stream { rank, stream: 7 });
        let lane = builder.lane(stream);
        for op in 0..500_000_i64 {
            let which = if op % 10 == 9 { 2 } else { usize::from(op % 3 > 0) };
            let start_ns = 12_000 * op + i64::from(rank) * (op % 7) * 100;
            builder.push(
                lane,
                Span::new(start_ns, start_ns + 9_000),
                labels[which],
                ArgsId::NONE,
                0,
            );
        }
    }
    builder.finish().expect("slices in order")
}

fn edits(text: &str) -> Vec<Edit> {
    Edit::parse(text, &NoMachines).expect("an edit")
}

/// What the window's job does of an edit once the recording is ready.
fn answered(trace: &Trace, prepared: &Prepared, edits: &[Edit]) -> Document {
    let ops = Ops::of(trace, &Config::default());
    let answer = Answer::of(&ops, prepared, edits).expect("an answer");
    Document::prepare(Arc::clone(&answer.predicted), "bench")
}

fn what_if(criterion: &mut Criterion) {
    for (name, trace, samples) in
        [("4 layers x 8 ranks", four_layers(), 20), ("1 M kernels", million(), 10)]
    {
        let mut group = criterion.benchmark_group(format!("what if, {name}"));
        group.sample_size(samples).measurement_time(Duration::from_secs(5));
        let ops = Ops::of(&trace, &Config::default());
        println!("{name}: {} ops", ops.ranks.iter().map(|rank| rank.ops.len()).sum::<usize>());
        group.bench_function("made ready", |bencher| {
            bencher.iter_with_large_drop(|| Prepared::of(&Ops::of(&trace, &Config::default())));
        });
        let prepared = Prepared::of(&ops);
        group.bench_function("run", |bencher| {
            bencher.iter_with_large_drop(|| prepared.replay.run());
        });
        for edit in ["comm=0.5", "tokenweave=0.5", "weave"] {
            let edits = edits(edit);
            group.bench_function(format!("answered: {edit}"), |bencher| {
                bencher.iter_with_large_drop(|| answered(&trace, &prepared, &edits));
            });
        }
        group.bench_function("suggestions", |bencher| {
            let mut on = |_, _| ControlFlow::Continue(());
            bencher.iter(|| black_box(suggest(&ops, &prepared, &mut on)));
        });
        group.finish();
    }
}

criterion_group!(benches, what_if);
criterion_main!(benches);
