//! Simulated runs, changed by prediction, against the changed run simulated.

use weftscope_engine::{
    batch::Batch,
    machine, model,
    sim::Simulator,
    spec::{Chooser, Knobs, RunSpec, SplitChoice, StrategyKind, Transport},
};
use weftscope_profiler::record::record;
use weftscope_traces::{
    Trace,
    analysis::{Config, Ops, lengths_ns},
    replay::Answer,
};

use super::{Figure, answer};
use crate::cli::{Failure, run_spec::run_failure, what_if::median};

/// Strategies made of the default one.
pub(super) fn simulated() -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    let (mut batches, mut rightly_ranked) = (0_u32, 0_u32);
    for machine in ["h200x2", "h100x4"] {
        for tokens in [2048, 4096, 8192] {
            let run = Run { machine, tokens, strategy: StrategyKind::Default, tp: None, ..ALIKE };
            let default = recorded(&run)?;
            let mut times = Vec::new();
            for (edit, strategy) in [
                ("no-comm", StrategyKind::NoComm),
                ("fuse-norm", StrategyKind::FuseOnly),
                ("tokenweave", StrategyKind::TokenWeave),
            ] {
                let answer = answer(&default, &[edit])?;
                let pair = beside(&answer, &recorded(&Run { strategy, ..run })?);
                times.push(pair);
                let what = format!("{machine}, {tokens} tokens, {}", strategy.name());
                figures.push(Figure::time(what, pair, 4.0));
            }
            rightly_ranked += u32::from(is_ranked(&times));
            batches += 1;
        }
    }
    let [recorded, predicted] = [batches, rightly_ranked].map(f64::from);
    let what = "batches of which the three are in the right order".to_owned();
    let off = recorded - predicted;
    figures.push(Figure { what, recorded, predicted, unit: "", off, reach: Some(0.0) });
    Ok(figures)
}

/// Whether predicted times are in the order of the others.
fn is_ranked(times: &[[f64; 2]]) -> bool {
    let mut by_first = times.to_vec();
    by_first.sort_by(|a, b| a[0].total_cmp(&b[0]));
    by_first.is_sorted_by(|a, b| a[1] <= b[1])
}

/// What is run on other machines and at other degrees: strategy and tokens.
const RUNS: [(StrategyKind, u32); 5] = [
    (StrategyKind::Default, 2048),
    (StrategyKind::Default, 4096),
    (StrategyKind::Default, 8192),
    (StrategyKind::FuseOnly, 4096),
    (StrategyKind::TokenWeave, 8192),
];

/// Runs of one machine, predicted for another, against simulating them there. Both of a pair have the same kernels and gaps between them.
pub(super) fn machines() -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    for (from, to, tp) in [
        ("h200x2", "h100x4", 2),
        ("h100x8", "h200x8", 8),
        ("h100x8", "b200x8", 8),
        ("h100x8", "a100x8", 8),
    ] {
        for (strategy, tokens) in RUNS {
            let run = Run { machine: from, tokens, strategy, tp: Some(tp), ..ALIKE };
            let answer = answer(&recorded(&run)?, &[&format!("machine={to}")])?;
            let pair = beside(&answer, &recorded(&Run { machine: to, ..run })?);
            let what = format!("{from} to {to}, {tokens} tokens, {}", strategy.name());
            figures.push(Figure::time(what, pair, 10.0));
        }
    }
    Ok(figures)
}

/// Runs of so many ranks, predicted for others, against simulating those.
pub(super) fn degrees() -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    for (old, new) in [(4, 8), (8, 4), (2, 4), (4, 2)] {
        for (strategy, tokens) in RUNS {
            let run = Run { machine: "h100x8", tokens, strategy, tp: Some(old), ..ALIKE };
            let answer = answer(&recorded(&run)?, &[&format!("tp={new}")])?;
            let pair = beside(&answer, &recorded(&Run { tp: Some(new), ..run })?);
            let what = format!("tp {old} to {new}, {tokens} tokens, {}", strategy.name());
            figures.push(Figure::time(what, pair, 10.0));
        }
    }
    Ok(figures)
}

