//! `serving`: the same requests served by each strategy on a simulated machine.

mod args;
mod iterations;
mod text;

use std::{
    io::{self, Write},
    sync::{Mutex, PoisonError},
    time::Instant,
};

use serde::Serialize;
use weftscope_engine::{
    batch::Batch,
    plan::plan,
    serving::{
        KvCapacity, Limits, Pricing, Served, ServingError, ServingReport, ServingSpec, serve,
    },
    spec::{Knobs, StrategyKind},
};

pub(super) use self::args::ServingArgs;
use super::{
    Failure, Outcome, plain,
    progress::ProgressLine,
    run_args::{Backend, strategies},
    run_spec::{run_failure, spec_on},
};
use crate::{
    files::check_target,
    jobs::spread,
    serving::{Demand, DemandError, Source, Workload, fixed_cut},
};

/// Everything that is said of a serving.
#[derive(Serialize)]
struct Said<'a> {
    provenance: &'static str,
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
    /// What the simulation itself took.
    seconds: f64,
}

/// Serves and prints, one line a strategy.
pub(super) fn run(args: &ServingArgs) -> Outcome {
    let began = Instant::now();
    let strategies = strategies(&args.strategy)?;
    let specs = specs(args, &strategies)?;
    let spec = &specs[0];
    spec.check().map_err(failure)?;
    let kv = KvCapacity::of(spec).map_err(failure)?;
    // What is wrong with the arguments is said before anything runs.
    plan(&spec.run_of(Batch::prefill(1, 1))).map_err(|error| run_failure(error.into()))?;
    if let Some(path) = &args.iterations {
        check_target(path)?;
    }
    let workload = demand(args).workload().map_err(wrong_demand)?;
    let served = serve_all(&specs, &workload)?;
    if let Some(path) = &args.iterations {
        iterations::write(path, &strategies, &served)?;
    }
    let reports = strategies.iter().zip(&served);
    let said = Said {
        provenance: "modelled",
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
fn specs(args: &ServingArgs, strategies: &[StrategyKind]) -> Result<Vec<ServingSpec>, Failure> {
    let any = spec_on(&args.on, Backend::Sim, Batch::prefill(1, 1), strategies[0], None)?;
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
        serve(&specs[at], &workload.requests, Pricing::Bucketed, &mut |answered| {
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
