//! Choosing by simulation: against all there is to choose from, and what becomes of it in a plan.

use std::sync::Arc;

use weftscope_engine::{
    batch::Batch,
    choose::{Candidate, MOST, TIE, Trial, fastest, plan, settle},
    executor::Executor,
    observer::NullObserver,
    plan::{PlanError, plan as plan_as_told},
    predict::predicted,
    serving::ServingError,
    sim::Simulator,
    spec::{Chooser, RunSpec, SplitChoice, StrategyKind, Transport},
    split::SplitTable,
};

use crate::sim::support::{llama, machine_of, woven_on_two};

fn on_four(tokens: u32) -> RunSpec {
    let mut spec = RunSpec { machine: machine_of("h100x4"), ..woven_on_two(tokens) };
    (spec.knobs.tp, spec.knobs.shard_of) = (4, None);
    spec
}

/// Of an iteration through all layers, ms, every rank simulated.
fn ms(spec: &RunSpec) -> f64 {
    let all = Simulator::new(&spec.machine);
    predicted::<ServingError>(spec, all).expect("a run").gpu_ns as f64 / 1e6
}

/// The same, one rank simulated.
fn ms_of_one(spec: &RunSpec) -> f64 {
    let one = Simulator::new(&spec.machine).with_one_rank();
    predicted::<ServingError>(spec, one).expect("a run").gpu_ns as f64 / 1e6
}

/// Some fifty candidates stand for hundreds: the fastest takes at most 0.5 % longer than the best of every cut at a tile with
/// every pair of CTAs, and what is chosen at most as much more as counts as equal.
#[test]
fn the_search_finds_the_best_of_all() {
    let multimem = |tokens| llama(StrategyKind::TokenWeave, tokens, None);
    for (spec, ctas) in [
        (woven_on_two(1536), &[4, 8, 12, 16][..]),
        (on_four(1280), &[4, 8, 12, 16]),
        (multimem(1536), &[2, 4, 8]),
    ] {
        let settled = settle(&spec).expect("plans").expect("simulated");
        let tokens = spec.batch.tokens();
        let mut best = f64::INFINITY;
        for first_tokens in (128..tokens).step_by(128) {
            for &attn_ctas in ctas {
                for &mlp_ctas in ctas {
                    let trial = Trial { first_tokens, attn_ctas, mlp_ctas };
                    best = best.min(ms_of_one(&trial.apply(&spec)));
                }
            }
        }
        let found = fastest(&settled.tried, |_| true).expect("some run");
        let [found, chosen] =
            [found.candidate, settled.candidate].map(|it| ms_of_one(&it.apply(&spec)));
        println!(
            "{} {tokens}: {:?} of {}, {chosen:.3} ms; best of all {best:.3} ms",
            spec.machine.name,
            settled.candidate,
            settled.tried.len()
        );
        assert!(settled.tried.len() <= MOST);
        assert!(found <= best * 1.005, "{found} {best}");
        assert!(chosen <= found * TIE, "{chosen} {found}");
    }
}

/// One rank stands for all: within 0.5 %, and the fastest by one is, of all ranks, as good as the best of what was tried.
#[test]
fn one_rank_stands_for_all() {
    for spec in [on_four(4096), llama(StrategyKind::TokenWeave, 2048, None)] {
        let settled = settle(&spec).expect("plans").expect("simulated");
        let mut best = f64::INFINITY;
        let fastest_ns = fastest(&settled.tried, |_| true).expect("some run").iteration_ns;
        for tried in &settled.tried {
            let all = ms(&tried.candidate.apply(&spec));
            let error = tried.iteration_ns / 1e6 / all - 1.0;
            assert!(error.abs() < 0.005, "{:?}: {error}", tried.candidate);
            // What is in the running is known better than what is far behind.
            let is_close = tried.iteration_ns <= fastest_ns * 1.05;
            assert!(!is_close || error.abs() < 0.003, "{:?}: {error}", tried.candidate);
            best = best.min(all);
        }
        let found = fastest(&settled.tried, |_| true).expect("some run");
        let found = ms(&found.candidate.apply(&spec));
        assert!(found <= best * 1.003, "{found} {best}");
    }
}

/// A rank that starts late is what the others wait for, and is simulated with them.
#[test]
fn a_late_rank_is_not_left_out() {
    let mut spec = on_four(2048);
    spec.knobs.skew_ns = vec![0, 0, 5_000_000];
    let late = settle(&spec).expect("plans").expect("simulated");
    for tried in late.tried {
        let all = ms(&tried.candidate.apply(&spec));
        assert!((tried.iteration_ns / 1e6 / all - 1.0).abs() < 1e-9);
    }
}

