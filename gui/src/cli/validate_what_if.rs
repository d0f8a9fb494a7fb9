//! `validate --what-if`: replays against their recordings, predicted changes against recordings of the change, against what was measured
//! in `engine/data`, and against the simulator.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use weftscope_engine::{
    batch::Batch,
    machine, model,
    sim::Simulator,
    spec::{Chooser, Knobs, RunSpec, SplitChoice, StrategyKind, Transport},
    validate::validate,
};
use weftscope_profiler::record::record;
use weftscope_traces::{
    Classifier, Trace,
    analysis::{Config, Ops, lengths_ns},
    replay::{Answer, Hidden, Replay, Residual},
};

use super::{
    Failure, Outcome, plain,
    run_spec::run_failure,
    what_if::{least, median, opened},
};
use crate::{files::SAMPLES, what_if::parsed};

/// One figure, both ways.
#[derive(Debug, Serialize)]
struct Figure {
    /// What it is of.
    what: String,
    /// In `unit`: µs, percent, or a number.
    recorded: f64,
    predicted: f64,
    unit: &'static str,
    /// Percent of what was recorded, or points, without sign.
    off: f64,
    /// What is wanted, in the same.
    reach: f64,
}

impl Figure {
    fn time(what: impl Into<String>, [recorded, predicted]: [f64; 2], reach: f64) -> Self {
        let off = if recorded > 0.0 { 100.0 * (predicted / recorded - 1.0).abs() } else { 0.0 };
        Self { what: what.into(), recorded, predicted, unit: "µs", off, reach }
    }
}

/// A table of figures.
#[derive(Debug, Serialize)]
struct Part {
    title: &'static str,
    figures: Vec<Figure>,
}

/// Prints all of it.
pub(super) fn run(files: &[String], as_json: bool) -> Outcome {
    let parts = [
        Part {
            title: "replayed unchanged: worst iteration, worst stream (percent off)",
            figures: residuals(files)?,
        },
        Part {
            title: "two PyTorch recordings of 2 × H200: sequential, woven by prediction, against woven as recorded",
            figures: pytorch()?,
        },
        Part {
            title: "this engine on 2 × H200, 4096 tokens: default as recorded, changed by prediction, against what was measured",
            figures: engine()?,
        },
        Part {
            title: "simulated runs: default, changed by prediction, against the changed run simulated",
            figures: simulated()?,
        },
        Part {
            title: "simulated runs: on one machine, predicted for another (machine=), against the run simulated there",
            figures: machines()?,
        },
        Part {
            title: "simulated runs: other degrees of tensor parallelism (tp=), against those simulated",
            figures: degrees()?,
        },
    ];
    if as_json {
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, &parts).map_err(io::Error::from)?;
        writeln!(out)?;
        return Ok(out.flush()?);
    }
    let mut out = plain::stdout();
    for part in &parts {
        write(part, &mut out)?;
    }
    Ok(out.flush()?)
}

fn write(part: &Part, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", part.title)?;
    writeln!(
        out,
        "  {:<56} {:>10} {:>10} {:>8} {:>6}",
        "", "recorded", "predicted", "off", "reach"
    )?;
    for figure in &part.figures {
        let Figure { what, recorded, predicted, unit, off, reach } = figure;
        let met = if off <= reach { "" } else { "  missed" };
        let off_unit = match *unit {
            "µs" => "%",
            "%" => "pt",
            _ => "",
        };
        writeln!(
            out,
            "  {what:<56} {recorded:>8.1} {unit:<2} {predicted:>7.1} {unit:<2} {off:>6.2} {off_unit:<2} {reach:>4}{met}"
        )?;
    }
    let times: Vec<f64> =
        part.figures.iter().filter(|figure| figure.unit == "µs").map(|figure| figure.off).collect();
    let mean = times.iter().sum::<f64>() / times.len().max(1) as f64;
    writeln!(out, "  mean of the times: {mean:.2} % off\n")
}

