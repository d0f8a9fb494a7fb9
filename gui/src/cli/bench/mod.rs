//! `bench`: strategies against one another, kernels against what the hardware can do at best.

mod args;
mod inject;
mod report;
mod text;

use std::{io::Write, sync::Arc};

use weftscope_engine::{
    cuda::{Checkpoint, Group, measure_roofline},
    executor::{ExecError, Executor},
    plan::plan,
    roofline::Roofline,
    sim::Simulator,
    spec::{RunSpec, StrategyKind},
};
use weftscope_profiler::bench::{Bench, Open, Options, bench};
use weftscope_traces::words::counted;

pub(super) use self::args::BenchArgs;
use self::report::{MODELLED, Report};
use super::{
    Failure, Outcome,
    progress::ProgressLine,
    run_args::{Backend, layers, strategies},
    run_spec::{prefill, run_failure, spec_on},
    weights,
};
use crate::files::check_target;

/// Turns of each strategy on GPUs before those that count: clocks rise, memory is touched.
const WARM_UP: u32 = 2;

/// Runs and prints, one table of strategies and one of kernels for each number of tokens.
pub(super) fn run(args: &BenchArgs) -> Outcome {
    if args.inject {
        return inject::run(args);
    }
    let mut out = std::io::stdout().lock();
    let strategies = strategies(&args.strategy)?;
    let checkpoint = weights::on(args.backend, args.weights.as_deref())?;
    let specs = specs(args, strategies[0], checkpoint.as_ref())?;
    if let Some(path) = &args.json {
        check_target(path)?;
    }
    let roofline = roofline(args.backend, &specs[0])?;
    let (provenance, warm_up) = match args.backend {
        Backend::Sim => (MODELLED, 0),
        Backend::Cuda => ("measured", WARM_UP),
    };
    let options = Options { turns: args.turns, warm_up, iterations: args.iterations };
    let mut report = Report::new(&specs[0], options, provenance, roofline);
    text::head(&report, &mut out)?;
    let mut open = |spec: &RunSpec| executor(args.backend, spec, checkpoint.clone());
    for spec in &specs {
        let batch = turns(spec, &strategies, options, &roofline, &mut open)?;
        text::batch(&batch, &mut out)?;
        out.flush()?;
        report.batches.push(batch);
    }
    match &args.json {
        Some(path) => report.write_json(path),
        None => Ok(()),
    }
}

/// One spec for each number of tokens.
fn specs(
    args: &BenchArgs,
    any: StrategyKind,
    checkpoint: Option<&Arc<Checkpoint>>,
) -> Result<Vec<RunSpec>, Failure> {
    let layers = layers(&args.layers)?;
    for (count, argument) in [(args.turns, "--turns 0"), (args.iterations, "--iterations 0")] {
        if count == 0 {
            return Err(Failure::misuse("nothing to measure", argument));
        }
    }
    let spec = |&tokens| {
        let batch = prefill(tokens, args.seq)?;
        let mut spec = spec_on(&args.on, args.backend, batch, any, layers)?;
        if let Some(model) = weights::model(args.on.model.as_deref(), checkpoint) {
            spec.model = model;
        }
        if layers.unwrap_or(spec.model.layers) < 3 {
            let cause = "the first and the last layer do not count, so three are needed";
            return Err(Failure::misuse(cause, &format!("--layers {}", args.layers)));
        }
        // What is wrong with the arguments is said before anything runs.
        plan(&spec).map_err(|error| run_failure(error.into()))?;
        Ok(spec)
    };
    let specs: Vec<RunSpec> = args.tokens.iter().map(spec).collect::<Result<_, Failure>>()?;
    if specs.is_empty() {
        return Err(Failure::misuse("no number of tokens is given", "--tokens"));
    }
    Ok(specs)
}

/// What kernels are held against: measured where they are measured.
fn roofline(backend: Backend, spec: &RunSpec) -> Result<Roofline, Failure> {
    match backend {
        Backend::Sim => Ok(Roofline::of(&spec.machine)),
        Backend::Cuda => Group::open(spec.knobs.tp)
            .and_then(|group| measure_roofline(&group))
            .map_err(|error| Failure::failed(error, "--backend cuda")),
    }
}

/// All strategies on one batch.
fn turns(
    spec: &RunSpec,
    strategies: &[StrategyKind],
    options: Options,
    roofline: &Roofline,
    open: Open<'_>,
) -> Result<Bench, Failure> {
    let mut line = ProgressLine::new(counted(spec.batch.tokens().into(), "token"));
    bench(spec, strategies, options, roofline, open, &mut |done, total| {
        line.step(done, Some(total));
        true
    })
    .map_err(run_failure)
}

fn executor(
    backend: Backend,
    spec: &RunSpec,
    checkpoint: Option<Arc<Checkpoint>>,
) -> Result<Box<dyn Executor>, ExecError> {
    Ok(match backend {
        Backend::Sim => Box::new(Simulator::new(&spec.machine)),
        Backend::Cuda => Box::new(weights::executor(spec.knobs.tp, true, checkpoint)?),
    })
}