#[test]
fn a_plan_says_who_chose_and_runs_as_one_that_was_told() {
    let spec = woven_on_two(4096);
    let chosen = plan(&spec).expect("a plan");
    let split = chosen.decision.split.clone().expect("cut");
    assert_eq!(split.chooser, Some(Chooser::Simulated));
    assert!(split.reason.contains("simulated runs") && split.reason.contains("fuse-only"));
    assert_eq!(*chosen.spec, spec, "what was asked for stays");
    let trial = Trial {
        first_tokens: split.first_tokens,
        attn_ctas: split.attn_ctas,
        mlp_ctas: split.mlp_ctas,
    };
    let told = plan_as_told(&trial.apply(&spec)).expect("a plan");
    assert_eq!(chosen.ops, told.ops);
    let ran = |plan| {
        let time = Simulator::new(&spec.machine).run(&Arc::new(plan), 0, &mut NullObserver);
        time.expect("a run").end_ns
    };
    assert_eq!(ran(chosen), ran(told));
}

#[test]
fn what_is_better_whole_stays_whole_and_says_why() {
    let mut spec = llama(StrategyKind::TokenWeave, 256, Some(1));
    let decision = plan(&spec).expect("a plan").decision;
    assert_eq!((decision.asked, decision.runs), (StrategyKind::TokenWeave, StrategyKind::FuseOnly));
    assert!(decision.split.is_none() && decision.reason.contains("uncut"), "{}", decision.reason);
    spec.batch = Batch::prefill(100, 100);
    let decision = plan(&spec).expect("a plan").decision;
    assert!(decision.reason.starts_with("100 tokens are too few"), "{}", decision.reason);
}

/// Knobs that the user set, and a table of the user's, are left alone; so is whatever does not ask for simulation.
#[test]
fn only_what_is_open_is_chosen() {
    let mut spec = woven_on_two(2048);
    spec.knobs.attn_ctas = Some(7);
    let settled = settle(&spec).expect("plans").expect("simulated");
    let cuts = |settled: &weftscope_engine::choose::Settled| -> Vec<Trial> {
        let cut = |candidate| match candidate {
            Candidate::Cut(trial) => Some(trial),
            Candidate::Whole(_) => None,
        };
        settled.tried.iter().filter_map(|tried| cut(tried.candidate)).collect()
    };
    assert!(cuts(&settled).iter().all(|trial| trial.attn_ctas == 7));
    assert!(cuts(&settled).iter().any(|trial| trial.mlp_ctas != cuts(&settled)[0].mlp_ctas));
    spec.knobs.attn_ctas = None;
    let table = "{\"2048\": {\"baseline_ctas\": 16, \"attention_ctas\": 5, \"mlp_ctas\": 3, \
                 \"split_offset\": 0}}";
    spec.knobs.table = Some(SplitTable::parse(table).expect("a table"));
    let settled = settle(&spec).expect("plans").expect("simulated");
    assert!(cuts(&settled).iter().all(|trial| (trial.attn_ctas, trial.mlp_ctas) == (5, 3)));
    spec.knobs.table = None;
    let without = |change: &dyn Fn(&mut RunSpec)| {
        let mut spec = spec.clone();
        change(&mut spec);
        settle(&spec).expect("plans").is_none()
    };
    assert!(without(&|spec| spec.knobs.strategy = StrategyKind::TwoBatch));
    assert!(without(&|spec| spec.knobs.split = SplitChoice::Fixed(1024)));
    assert!(without(&|spec| spec.knobs.split = SplitChoice::Auto(Chooser::WaveModel)));
    assert!(without(&|spec| spec.knobs.tp = 1));
}

/// What cannot be planned is refused as it would be without a choice.
#[test]
fn a_wrong_run_is_refused_in_the_same_words() {
    for change in [
        (&|spec: &mut RunSpec| spec.batch.requests.clear()) as &dyn Fn(&mut RunSpec),
        &|spec| spec.knobs.tp = 3,
        &|spec| spec.knobs.mlp_ctas = Some(100_000),
        &|spec| spec.knobs.layers = Some(0),
        &|spec| (spec.knobs.tp, spec.knobs.transport) = (64, Transport::P2p),
    ] {
        let mut spec = woven_on_two(2048);
        change(&mut spec);
        let told: PlanError = plan_as_told(&spec).expect_err("refused");
        assert_eq!(plan(&spec).expect_err("refused"), told);
    }
}
