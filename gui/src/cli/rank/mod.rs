//! `rank`: one process of a run that a launcher starts as many, on one server or on several.

mod args;
mod cuda;
mod sim;
mod together;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use weftscope_engine::{choose::plan, executor::Executor, plan::Plan};
use weftscope_profiler::{
    record::RunError,
    world::{ClockReading, Stretches, World, WorldError, record},
};
use weftscope_traces::{
    Trace,
    edit::only_ranks,
    words::{counted, duration},
};

pub(super) use self::args::RankArgs;
use self::together::{Who, failed};
use super::{
    Failure, Outcome, convert,
    digest::LiveDigest,
    run_args::{Backend, layers},
    run_spec::{run_failure, run_spec},
    weights,
};
use crate::files::{SaveOptions, TraceFormat, check_target, is_stdio};

/// Meets the others, runs, and writes what this process' ranks did.
pub(super) fn run(mut args: RankArgs) -> Outcome {
    let who = Who::of(&args)?;
    let output: Option<(TraceFormat, PathBuf)> = match who.output(&args)? {
        Some(path) => Some((convert::format_of(&path)?, path)),
        None => None,
    };
    check_simulated(&args)?;
    let checkpoint = weights::on(args.backend, args.weights.as_deref())?;
    args.run.on.tp.get_or_insert(who.world.saturating_mul(args.gpus));
    let asked = weights::layers(args.layers.as_deref(), checkpoint.as_ref());
    let mut spec = run_spec(&args.run, args.backend, layers(asked)?)?;
    if let Some(model) = weights::model(args.run.on.model.as_deref(), checkpoint.as_ref()) {
        spec.model = model;
    }
    if args.backend == Backend::Cuda {
        // The GPUs of all processes: each may see its own alone.
        spec.machine.gpus = who.world.saturating_mul(args.gpus);
    }
    if let Some((_, path)) = output.as_ref().filter(|(_, path)| !is_stdio(path)) {
        check_target(path)?;
    }
    let plan = Arc::new(plan(&spec).map_err(|error| run_failure(error.into()))?);
    match args.backend {
        Backend::Sim => sim::run(&args, &who, &plan, output.as_ref()),
        Backend::Cuda => cuda::run(&args, &who, (&plan, checkpoint), output.as_ref()),
    }
}

/// Clocks are planted on what is simulated only.
fn check_simulated(args: &RankArgs) -> Outcome {
    let asked = [
        (args.every.is_some(), "--every"),
        (args.clock_offset.is_some(), "--clock-offset"),
        (args.clock_drift.is_some(), "--clock-drift"),
    ];
    let is_wrong = |asked: &&(bool, &str)| asked.0 && args.backend == Backend::Cuda;
    if let Some((_, argument)) = asked.iter().find(is_wrong) {
        return Err(Failure::misuse("only what is simulated can have that", argument));
    }
    if args.clock_drift.is_some_and(|ppm| !(-1000.0..=1000.0).contains(&ppm)) {
        return Err(Failure::misuse("a clock drifts by -1000 to 1000 ppm", "--clock-drift"));
    }
    if args.every.is_some_and(|every| every.ns < 0) || args.wait.ns <= 0 {
        return Err(Failure::misuse("a time to wait is not below zero", "--every, --wait"));
    }
    Ok(())
}

/// What breaks a run off.
enum Broken {
    Run(RunError),
    World(WorldError),
    Other(Failure),
}

impl From<RunError> for Broken {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}

