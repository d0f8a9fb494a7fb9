//! The weave against its four published phases (docs/tokenweave.md, "The weave"), and traffic against its formulas.

use weftscope_engine::{
    plan::{Collective, Op, OpId, OpRole, OpWork, Phase, Plan, Split, StreamId, facts, plan},
    spec::{Chooser, SplitChoice, StrategyKind, Transport},
};

use crate::support;

fn weave(layers: u32) -> Plan {
    let mut spec = support::spec("llama-3.3-70b", StrategyKind::TokenWeave, 8192);
    spec.knobs.layers = Some(layers);
    spec.knobs.split = SplitChoice::Auto(Chooser::Table);
    plan(&spec).expect("a plan")
}

fn is_fused(op: &Op) -> bool {
    op.role == OpRole::Collective(Collective::FusedArNorm)
}

#[test]
fn four_fused_launches_a_layer() {
    let count = |plan: &Plan| plan.ops.iter().filter(|op| is_fused(op)).count();
    assert_eq!(count(&weave(80)), 320, "the published count for 80 layers");
    let mut spec = support::spec("llama-3.3-70b", StrategyKind::FuseOnly, 8192);
    spec.knobs.layers = Some(80);
    assert_eq!(count(&plan(&spec).unwrap()), 160);
}

#[test]
fn phases_pair_the_splits_as_published() {
    let plan = weave(3);
    let fused = |layer, phase| {
        let mut ops = plan.ops.iter().filter(|op| is_fused(op));
        ops.find(|op| op.layer == Some(layer) && op.phase == phase).map(|op| (op.split, op.grid))
    };
    // The table's row for 8192 tokens: 8 CTAs under attention, 4 under the MLP.
    for layer in 0..3 {
        let input_norm = (layer > 0).then_some((Split::Second, 8));
        assert_eq!(fused(layer, Phase::A), input_norm);
        assert_eq!(fused(layer, Phase::B), Some((Split::First, 8)));
        assert_eq!(fused(layer, Phase::C), Some((Split::Second, 4)));
        assert_eq!(fused(layer, Phase::D), Some((Split::First, 4)));
    }
    let tail = plan.ops.iter().find(|op| is_fused(op) && op.phase == Phase::Tail).unwrap();
    assert_eq!((tail.split, tail.grid, tail.layer), (Split::Second, 16, None));
    for op in plan.ops.iter().filter(|op| op.stream == StreamId::COMPUTE && op.layer.is_some()) {
        let first = matches!(op.phase, Phase::A | Phase::C);
        assert_eq!(op.split, if first { Split::First } else { Split::Second });
    }
}

#[test]
fn compute_runs_beside_the_collective_of_its_own_phase_only() {
    let plan = weave(3);
    for (op, facts) in plan.ops.iter().zip(facts(&plan)) {
        let beside = facts.beside.map(|id| &plan.ops[id.index()]);
        if op.stream == StreamId::COMM {
            assert_eq!(beside.map(|other| (other.layer, other.phase)), Some((op.layer, op.phase)));
            continue;
        }
        let hidden = match (op.layer, op.phase) {
            (None, _) | (Some(0), Phase::A) => None,
            (Some(layer), phase) => Some((Some(layer), phase)),
        };
        assert_eq!(beside.map(|other| (other.layer, other.phase)), hidden, "op {}", op.id.0);
        assert_eq!(facts.occupancy.sms, 132 - beside.map_or(0, |other| other.grid));
    }
}