/// Runs with a rank that is late in every iteration, or that computes more slowly, predicted without it, and runs without predicted with
/// one that is late, against simulating them.
pub(super) fn late_ranks() -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    for (strategy, tokens) in RUNS {
        let alike =
            Run { machine: "h100x4", tokens, strategy, tp: Some(4), iterations: 4, ..ALIKE };
        let on_time = recorded(&alike)?;
        for (what, run) in [
            ("200 µs late", Run { late_ns: 200_000, ..alike }),
            ("1.1 times as slow", Run { slowdown: 1.1, ..alike }),
            ("1.5 times as slow", Run { slowdown: 1.5, ..alike }),
        ] {
            let changed = recorded(&run)?;
            let figure = |edit: &str, [from, to]: [&Trace; 2]| {
                let pair = beside(&answer(from, &[edit])?, to);
                let what = format!("{edit}: {what}, {tokens} tokens, {}", strategy.name());
                Ok::<Figure, Failure>(Figure::time(what, pair, 10.0))
            };
            figures.push(figure("no-straggler", [&changed, &on_time])?);
            if run.late_ns > 0 {
                figures.push(figure("straggler=1:200us", [&on_time, &changed])?);
            }
        }
    }
    Ok(figures)
}

/// Four layers of Llama 3.3 70B on a machine.
#[derive(Clone, Copy)]
struct Run {
    machine: &'static str,
    tokens: u32,
    strategy: StrategyKind,
    /// Ranks, each with its shard, cut at half with [`KEPT_CTAS`]; `None`: one a GPU with shards of 8, cut by the chooser.
    tp: Option<u32>,
    iterations: u32,
    /// How late rank 1 begins each iteration.
    late_ns: i64,
    /// How many times as long it computes.
    slowdown: f64,
}

/// One iteration of ranks that are alike.
const ALIKE: Run = Run {
    machine: "h200x2",
    tokens: 4096,
    strategy: StrategyKind::Default,
    tp: None,
    iterations: 1,
    late_ns: 0,
    slowdown: 1.0,
};

/// CTAs of collectives where they are kept from run to run.
const KEPT_CTAS: u32 = 8;

fn recorded(run: &Run) -> Result<Trace, Failure> {
    let missing = |what: &str| Failure::failed("it does not ship", what);
    let machine = machine::builtin(run.machine).ok_or_else(|| missing(run.machine))?;
    let model = model::builtin("llama-3.3-70b").ok_or_else(|| missing("llama-3.3-70b"))?;
    let knobs = Knobs {
        tp: run.tp.unwrap_or(machine.gpus),
        shard_of: run.tp.is_none().then_some(8),
        strategy: run.strategy,
        transport: Transport::P2p,
        // What is changed is the machine or the degree, not what a chooser makes of it.
        split: match run.tp {
            Some(_) => SplitChoice::Fixed(run.tokens / 2),
            None => SplitChoice::Auto(Chooser::Simulated),
        },
        attn_ctas: run.tp.map(|_| KEPT_CTAS),
        mlp_ctas: run.tp.map(|_| KEPT_CTAS),
        layers: Some(4),
        skew_ns: vec![0, run.late_ns],
        slowdown: vec![1.0, run.slowdown],
        ..Knobs::default()
    };
    let batch = Batch::prefill(run.tokens, run.tokens);
    let spec = RunSpec { model, machine, batch, knobs };
    let mut simulator = Simulator::new(&spec.machine);
    record(&mut simulator, &spec, run.iterations, &mut |_| true).map_err(run_failure)
}

/// The changed run as it took, and as it was predicted to, µs.
fn beside(answer: &Answer, changed: &Trace) -> [f64; 2] {
    let lengths = lengths_ns(&Ops::of(changed, &Config::default()));
    [median(&lengths), answer.predicted_ns].map(|ns| ns / 1e3)
}
