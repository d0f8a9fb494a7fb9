//! Layers of the recordings of two H200s: three iterations of four layers each, as the program ran them that was recorded.

use weftscope_traces::{
    Kind, Phase, Split,
    analysis::{Config, GpuOp, Ops, StructureBasis, phases},
};

use crate::recorded::recording;

/// The ops of each iteration of a recording, cut behind the kernel that ends one: the fill that begins the next.
fn iterations(ops: &[GpuOp], fills: usize, name: impl Fn(&GpuOp) -> String) -> Vec<Vec<GpuOp>> {
    let mut all: Vec<Vec<GpuOp>> = Vec::new();
    let mut seen = 0;
    for op in ops {
        if name(op).contains("FillFunctor") {
            if seen % fills == 0 {
                all.push(Vec::new());
            }
            seen += 1;
        }
        all.last_mut().expect("a fill comes first").push(*op);
    }
    all
}

/// A fill and a norm, then 18 ops a layer.
#[test]
fn sequential_layers_are_eighteen_ops_each() {
    for name in ["sequential_rank0", "sequential_rank1"] {
        let trace = recording(name);
        let ops = Ops::of(&trace, &Config::default());
        let rank = &ops.ranks[0];
        let structure = &rank.structure;
        assert_eq!((structure.basis, structure.halves), (StructureBasis::Order, false));
        assert_eq!(structure.passes.iter().map(|it| it.layers).collect::<Vec<_>>(), [4; 3]);
        let all = iterations(&rank.ops, 1, |op| trace.label(op.label).name.clone());
        assert_eq!(all.len(), 3);
        for ops in all {
            assert_eq!(ops.len(), 2 + 4 * 18, "{name}");
            for (at, op) in ops.iter().enumerate() {
                let layer = at.checked_sub(2).map(|at| at as u32 / 18);
                assert_eq!(op.place.layer, layer, "{name} {at} {}", trace.label(op.label).name);
            }
        }
    }
}

/// Eight products a layer: two of attention and two of the feed-forward block for each half, in turn; every all-reduce
/// runs under the block behind the one that it ends.
#[test]
fn woven_layers_have_two_halves() {
    for name in ["weave_rank0", "weave_rank1"] {
        let trace = recording(name);
        let ops = Ops::of(&trace, &Config::default());
        let rank = &ops.ranks[0];
        let structure = &rank.structure;
        assert_eq!(
            (structure.basis, structure.halves),
            (StructureBasis::Order, true),
            "{structure:?}"
        );
        assert_eq!(structure.passes.iter().map(|it| it.layers).collect::<Vec<_>>(), [4; 3]);
        let phases_of = [Phase::A, Phase::B, Phase::C, Phase::D];
        let all = iterations(&rank.ops, 2, |op| trace.label(op.label).name.clone());
        for ops in &all {
            let of = |kind: Kind| ops.iter().filter(move |op| op.kind == kind);
            assert_eq!((of(Kind::Gemm).count(), of(Kind::Comm).count()), (32, 16), "{name}");
            for (at, op) in of(Kind::Gemm).enumerate() {
                let split = [Split::First, Split::Second][at / 2 % 2];
                let wanted = (Some(at as u32 / 8), split, phases_of[at / 2 % 4]);
                assert_eq!((op.place.layer, op.place.split, op.place.phase), wanted, "{name} {at}");
            }
            for (at, op) in of(Kind::Comm).enumerate() {
                let wanted = match at + 1 {
                    16 => (None, Phase::Tail),
                    next => (Some(next as u32 / 4), phases_of[next % 4]),
                };
                assert_eq!((op.place.layer, op.place.phase), wanted, "{name} {at}");
            }
        }
        let report = phases(&ops);
        let summary = report.summary.iter();
        let counts: Vec<_> = summary.map(|it| (it.phase, it.count)).collect();
        assert!(
            counts.starts_with(&[(Phase::Head, 3), (Phase::A, 12), (Phase::B, 12)]),
            "{counts:?}"
        );
        assert!(report.tightest.is_some());
    }
}