/// Replays of the samples, and of the files as one job.
fn residuals(files: &[String]) -> Result<Vec<Figure>, Failure> {
    let mut jobs: Vec<(String, Vec<PathBuf>)> = SAMPLES
        .iter()
        .map(|sample| {
            (sample.name.to_owned(), vec![PathBuf::from(format!("sample:{}", sample.name))])
        })
        .collect();
    if let [first, ..] = files {
        let name = Path::new(first)
            .file_name()
            .map_or_else(|| first.clone(), |name| name.to_string_lossy().into_owned());
        jobs.push((name, files.iter().map(PathBuf::from).collect()));
    }
    let mut figures = Vec::new();
    for (name, files) in jobs {
        let trace = opened(&files, &Classifier::default())?;
        let replay = Replay::of(&Ops::of(&trace, &Config::default()));
        let residual = Residual::of(&replay, &replay.run());
        let iterations = residual.iterations.iter().map(|it| (it.recorded_ns, it.replayed_ns));
        figures.extend(
            worst(iterations).map(|pair| Figure::time(format!("{name}, iteration"), pair, 2.0)),
        );
        let streams = residual.streams.iter().map(|it| (it.recorded_ns, it.replayed_ns));
        figures.extend(
            worst(streams).map(|pair| Figure::time(format!("{name}, busy stream"), pair, 3.0)),
        );
    }
    Ok(figures)
}

/// The pair that is furthest apart, in µs.
fn worst(pairs: impl Iterator<Item = (i64, i64)>) -> Option<[f64; 2]> {
    let apart = |&(old, new): &(i64, i64)| (new as f64 / old.max(1) as f64 - 1.0).abs();
    let pair = pairs.filter(|(old, _)| *old > 0).max_by(|a, b| apart(a).total_cmp(&apart(b)));
    pair.map(|(old, new)| [old, new].map(|ns| ns as f64 / 1e3))
}

fn sample(name: &str) -> Result<Trace, Failure> {
    opened(&[PathBuf::from(format!("sample:{name}"))], &Classifier::default())
}

fn answer(trace: &Trace, edits: &[&str]) -> Result<Answer, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::failed(error, &trace.meta.title);
    let mut all = Vec::new();
    for edit in edits {
        all.extend(parsed(edit, Some(&trace.meta)).map_err(|error| failed(&error))?);
    }
    let ops = Ops::of(trace, &Config::default());
    Answer::of(&ops, &Replay::of(&ops), &all).map_err(|error| failed(&error))
}

/// Iterations: median and shortest, and how much is hidden.
fn held(what: &str, answer: &Answer, measured: &Trace) -> Vec<Figure> {
    let ops = Ops::of(measured, &Config::default());
    let lengths = lengths_ns(&ops);
    let predicted: Vec<f64> = answer.iterations_ns.iter().map(|[_, new]| *new).collect();
    let us = |of: fn(&[f64]) -> f64| [of(&lengths), of(&predicted)].map(|ns| ns / 1e3);
    let mut figures = vec![
        Figure::time(format!("{what}, median iteration"), us(median), 5.0),
        Figure::time(format!("{what}, shortest iteration"), us(least), 5.0),
    ];
    if let (Some(old), Some(new)) = (Hidden::of(&ops).share(), answer.hidden[1].share()) {
        let [recorded, predicted] = [old, new].map(|share| 100.0 * share);
        let what = format!("{what}, hidden");
        let off = (predicted - recorded).abs();
        figures.push(Figure { what, recorded, predicted, unit: "%", off, reach: 6.0 });
    }
    figures
}

fn pytorch() -> Result<Vec<Figure>, Failure> {
    let (sequential, woven) =
        (sample("h200x2-pytorch-sequential")?, sample("h200x2-pytorch-weave")?);
    Ok(held("weave=0.5, 8192 tokens", &answer(&sequential, &["weave=0.5"])?, &woven))
}

/// The recorded `default`, changed: whole iterations against the recorded `tokenweave`, layers against `engine/data`.
fn engine() -> Result<Vec<Figure>, Failure> {
    let default = sample("h200x2-default")?;
    let mut figures =
        held("tokenweave", &answer(&default, &["tokenweave"])?, &sample("h200x2-tokenweave")?);
    let sets = validate(&["layers_h200x2_shard8".to_owned()])
        .map_err(|error| Failure::failed(error, "validate"))?;
    let measured = |strategy: &str| {
        let what = format!("{strategy}, 4096 tokens");
        let rows = sets.iter().flat_map(|set| &set.times_us);
        rows.into_iter().find(|row| row.what == what).map(|row| row.measured)
    };
    for (edit, strategy) in
        [("no-comm", "nocomm"), ("fuse-norm", "fuse-only"), ("tokenweave", "tokenweave")]
    {
        let predicted = layer_us(&answer(&default, &[edit])?.predicted);
        if let (Some(measured), Some(predicted)) = (measured(strategy), predicted) {
            figures.push(Figure::time(
                format!("{strategy}, a layer (engine/data)"),
                [measured, predicted],
                4.0,
            ));
        }
    }
    Ok(figures)
}

