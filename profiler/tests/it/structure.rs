use proptest::prelude::*;
use weftscope_engine::{
    batch::{Batch, Request},
    machine, model,
    sim::Simulator,
    spec::{Knobs, RunSpec, StrategyKind},
};
use weftscope_profiler::record::record;
use weftscope_traces::{
    Kind, Phase, Split, Trace,
    analysis::{Config, Ops, StructureBasis},
};

/// The recording without what labels say of layers, halves, phases and the plan; with `marks` or without.
fn stripped(trace: &Trace, marks: bool) -> Trace {
    let mut parts = trace.clone().into_parts();
    for label in &mut parts.labels {
        (label.layer, label.split, label.phase, label.facts) =
            (None, Split::Whole, Phase::None, None);
        if !marks && label.kind == Kind::Mark {
            label.kind = Kind::Host;
        }
    }
    if !marks {
        let is_mark = |track: &weftscope_traces::Track| {
            matches!(track.kind, weftscope_traces::TrackKind::Marks { .. })
        };
        let lanes: Vec<_> =
            parts.tracks.iter().filter(|it| is_mark(it)).flat_map(|it| it.lanes.clone()).collect();
        for lane in lanes {
            parts.lanes[lane.0 as usize].slices = weftscope_traces::SliceTable::default();
        }
        parts.flows.clear();
    }
    Trace::checked(parts).expect("what was taken away names nothing")
}

fn recorded(spec: &RunSpec, iterations: u32) -> Trace {
    record(&mut Simulator::new(&spec.machine), spec, iterations, &mut |_| true).expect("it runs")
}

/// Layers, halves and phases of every op against the plan's. Norms are left out: to which of two layers the one between
/// them belongs differs from strategy to strategy.
fn check(trace: &Trace, strategy: StrategyKind, layers: u32, marks: bool) {
    let bare = stripped(trace, marks);
    let (planned, found) = (Ops::of(trace, &Config::default()), Ops::of(&bare, &Config::default()));
    let weaves = [StrategyKind::TokenWeave, StrategyKind::EqualSplit];
    for (planned, found) in planned.ranks.iter().zip(&found.ranks) {
        let structure = &found.structure;
        assert_eq!(structure.basis, StructureBasis::Order, "{strategy:?} {structure:?}");
        assert!(
            structure.passes.iter().all(|it| it.layers == layers as usize),
            "{strategy:?} {structure:?}"
        );
        let is_cut = planned.ops.iter().any(|op| op.place.split != Split::Whole);
        assert_eq!(structure.halves, is_cut, "{strategy:?}");
        for (planned, found) in planned.ops.iter().zip(&found.ops) {
            let label = trace.label(planned.label);
            let is_comm = planned.kind.is_comm();
            // Of two micro-batches, a collective counts to the block that it ends, and not to the one above it.
            if planned.kind == Kind::Norm || (is_comm && strategy == StrategyKind::TwoBatch) {
                continue;
            }
            let place = |op: &weftscope_traces::analysis::GpuOp| (op.place.layer, op.place.split);
            assert_eq!(place(found).0, place(planned).0, "{strategy:?} {label:?}");
            // Outside layers, halves are not told apart.
            if planned.place.layer.is_some() && !is_comm {
                assert_eq!(place(found).1, place(planned).1, "{strategy:?} {label:?}");
            }
            if weaves.contains(&strategy) && is_cut {
                assert_eq!(found.place.phase, planned.place.phase, "{strategy:?} {label:?}");
            }
        }
    }
}

fn batch() -> impl Strategy<Value = Batch> {
    prop_oneof![
        (1024..6000_u32).prop_map(|tokens| Batch::prefill(tokens, tokens)),
        (2..5_u32, 512..2000_u32).prop_map(|(count, each)| Batch::prefill(count * each, each)),
        (64..512_u32, 128..2000_u32).prop_map(|(count, cached)| Batch {
            requests: vec![Request { cached_tokens: cached, new_tokens: 1 }; count as usize],
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_recovered_is_what_was_planned(
        strategy in proptest::sample::select(StrategyKind::ALL.to_vec()),
        model in proptest::sample::select(model::names().to_vec()),
        batch in batch(),
        layers in 3..7_u32,
        iterations in 1..4_u32,
        marks in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let spec = RunSpec {
            model: model::builtin(model).expect("built in"),
            machine: machine::builtin("h100x8").expect("built in"),
            batch,
            knobs: Knobs { tp: 4, shard_of: Some(8), strategy, layers: Some(layers), seed, ..Knobs::default() },
        };
        check(&recorded(&spec, iterations), strategy, layers, marks);
    }
}