/// Runs the iterations, meeting the others at each, and writes.
fn write(
    args: &RankArgs,
    (who, world): (&Who, World),
    (executor, plan): (&mut dyn Executor, &Arc<Plan>),
    output: Option<&(TraceFormat, PathBuf)>,
) -> Outcome {
    let ranks = world.place().ranks();
    let mut clocks = Vec::new();
    clocks.extend(world.compare_clocks().map_err(|error| failed(&error))?);
    let mut digest = args.digest.as_deref().map(|folder| {
        let recording = output.map(|(_, path)| path.as_path());
        LiveDigest::new(folder, (&who.job, Some(&who.server)), recording)
    });
    if let Some(digest) = &mut digest {
        digest.begin(ranks.clone())?;
    }
    let stretches = Stretches {
        iterations: args.iterations.into(),
        each: digest.as_ref().map(|_| args.digest_every.into()),
        whole: output.is_some(),
    };
    let own = |trace: Trace| named(&trace, ranks.clone(), &who.server);
    let mut steps = 0..;
    let mut step = |_| {
        let step = steps.next().unwrap_or_default();
        world.step(step).map_err(Broken::World)
    };
    let mut closed = |trace: Trace| match &mut digest {
        Some(digest) => own(trace).and_then(|trace| digest.close(&trace)).map_err(Broken::Other),
        None => Ok(()),
    };
    let whole = record(executor, plan, stretches, &mut step, &mut closed);
    let whole = whole.map_err(|broken| match broken {
        Broken::Run(error) => match world.broken() {
            Some(cause) => Failure::failed(format!("{cause}; {error}"), "weftscope rank"),
            None => run_failure(error),
        },
        Broken::World(error) => failed(&error),
        Broken::Other(failure) => failure,
    })?;
    clocks.extend(world.compare_clocks().map_err(|error| failed(&error))?);
    if let (Some(whole), Some((format, path))) = (whole, output) {
        let trace = own(whole)?.with_meta(|meta| meta.lines.extend(lines(who, &clocks)));
        convert::save(&trace, path, (*format, SaveOptions { own_names: false, rank: None }))?;
        say(path, (who, &trace), &clocks)?;
    }
    if let Some(digest) = digest {
        digest.tell()?;
    }
    world.leave().map_err(|error| failed(&error))
}

/// The trace of this process' ranks, which says whose clock it is on.
fn named(trace: &Trace, ranks: std::ops::Range<u32>, server: &str) -> Result<Trace, Failure> {
    let own = only_ranks(trace, ranks).map_err(|error| Failure::failed(error, "the recording"))?;
    Ok(own.with_meta(|meta| {
        for info in &mut meta.ranks {
            info.server = Some(server.to_owned());
        }
    }))
}

/// What the recording says of this process' clock and job.
fn lines(who: &Who, clocks: &[ClockReading]) -> Vec<(String, String)> {
    let of = |(at, reading): (usize, &ClockReading)| {
        let when = if at == 0 { "before the run" } else { "after the run" };
        let name = format!("clock of rank {} on {} {when}", who.rank, who.server);
        (name, in_words(reading))
    };
    let job = ("job".to_owned(), who.job.clone());
    std::iter::once(job).chain(clocks.iter().enumerate().map(of)).collect()
}

fn in_words(reading: &ClockReading) -> String {
    let ClockReading { ahead_ns, uncertainty_ns, exchanges, .. } = *reading;
    let way = if ahead_ns < 0 { "behind" } else { "ahead of" };
    format!(
        "{} {way} rank 0's, to within {}, by {}",
        duration(ahead_ns.saturating_abs()),
        duration(uncertainty_ns),
        counted(exchanges.into(), "exchange")
    )
}

/// What was recorded, in a line.
fn say(path: &Path, (who, trace): (&Who, &Trace), clocks: &[ClockReading]) -> Outcome {
    let mut out: Box<dyn Write> = match is_stdio(path) {
        true => Box::new(io::stderr()),
        false => Box::new(io::stdout()),
    };
    let clock = clocks
        .last()
        .map_or_else(String::new, |reading| format!(", its clock {}", in_words(reading)));
    writeln!(
        out,
        "{}: rank {} of {} on {}, {}, {}{clock}",
        path.display(),
        who.rank,
        who.world,
        who.server,
        counted(trace.num_slices() as u64, "slice"),
        duration(trace.span().len_ns())
    )?;
    Ok(out.flush()?)
}