/// Oracle: the plan that cuts nothing.
#[test]
fn a_cut_gemm_says_what_it_is_uncut_wherever_the_cut_is() {
    let planned = |model, strategy, split| {
        let mut spec = support::spec(model, strategy, 8192 - 100);
        spec.knobs.layers = Some(2);
        spec.knobs.split = split;
        plan(&spec).expect("a plan")
    };
    let mut compared = 0;
    for model in ["llama-3.3-70b", "mixtral-8x22b"] {
        let whole = planned(model, StrategyKind::NoComm, SplitChoice::Auto(Chooser::Table));
        let whole_facts = facts(&whole);
        for first in [2048, 4096, 6144] {
            let cut = planned(model, StrategyKind::TokenWeave, SplitChoice::Fixed(first));
            for (op, facts) in cut.ops.iter().zip(facts(&cut)) {
                let is_cut_gemm = op.split != Split::Whole && matches!(op.work, OpWork::Gemm(_));
                let at = whole.ops.iter().position(|other| other.role == op.role);
                let uncut = at
                    .filter(|_| is_cut_gemm)
                    .map(|at| (whole.ops[at].grid, whole_facts[at].occupancy));
                assert_eq!(
                    facts.unsplit.map(|unsplit| (unsplit.grid, unsplit.occupancy)),
                    uncut,
                    "{:?}",
                    op.role
                );
                compared += usize::from(is_cut_gemm);
            }
        }
    }
    assert!(compared > 40);
}

#[test]
fn joins_are_two_way_at_every_phase_edge() {
    // By brute force over the transitive order: every op of a phase comes after every op of the phase before.
    let plan = weave(2);
    let num_ops = plan.ops.len();
    let mut after = vec![vec![false; num_ops]; num_ops];
    for (index, op) in plan.ops.iter().enumerate() {
        let same_stream = plan.ops[..index].iter().rev().find(|other| other.stream == op.stream);
        let direct = op.deps.iter().copied().chain(same_stream.map(|other| other.id));
        for dep in direct.map(OpId::index) {
            let known = after[dep].clone();
            after[index][dep] = true;
            after[index].iter_mut().zip(known).for_each(|(is_after, known)| *is_after |= known);
        }
    }
    let order = |op: &Op| op.layer.map(|layer| 4 * layer + op.phase as u32 - Phase::A as u32);
    for op in &plan.ops {
        for other in &plan.ops {
            if let (Some(phase), Some(earlier)) = (order(op), order(other))
                && earlier < phase
            {
                assert!(after[op.id.index()][other.id.index()], "{} {}", op.id.0, other.id.0);
            }
        }
    }
}

#[test]
fn link_bytes_follow_the_formulas() {
    let link_bytes = |strategy, transport, tp| {
        let mut spec = support::spec("llama-3.3-70b", strategy, 4096);
        spec.knobs.layers = Some(1);
        spec.knobs.transport = transport;
        spec.knobs.tp = tp;
        let plan = plan(&spec).unwrap();
        let in_layer = |op: &&Op| op.layer == Some(0) && op.link_bytes > 0.0;
        plan.ops.iter().find(in_layer).map(|op| op.link_bytes).unwrap()
    };
    let message = f64::from(4096 * 8192 * 2);
    for tp in [2_u32, 4, 8] {
        let ranks = f64::from(tp);
        let two_shot = 2.0 * message * (ranks - 1.0) / ranks;
        let in_switch = message * (1.0 + 1.0 / ranks);
        let of = |strategy, transport| link_bytes(strategy, transport, tp);
        assert_eq!(of(StrategyKind::Default, Transport::Multimem), two_shot);
        assert_eq!(of(StrategyKind::Multimem, Transport::Multimem), in_switch);
        assert_eq!(of(StrategyKind::Multimem, Transport::P2p), two_shot);
        assert_eq!(of(StrategyKind::FuseOnly, Transport::Multimem), in_switch);
        assert_eq!(of(StrategyKind::FuseOnly, Transport::P2p), two_shot);
    }
}

#[test]
fn published_flops_of_the_mlp() {
    // Figure 9 (docs/tokenweave.md, "Waves"): 305 µs at 1024 tokens is 591 TFLOP/s, 815 µs at 3072 is 664.
    for (tokens, micros, tera) in [(1024, 305.0, 591.0), (3072, 815.0, 664.0)] {
        let mut spec = support::spec("llama-3.3-70b", StrategyKind::NoComm, tokens);
        spec.knobs.layers = Some(1);
        let plan = plan(&spec).unwrap();
        let mlp = |op: &&Op| [OpRole::GateUp, OpRole::Down].contains(&op.role);
        let flops: f64 = plan.ops.iter().filter(mlp).map(|op| op.flops).sum();
        assert!((flops / micros / 1e6 - tera).abs() < 2.0, "{}", flops / micros / 1e6);
    }
}
