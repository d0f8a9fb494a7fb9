//! The machine `h200x2` against this project's own runs on two H200s (docs/measurements.md).

use weftscope_engine::{
    batch::Batch,
    model,
    plan::plan,
    spec::{Knobs, RunSpec, StrategyKind, Transport},
    split::survey,
};

use super::support::{machine_of, run};

use StrategyKind::{Default as Nccl, FuseOnly, Multimem, NoComm, TokenWeave, TwoBatch};

/// µs a layer of Llama-3.3-70B, shards of 8 on 2 GPUs, in-kernel stamps, median of nine interleaved iterations, CUDA
/// graphs: tokens, strategy, µs. `multimem` runs peer-to-peer there.
const MEASURED: [(u32, StrategyKind, f64); 18] = [
    (2048, NoComm, 701.0),
    (2048, Nccl, 995.0),
    (2048, Multimem, 924.0),
    (2048, FuseOnly, 871.0),
    (2048, TwoBatch, 790.0),
    (2048, TokenWeave, 699.0),
    (4096, NoComm, 1361.0),
    (4096, Nccl, 1871.0),
    (4096, Multimem, 1782.0),
    (4096, FuseOnly, 1674.0),
    (4096, TwoBatch, 1507.0),
    (4096, TokenWeave, 1358.0),
    (8192, NoComm, 2826.0),
    (8192, Nccl, 3780.0),
    (8192, Multimem, 3641.0),
    (8192, FuseOnly, 3414.0),
    (8192, TwoBatch, 3096.0),
    (8192, TokenWeave, 2718.0),
];

/// µs a layer of `tokenweave` at 4096 tokens with 16 CTAs under attention and 4 under the MLP, by tokens that the cut
/// is away from half.
const CUTS: [(i32, f64); 9] = [
    (-512, 1386.0),
    (-384, 1417.0),
    (-256, 1355.0),
    (-128, 1468.0),
    (0, 1358.0),
    (128, 1470.0),
    (256, 1350.0),
    (384, 1413.0),
    (512, 1389.0),
];

fn spec(strategy: StrategyKind, tokens: u32, layers: u32) -> RunSpec {
    RunSpec {
        model: model::builtin("llama-3.3-70b").expect("built in"),
        machine: machine_of("h200x2"),
        batch: Batch::prefill(tokens, tokens),
        knobs: Knobs {
            tp: 2,
            shard_of: Some(8),
            strategy,
            transport: Transport::P2p,
            layers: Some(layers),
            ..Knobs::default()
        },
    }
}

fn layer_us(strategy: StrategyKind, tokens: u32) -> f64 {
    let iteration_us = |layers| {
        let (_, _, time) = run(&spec(strategy, tokens, layers));
        (time.end_ns - time.start_ns) as f64 / 1e3
    };
    (iteration_us(5) - iteration_us(3)) / 2.0
}

#[test]
fn layers_take_what_was_measured() {
    let mut worst: f64 = 0.0;
    for (tokens, strategy, measured_us) in MEASURED {
        let modelled_us = layer_us(strategy, tokens);
        let error = modelled_us / measured_us - 1.0;
        println!(
            "{tokens:5} {:11} measured {measured_us:5.0} modelled {modelled_us:5.0} µs  {:+.1} %",
            strategy.name(),
            100.0 * error
        );
        worst = worst.max(error.abs());
    }
    assert!(worst < 0.06, "worst {worst}");
}

/// The cut that the chooser takes is, measured, within 2 % of the best that was tried, and the predicted layers of all
/// cuts follow the measured ones.
#[test]
fn the_chooser_takes_a_good_cut() {
    let spec = spec(TokenWeave, 4096, 4);
    let split = plan(&spec).expect("plans").decision.split.expect("cut");
    assert_eq!((split.attn_ctas, split.mlp_ctas), (16, 4));
    let best = CUTS.iter().map(|cut| cut.1).min_by(f64::total_cmp).expect("nine");
    let chosen = CUTS.iter().find(|cut| split.first_tokens as i32 - 2048 == cut.0);
    let (_, chosen_us) = chosen.expect("one of those measured");
    assert!(*chosen_us <= best * 1.02, "{chosen_us} against {best}");
    let survey = survey(&spec).expect("surveys");
    for (offset, measured_us) in CUTS {
        let point = survey.points.iter().find(|point| point.first_tokens as i32 == 2048 + offset);
        let predicted_us = point.expect("a multiple of the tile").layer_ns / 1e3;
        println!("{offset:+5} measured {measured_us:5.0} predicted {predicted_us:5.0} µs");
        assert!((predicted_us / measured_us - 1.0).abs() < 0.06, "{offset}");
    }
}