/// What a layer takes: from the first op within layers to the last, over the layers, µs.
fn layer_us(trace: &Trace) -> Option<f64> {
    let ops = Ops::of(trace, &Config::default());
    let rank = ops.ranks.first()?;
    let inside = || rank.ops.iter().filter(|op| op.place.layer.is_some());
    let start_ns = inside().map(|op| op.span.start_ns).min()?;
    let end_ns = inside().map(|op| op.span.end_ns).max()?;
    let layers = inside().filter_map(|op| op.place.layer).max()? + 1;
    Some((end_ns - start_ns) as f64 / f64::from(layers) / 1e3)
}

fn simulated() -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    let (mut batches, mut rightly_ranked) = (0_u32, 0_u32);
    for machine in ["h200x2", "h100x4"] {
        for tokens in [2048, 4096, 8192] {
            let run = Run { machine, tokens, strategy: StrategyKind::Default, tp: None };
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
    figures.push(Figure { what, recorded, predicted, unit: "", off, reach: 0.0 });
    Ok(figures)
}

/// Whether predicted times are in the order of the others.
fn is_ranked(times: &[[f64; 2]]) -> bool {
    let mut by_first = times.to_vec();
    by_first.sort_by(|a, b| a[0].total_cmp(&b[0]));
    by_first.is_sorted_by(|a, b| a[1] <= b[1])
}

/// The changed run as it took, and as it was predicted to, µs.
fn beside(answer: &Answer, changed: &Trace) -> [f64; 2] {
    let lengths = lengths_ns(&Ops::of(changed, &Config::default()));
    [median(&lengths), answer.predicted_ns].map(|ns| ns / 1e3)
}

/// Runs of one machine, predicted for another, against simulating them there. Both of a pair have the same kernels and gaps between them.
fn machines() -> Result<Vec<Figure>, Failure> {
    use StrategyKind::{Default, FuseOnly, TokenWeave};
    let mut figures = Vec::new();
    for (from, to, tp) in [
        ("h200x2", "h100x4", 2),
        ("h100x8", "h200x8", 8),
        ("h100x8", "b200x8", 8),
        ("h100x8", "a100x8", 8),
    ] {
        for (strategy, tokens) in [
            (Default, 2048),
            (Default, 4096),
            (Default, 8192),
            (FuseOnly, 4096),
            (TokenWeave, 8192),
        ] {
            let run = Run { machine: from, tokens, strategy, tp: Some(tp) };
            let answer = answer(&recorded(&run)?, &[&format!("machine={to}")])?;
            let pair = beside(&answer, &recorded(&Run { machine: to, ..run })?);
            let what = format!("{from} to {to}, {tokens} tokens, {}", strategy.name());
            figures.push(Figure::time(what, pair, 10.0));
        }
    }
    Ok(figures)
}

/// Runs of so many ranks, predicted for others, against simulating those.
fn degrees() -> Result<Vec<Figure>, Failure> {
    use StrategyKind::{Default, FuseOnly, TokenWeave};
    let mut figures = Vec::new();
    for (old, new) in [(4, 8), (8, 4), (2, 4), (4, 2)] {
        for (strategy, tokens) in [
            (Default, 2048),
            (Default, 4096),
            (Default, 8192),
            (FuseOnly, 4096),
            (TokenWeave, 8192),
        ] {
            let run = Run { machine: "h100x8", tokens, strategy, tp: Some(old) };
            let answer = answer(&recorded(&run)?, &[&format!("tp={new}")])?;
            let pair = beside(&answer, &recorded(&Run { tp: Some(new), ..run })?);
            let what = format!("tp {old} to {new}, {tokens} tokens, {}", strategy.name());
            figures.push(Figure::time(what, pair, 10.0));
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
}

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
        ..Knobs::default()
    };
    let batch = Batch::prefill(run.tokens, run.tokens);
    let spec = RunSpec { model, machine, batch, knobs };
    let mut simulator = Simulator::new(&spec.machine);
    record(&mut simulator, &spec, 1, &mut |_| true).map_err(run_failure)
}
