//! Tuned tables: what becomes a row, and what is worth measuring.

use weftscope_engine::{
    choose::{Candidate, Trial, Tried, best, grid},
    plan::plan,
    spec::{Chooser, SplitChoice, StrategyKind},
    split::SplitTable,
    tune::{Tuned, shortlist},
};

use crate::support;

fn cut(first_tokens: u32, attn_ctas: u32, iteration_ns: f64) -> Tried {
    let trial = Trial { first_tokens, attn_ctas, mlp_ctas: 2 };
    Tried { candidate: Candidate::Cut(trial), iteration_ns, mlp_ns: None }
}

fn whole(strategy: StrategyKind, iteration_ns: f64) -> Tried {
    Tried { candidate: Candidate::Whole(strategy), iteration_ns, mlp_ns: None }
}

#[test]
fn the_fastest_cut_becomes_a_row_that_cuts_there_again() {
    let mut spec = support::spec("llama-3.3-70b", StrategyKind::TokenWeave, 4096);
    let tried = [
        whole(StrategyKind::FuseOnly, 120.0),
        whole(StrategyKind::Default, 150.0),
        cut(2048, 8, 101.0),
        cut(2176, 4, 100.0),
        cut(1920, 4, f64::INFINITY),
    ];
    let tuned = Tuned::of(&spec, &tried, 1.0);
    assert_eq!((tuned.tokens, tuned.gain()), (4096, Some(1.2)));
    let table = SplitTable::from_rows([(4096, tuned.row().unwrap())]);
    let json = "{\n  \"4096\": { \"baseline_ctas\": 16, \"attention_ctas\": 4, \"mlp_ctas\": 2, \
                \"split_offset\": 128 }\n}\n";
    assert_eq!(table.to_json(), json);
    assert_eq!(SplitTable::parse(json), Ok(table.clone()));
    spec.knobs.table = Some(table);
    spec.knobs.split = SplitChoice::Auto(Chooser::Table);
    let split = plan(&spec).unwrap().decision.split.unwrap();
    assert_eq!((split.first_tokens, split.attn_ctas, split.mlp_ctas), (2176, 4, 2));
}

#[test]
fn every_trial_can_be_planned() {
    for strategy in [StrategyKind::Default, StrategyKind::TokenWeave, StrategyKind::TwoBatch] {
        let mut spec = support::spec("llama-3.3-70b", strategy, 1300);
        spec.knobs.layers = Some(1);
        let trials = grid(&spec).unwrap();
        assert!(trials.len() >= 27);
        for trial in trials {
            let split = plan(&trial.apply(&spec)).unwrap().decision.split.unwrap();
            assert_eq!(
                (split.first_tokens, split.attn_ctas),
                (trial.first_tokens, trial.attn_ctas)
            );
        }
    }
}

#[test]
fn what_is_faster_whole_gets_no_row() {
    let spec = support::spec("llama-3.3-70b", StrategyKind::TokenWeave, 4096);
    let tuned = Tuned::of(&spec, &[whole(StrategyKind::FuseOnly, 99.0), cut(2048, 8, 100.0)], 1.0);
    assert!(tuned.cut.is_some() && tuned.row().is_none());
    let none = Tuned::of(&spec, &[whole(StrategyKind::FuseOnly, f64::INFINITY)], 1.0);
    assert_eq!((none.cut, none.whole, none.gain()), (None, None, None));
    let only_cut = Tuned::of(&spec, &[cut(2048, 8, 100.0)], 1.0);
    assert!(only_cut.row().is_some(), "nothing is known to be faster");
}

#[test]
fn the_best_cuts_and_the_best_whole_are_measured() {
    let tried = [
        whole(StrategyKind::Default, 80.0),
        whole(StrategyKind::FuseOnly, 90.0),
        cut(1, 1, 103.0),
        cut(2, 1, 101.0),
        cut(3, 1, f64::INFINITY),
        cut(4, 1, 102.0),
    ];
    let wanted = [tried[3], tried[5], tried[0]].map(|tried| tried.candidate);
    assert_eq!(shortlist(&tried, 2), wanted);
    assert_eq!(shortlist(&tried, 9).len(), 4);
}

/// Of cuts that are as good the one nearest to half, with its fastest CTAs; what is not cut is never as good, only faster.
#[test]
fn of_cuts_that_are_as_good_the_plainest_is_taken() {
    let spec = support::spec("llama-3.3-70b", StrategyKind::TokenWeave, 4096);
    let tried = [
        whole(StrategyKind::FuseOnly, 100.4),
        cut(1536, 4, 100.0),
        cut(2176, 4, 100.9),
        cut(2176, 8, 100.8),
        cut(2048, 8, 101.1),
    ];
    let best = |tie| best(&tried, 2048, tie).unwrap();
    assert_eq!(best(1.0), tried[1]);
    assert_eq!(best(1.005), tried[1]);
    assert_eq!(best(1.01), tried[0], "as good a cut as any is slower than none");
    let cuts = Tuned::of(&spec, &tried, 1.01);
    assert_eq!(cuts.cut.unwrap().0, Trial { first_tokens: 2176, attn_ctas: 8, mlp_ctas: 2 });
}
