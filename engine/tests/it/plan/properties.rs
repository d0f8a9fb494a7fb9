//! What holds for every plan, over random models, batches and knobs.

use std::cell::Cell;

use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseResult, TestRunner},
};
use weftscope_engine::{
    batch::{Batch, Request},
    model,
    plan::{Op, OpRole, OpWork, Plan, Split, SplitDecision, plan},
    spec::{Chooser, Cutting, RunSpec, SplitChoice, StrategyKind, Transport},
};

use crate::support;

prop_compose! {
    fn requests()(requests in prop::collection::vec((0u32..3000, 1u32..3000), 1..12)) -> Batch {
        let requests = requests.into_iter();
        let requests = requests.map(|(cached_tokens, new_tokens)| Request { cached_tokens, new_tokens });
        Batch { requests: requests.collect() }
    }
}

prop_compose! {
    fn specs()(
        name in prop::sample::select(model::names().to_vec()),
        strategy in prop::sample::select(StrategyKind::ALL.to_vec()),
        transport in prop::sample::select(Transport::ALL.to_vec()),
        chooser in prop::sample::select(Chooser::ALL.to_vec()),
        tp in prop::sample::select(vec![1u32, 2, 4, 8]),
        layers in 1u32..4,
        batch in requests(),
    ) -> RunSpec {
        let mut spec = support::spec(name, strategy, 1);
        spec.batch = batch;
        spec.knobs.transport = transport;
        spec.knobs.split = SplitChoice::Auto(chooser);
        spec.knobs.tp = tp;
        spec.knobs.layers = Some(layers);
        spec
    }
}

/// Sum of `flops` over ops of this role.
fn flops(plan: &Plan, role: OpRole) -> f64 {
    plan.ops.iter().filter(|op| op.role == role).map(|op| op.flops).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn deps_point_backwards_and_ids_are_indices(spec in specs()) {
        let plan = plan(&spec).unwrap();
        for (index, op) in plan.ops.iter().enumerate() {
            prop_assert_eq!(op.id.index(), index);
            prop_assert!(op.deps.iter().all(|dep| *dep < op.id));
            prop_assert!(op.grid > 0, "{} has no blocks", op.role);
            prop_assert!(op.flops.is_finite() && op.hbm_bytes > 0.0 && op.link_bytes >= 0.0);
            prop_assert_eq!(op.link_bytes > 0.0, op.is_collective());
        }
    }

    #[test]
    fn attention_blocks_are_the_grid_and_the_flops(spec in specs()) {
        let plan = plan(&spec).unwrap();
        for op in &plan.ops {
            let OpWork::Attention(shape) = &op.work else { continue };
            let blocks: Vec<_> = shape.blocks().collect();
            prop_assert_eq!(blocks.len() as u32, op.grid);
            let pairs: u64 = blocks.iter().map(|block| block.pairs).sum();
            let expected = 4.0 * f64::from(shape.head_dim) * pairs as f64;
            prop_assert!((op.flops - expected).abs() <= 1e-9 * expected);
        }
    }

    #[test]
    fn a_split_plan_does_the_unsplit_work(spec in specs()) {
        let split = plan(&spec).unwrap();
        let unsplit = plan(&RunSpec {
            knobs: weftscope_engine::spec::Knobs { strategy: StrategyKind::NoComm, ..spec.knobs.clone() },
            ..spec.clone()
        }).unwrap();
        // Attention skips padding, so causal work is the same however it is cut.
        let (a, b) = (flops(&split, OpRole::Attention), flops(&unsplit, OpRole::Attention));
        prop_assert!((a - b).abs() <= 1e-9 * b, "attention {a} against {b}");
        let tokens = f64::from(spec.batch.tokens());
        let padding = (tokens + 256.0) / tokens;
        for role in [
            OpRole::Qkv,
            OpRole::OProj,
            OpRole::GateUp,
            OpRole::Down,
            OpRole::SiluMul,
            OpRole::ExpertsW13,
            OpRole::ExpertsW2,
        ] {
            let (a, b) = (flops(&split, role), flops(&unsplit, role));
            prop_assert!(a >= b && a <= b * padding, "{role}: {a} against {b}");
        }
    }

    #[test]
    fn one_rank_communicates_nothing(mut spec in specs()) {
        spec.knobs.tp = 1;
        let plan = plan(&spec).unwrap();
        prop_assert_eq!(plan.decision.runs, StrategyKind::NoComm);
        prop_assert!(!plan.ops.iter().any(Op::is_collective));
        prop_assert_eq!(plan.decision.reason.is_empty(), spec.knobs.strategy == StrategyKind::NoComm);
    }

    #[test]
    fn a_strategy_that_falls_back_says_why(spec in specs()) {
        let decision = plan(&spec).unwrap().decision;
        prop_assert_eq!(decision.asked, spec.knobs.strategy);
        prop_assert!(decision.asked == decision.runs || !decision.reason.is_empty());
    }
}

/// Where a batch is cut, no token is lost; where it is left whole, it is for a reason that is known, and not too often.
#[test]
fn splits_conserve_tokens() {
    const CASES: u32 = 200;
    let num_cut = Cell::new(0);
    let mut runner = TestRunner::new(Config::with_cases(CASES));
    let outcome = runner.run(&specs(), |spec| {
        let plan = plan(&spec).expect("every model can be dealt out");
        match &plan.decision.split {
            Some(split) => {
                num_cut.set(num_cut.get() + 1);
                conserves_tokens(&plan, split)
            }
            None => left_whole_for_a_reason(&spec, &plan),
        }
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    // Three of seven strategies cut, three of four degrees communicate, most batches are over the threshold.
    assert!(num_cut.get() >= CASES / 10, "only {} of {CASES} batches were cut", num_cut.get());
}

fn conserves_tokens(plan: &Plan, split: &SplitDecision) -> TestCaseResult {
    prop_assert_eq!(split.tokens, plan.spec.batch.tokens());
    prop_assert_eq!(split.first_tokens + split.second_rows, split.padded_tokens);
    prop_assert!(split.padded_tokens - split.tokens < 256);
    let new = |wanted| {
        let mut ops = plan.ops.iter().filter(|op| op.split == wanted);
        ops.find_map(|op| match &op.work {
            OpWork::Attention(shape) => {
                Some(shape.sequences.iter().map(|request| request.new_tokens).sum::<u32>())
            }
            _ => None,
        })
    };
    prop_assert_eq!(new(Split::First), Some(split.first_tokens));
    prop_assert_eq!(new(Split::Second), Some(split.tokens - split.first_tokens));
    Ok(())
}

/// A strategy that cuts leaves a batch whole on one rank, under a threshold, or as its chooser says.
fn left_whole_for_a_reason(spec: &RunSpec, plan: &Plan) -> TestCaseResult {
    let reasons = [
        "a single rank has nothing to communicate",
        " token is under the threshold of",
        " tokens are under the threshold of",
        "there is no split table for",
        "is a single wave",
        "is longer than the uncut one's",
        "no cut of",
        "which leaves one part without tokens",
    ];
    let reason = &plan.decision.reason;
    let known = reasons.iter().any(|known| reason.contains(known));
    prop_assert!(known || spec.knobs.strategy.cutting() == Cutting::Never, "{reason:?}");
    Ok(())
}
