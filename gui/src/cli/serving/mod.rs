//! `serving`: the same requests served by each strategy, on a simulated machine or on GPUs.

mod args;
mod gpus;
mod iterations;
mod text;

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use serde::Serialize;
use weftscope_engine::{
    batch::Batch,
    cuda::Checkpoint,
    plan::plan,
    serving::{
        KvCapacity, Limits, Pricing, Served, ServingError, ServingReport, ServingSpec, Simulated,
        serve,
    },
    spec::{Knobs, StrategyKind},
};
use weftscope_profiler::collect::expected_error;
use weftscope_traces::ExpectedError;

pub(super) use self::args::ServingArgs;
use super::{
    Failure, Outcome, plain,
    progress::ProgressLine,
    run_args::{Backend, strategies},
    run_spec::{run_failure, spec_on},
    weights,
};
use crate::{
    files::check_target,
    jobs::spread,
    serving::{Demand, DemandError, Source, Workload, fixed_cut},
};

/// Provenance of what the simulator says.
const MODELLED: &str = "modelled";

/// Everything that is said of a serving.
#[derive(Serialize)]
struct Said<'a> {
    provenance: &'static str,
    /// How far predicted layers and iterations are to be expected from measured ones; null where they are measured, or it is not known.
    expected_error: Option<ExpectedError>,
    model: &'a str,
    machine: &'a str,
    tp: u32,
    requests: &'a str,
    empty_rows: u64,
    budget: u32,
    max_seqs: u32,
    memory_share: f64,
    cuda_graphs: &'static str,
    kv_tokens: u64,
    kv_bytes: u64,
    strategies: Vec<ServingReport>,
    /// What it all took.
    seconds: f64,
}

/// Serves and prints, one line a strategy.
pub(super) fn run(args: &ServingArgs) -> Outcome {
    let began = Instant::now();
    let strategies = strategies(&args.strategy)?;
    let checkpoint = weights::on(args.backend, args.weights.as_deref())?;
    let specs = specs(args, &strategies, checkpoint.as_ref())?;
    let sampling = gpus::sampling(args)?;
    let spec = &specs[0];
    spec.check().map_err(failure)?;
    if args.backend == Backend::Sim {
        KvCapacity::of(spec).map_err(failure)?;
    }
    // What is wrong with the arguments is said before anything runs.
    plan(&spec.run_of(Batch::prefill(1, 1))).map_err(|error| run_failure(error.into()))?;
    if let Some(path) = &args.iterations {
        check_target(path)?;
    }
    let workload = demand(args).workload().map_err(wrong_demand)?;
    let (provenance, served) = match args.backend {
        Backend::Sim => (MODELLED, serve_all(&specs, &workload)?),
        Backend::Cuda => ("measured", gpus::serve_all(&specs, &workload, sampling, checkpoint)?),
    };
    let kv = served[0].kv;
    if let Some(path) = &args.iterations {
        iterations::write(path, &strategies, &served)?;
    }
    let reports = strategies.iter().zip(&served);
    let said = Said {
        provenance,
        expected_error: expected_error(&spec.machine).filter(|_| provenance == MODELLED),
        model: &spec.model.name,
        machine: &spec.machine.title,
        tp: spec.knobs.tp,
        requests: &workload.words,
        empty_rows: workload.empty_rows,
        budget: args.budget,
        max_seqs: args.max_seqs,
        memory_share: args.memory_share,
        cuda_graphs: spec.graphs.name(),
        kv_tokens: kv.tokens(),
        kv_bytes: kv.bytes(),
        strategies: reports.map(|(&kind, served)| ServingReport::of(kind, served)).collect(),
        seconds: began.elapsed().as_secs_f64(),
    };
    if args.json {
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, &said).map_err(io::Error::from)?;
        writeln!(out)?;
        return Ok(out.flush()?);
    }
    let mut out = plain::stdout();
    text::write(&said, &mut out)?;
    Ok(out.flush()?)
}

/// The requests that the arguments ask for.
fn demand(args: &ServingArgs) -> Demand {
    let source = match &args.trace {
        Some(path) => Source::Trace(path.clone()),
        None => Source::Fixed { prompt_tokens: args.prompt, output_tokens: args.output },
    };
    Demand { source, requests: args.requests, rate_per_s: args.rate, seed: args.on.seed }
}

fn wrong_demand(error: DemandError) -> Failure {
    match error {
        DemandError::Setting { name, cause } => Failure::misuse(cause, &format!("--{name}")),
        DemandError::File(error) => error.into(),
    }
}

/// One spec a strategy.
fn specs(
    args: &ServingArgs,
    strategies: &[StrategyKind],
    checkpoint: Option<&Arc<Checkpoint>>,
) -> Result<Vec<ServingSpec>, Failure> {
    let mut any = spec_on(&args.on, args.backend, Batch::prefill(1, 1), strategies[0], None)?;
    if let Some(model) = weights::model(args.on.model.as_deref(), checkpoint) {
        any.model = model;
    }
    if let Some((tokens, why)) = fixed_cut(&any) {
        let cause = format!("{why}; name a chooser");
        return Err(Failure::misuse(cause, &format!("--split {tokens}")));
    }
    let spec = |&strategy: &StrategyKind| ServingSpec {
        model: any.model.clone(),
        machine: any.machine.clone(),
        knobs: Knobs { strategy, ..any.knobs.clone() },
        limits: Limits { budget_tokens: args.budget, max_sequences: args.max_seqs },
        memory_share: args.memory_share,
        graphs: args.cuda_graphs.into(),
    };
    Ok(strategies.iter().map(spec).collect())
}

/// All strategies, on as many threads as there are cores. Those that cut batches take longest and stand last in lists, so they
/// are begun first.
fn serve_all(specs: &[ServingSpec], workload: &Workload) -> Result<Vec<Served>, Failure> {
    let total = (workload.requests.len() * specs.len()) as u64;
    let line = ProgressLine::new(format!("serving {}", workload.words));
    let progress = Mutex::new((line, vec![0; specs.len()]));
    let mut served = spread(specs.len(), |from_last| {
        let at = specs.len() - 1 - from_last;
        let mut engine = Simulated::new(&specs[at], Pricing::Bucketed)?;
        serve(&specs[at], &workload.requests, &mut engine, &mut |_, answered| {
            let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
            let (line, done) = &mut *progress;
            done[at] = answered;
            line.step(done.iter().sum(), Some(total));
            true
        })
    });
    served.reverse();
    served.into_iter().collect::<Result<_, _>>().map_err(failure)
}

/// What is misuse, and what failed.
fn failure(error: ServingError) -> Failure {
    match error {
        ServingError::Setting { name, .. } => Failure::misuse(&error, &format!("--{name}")),
        ServingError::Plan(error) => run_failure(error.into()),
        ServingError::Run(error) => run_failure(error.into()),
        ServingError::Memory(cause) => Failure::failed(cause, "--machine, --memory-share"),
        ServingError::NoRequest(cause) => Failure::Failed(cause),
        // Nobody stops it from here.
        ServingError::Stopped => Failure::failed(error, "serving"),
    }
}
