//! `record`: runs a strategy, on the simulator or on GPUs, and writes the recording.

mod args;
mod attach;
mod cuda;

use std::{io::Write, path::Path, sync::Arc};

use weftscope_engine::{sim::Simulator, spec::RunSpec};
use weftscope_profiler::record::{record, record_plan};
use weftscope_traces::{
    Trace,
    words::{counted, duration},
};

pub(super) use self::args::RecordArgs;
use super::{
    Failure, Outcome, convert, plan,
    progress::ProgressLine,
    run_args::{Backend, layers},
    run_spec::{run_failure, run_spec},
    weights,
};
use crate::files::{FileError, SaveOptions, TraceFormat, check_target, is_stdio};

/// Without GPUs these would be ignored in silence.
fn refuse_what_only_gpus_have(args: &RecordArgs) -> Result<(), Failure> {
    let asked = [
        (args.pm_interval.is_some(), "counters to sample", "--pm-interval"),
        (args.no_cupti, "CUPTI to leave out", "--no-cupti"),
        (args.no_graphs, "CUDA graphs to do without", "--no-graphs"),
    ];
    match asked.into_iter().find(|(is_asked, ..)| *is_asked) {
        None => Ok(()),
        Some((_, what, flag)) => {
            let message = format!("only real GPUs have {what}: add --backend cuda");
            Err(Failure::misuse(message, flag))
        }
    }
}

/// Runs and writes.
pub(super) fn run(args: &RecordArgs) -> Outcome {
    let (output, whom) = match (&args.output, &args.attach) {
        (Some(output), whom) => (output, whom),
        (None, Some(whom)) => return attach::show(args, whom),
        (None, None) => return Err(Failure::misuse("there is no file to write", "--output")),
    };
    let format = convert::format_of(output)?;
    if let Some(whom) = whom {
        return attach::run(args, whom, (output, format));
    }
    if args.iterations == 0 {
        return Err(Failure::misuse("nothing to record", "--iterations 0"));
    }
    if args.backend == Backend::Sim {
        refuse_what_only_gpus_have(args)?;
    }
    if let Some(plan) = &args.plan {
        return of_file(args, plan, (output, format));
    }
    let checkpoint = weights::on(args.backend, args.weights.as_deref())?;
    let asked = weights::layers(args.layers.as_deref(), checkpoint.as_ref());
    let mut spec = run_spec(&args.run, args.backend, layers(asked)?)?;
    if let Some(model) = weights::model(args.run.on.model.as_deref(), checkpoint.as_ref()) {
        spec.model = model;
    }
    if !is_stdio(output) {
        check_target(output)?;
    }
    let trace = match args.backend {
        Backend::Sim => simulated(args, &spec)?,
        Backend::Cuda => cuda::run(args, &spec, checkpoint)?,
    };
    save(args, &trace, (output, format))
}

/// Records the plan of a file. GPUs run none: what they keep in memory is laid out for schedules of the planner, and an op
/// of a file could read what no other has written.
fn of_file(args: &RecordArgs, path: &Path, (output, format): (&Path, TraceFormat)) -> Outcome {
    if args.backend == Backend::Cuda {
        let cause = "plans of files run on the simulator only: GPUs lay memory out for the planner's own schedules, and an op of a file could read what no other has written";
        return Err(Failure::misuse(cause, "--plan"));
    }
    let plan = Arc::new(plan::read(path)?);
    if !is_stdio(output) {
        check_target(output)?;
    }
    let mut simulator = Simulator::new(&plan.spec.machine);
    let trace = record_plan(&mut simulator, &plan, args.iterations, &mut progress(args))
        .map_err(run_failure)?;
    save(args, &trace, (output, format))
}

/// Writes what was recorded, and says how much it is.
fn save(args: &RecordArgs, trace: &Trace, (output, format): (&Path, TraceFormat)) -> Outcome {
    let options = SaveOptions { own_names: args.own_names, rank: None };
    convert::save(trace, output, (format, options))?;
    if let Some(folder) = &args.ranks_dir {
        save_ranks(trace, folder, options)?;
    }
    let mut out: Box<dyn Write> = match is_stdio(output) {
        true => Box::new(std::io::stderr()),
        false => Box::new(std::io::stdout()),
    };
    writeln!(
        out,
        "{}: {}, {}, {}",
        output.display(),
        counted(trace.num_slices() as u64, "slice"),
        counted(args.iterations.into(), "iteration"),
        duration(trace.span().len_ns())
    )?;
    Ok(out.flush()?)
}

fn simulated(args: &RecordArgs, spec: &RunSpec) -> Result<Trace, Failure> {
    let mut simulator = Simulator::new(&spec.machine);
    record(&mut simulator, spec, args.iterations, &mut progress(args)).map_err(run_failure)
}

fn progress(args: &RecordArgs) -> impl FnMut(u32) -> bool {
    let mut line = ProgressLine::new("running");
    let iterations = u64::from(args.iterations);
    move |done| {
        line.step(u64::from(done), Some(iterations));
        true
    }
}

/// One JSON file a rank, as trace analysis of whole jobs expects them.
fn save_ranks(trace: &Trace, folder: &Path, options: SaveOptions) -> Outcome {
    std::fs::create_dir_all(folder)
        .map_err(|error| FileError::io("cannot make the folder", &error, folder))?;
    for info in &trace.meta.ranks {
        let path = folder.join(format!("rank{}.json.gz", info.rank));
        let options = SaveOptions { rank: Some(info.rank), ..options };
        convert::save(trace, &path, (TraceFormat::JsonGz, options))?;
    }
    Ok(())
}
