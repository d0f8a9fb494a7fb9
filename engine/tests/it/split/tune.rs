//! Sweeps: what is tried, in which order, and what becomes a table.

use std::convert::Infallible;

use weftscope_engine::{
    batch::Batch,
    plan::plan,
    spec::{RunSpec, SplitChoice, StrategyKind},
    split::SplitTable,
    tune::{Grid, best, sweep, trials, tune},
};

use crate::support;

/// A time with a known minimum: prefix 128 longer than half, 4 CTAs under attention, 2 under the MLP.
fn bowl(spec: &RunSpec) -> f64 {
    let SplitChoice::Fixed(first) = spec.knobs.split else { panic!("trials fix the cut") };
    let half = f64::from(spec.batch.tokens() / 2);
    let ctas = |ctas: Option<u32>| f64::from(ctas.expect("trials set the CTAs"));
    let (attn, mlp) = (ctas(spec.knobs.attn_ctas), ctas(spec.knobs.mlp_ctas));
    (f64::from(first) - half - 128.0).abs() + (attn - 4.0).abs() + (mlp - 2.0).abs()
}

#[test]
fn the_artifact_grid_has_27_trials_where_they_fit() {
    assert_eq!(trials(8192, &Grid::artifact()).len(), 27);
    // Half of 256 is 128; 128 + 128 leaves the suffix nothing.
    assert_eq!(trials(256, &Grid::artifact()).len(), 9);
    assert_eq!(trials(1, &Grid::artifact()), []);
}

#[test]
fn every_trial_can_be_planned() {
    for strategy in [StrategyKind::Default, StrategyKind::TokenWeave, StrategyKind::TwoBatch] {
        let mut spec = support::spec("llama-3.3-70b", strategy, 1300);
        spec.knobs.layers = Some(1);
        for trial in trials(1300, &Grid::artifact()) {
            let split = plan(&trial.apply(&spec)).unwrap().decision.split.unwrap();
            assert_eq!(
                (split.first_tokens, split.attn_ctas),
                (trial.first_tokens, trial.attn_ctas)
            );
        }
    }
}

#[test]
fn tuning_finds_the_minimum_and_writes_the_table() {
    let spec = support::spec("llama-3.3-70b", StrategyKind::TokenWeave, 4096);
    let mut calls = 0;
    let mut eval = |spec: &RunSpec| {
        calls += 1;
        Ok::<f64, Infallible>(bowl(spec))
    };
    let samples = sweep(&spec, &Grid::artifact(), &mut eval).unwrap();
    let fastest = best(&samples).unwrap().trial;
    assert_eq!((fastest.first_tokens, fastest.attn_ctas, fastest.mlp_ctas), (2176, 4, 2));
    let batches = [Batch::prefill(1024, 1024), Batch::prefill(16384, 16384)];
    let table = tune(&spec, &batches, &Grid::artifact(), &mut eval).unwrap();
    assert_eq!(calls, 27 * 3);
    let json = "{\n  \"1024\": { \"baseline_ctas\": 16, \"attention_ctas\": 4, \"mlp_ctas\": 2, \
                \"split_offset\": 128 },\n  \"16384\": { \"baseline_ctas\": 32, \"attention_ctas\": 4, \
                \"mlp_ctas\": 2, \"split_offset\": 128 }\n}\n";
    assert_eq!(table.to_json(), json);
    assert_eq!(SplitTable::parse(json), Ok(table));
}

#[test]
fn an_error_ends_the_sweep() {
    let spec = support::spec("llama-3.3-70b", StrategyKind::TokenWeave, 4096);
    let mut calls = 0;
    let cancelled = sweep(&spec, &Grid::artifact(), &mut |_: &RunSpec| {
        calls += 1;
        if calls < 5 { Ok(1.0) } else { Err("cancelled") }
    });
    assert_eq!((cancelled, calls), (Err("cancelled"), 5));
}
