//! `run`: starts any CUDA program and records what runs on its GPUs.

use std::{ffi::OsString, io::Write, path::PathBuf, process::ExitStatus, time::Instant};

use clap::{Args, ValueEnum};
use weftscope_profiler::watch::{
    Begin, Job, JobError, Level, Order, Process, Setup, SetupError, Trigger, Turn, trace,
};
use weftscope_traces::{
    Trace,
    words::{counted, duration},
};

use super::{Failure, Outcome, convert, interrupt, names::NameArgs, outputs, units::Time};
use crate::files::{SaveOptions, check_target, is_stdio};

/// `run`.
#[derive(Debug, Args)]
pub struct ProgramArgs {
    #[arg(short, long, value_name = "FILE", help = outputs::output_help())]
    pub output: PathBuf,
    /// How much is recorded.
    #[arg(long, value_enum, default_value_t = LevelArg::Auto)]
    pub level: LevelArg,
    /// Whose thread blocks leave stamps: `worth` (kernels of few, long blocks: products, attention, communication), `all`
    /// (whatever it costs), or the modules with a kernel whose name holds this.
    #[arg(long, default_value = "worth", value_name = "WHICH")]
    pub patch: String,
    /// When recording begins: at the program's first kernel, or with its `cudaProfilerStart` (then it ends with
    /// `cudaProfilerStop`; vLLM, SGLang and TensorRT-LLM call these where they are asked to profile).
    #[arg(long, value_enum, default_value_t = RecordArg::AtStart)]
    pub record: RecordArg,
    /// Record so many steps of each process, then the recording is written and the program goes on. A step ends where a thread
    /// that has launched kernels waits for the GPU.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub steps: Option<u32>,
    /// Let so many steps pass first: compilation, tuning, warming up.
    #[arg(long, value_name = "K", default_value_t = 0, conflicts_with = "record")]
    pub skip_steps: u32,
    /// Record this long from the first recorded kernel on, e.g. 10s; then the recording is written and the program goes on
    /// [default: until it ends].
    #[arg(long = "for", value_name = "TIME")]
    pub duration: Option<Time>,
    /// What kernels are.
    #[command(flatten)]
    pub names: NameArgs,
    /// The program and its arguments; torchrun, mpirun and other launchers too.
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        required = true,
        value_name = "CMD"
    )]
    pub command: Vec<OsString>,
}

/// How much is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LevelArg {
    /// The most that can be had here: blocks, else channels, else kernels.
    Auto,
    /// Start, end and SM of every thread block, through the Compute Sanitizer's patches.
    Blocks,
    /// Kernels, and the channels of NCCL's: a thread block each, by NCCL's own word (2.27 and later).
    Channels,
    /// Kernels, copies and NVTX ranges, as CUPTI tells them.
    Kernels,
}

impl LevelArg {
    /// What it needs.
    fn setup(self) -> Result<Setup, SetupError> {
        match self {
            Self::Auto => Setup::most(),
            Self::Blocks => Setup::find(Level::Blocks),
            Self::Channels => Setup::find(Level::Channels),
            Self::Kernels => Setup::find(Level::Kernels),
        }
    }
}

/// When recording begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RecordArg {
    /// The program's first kernel.
    AtStart,
    /// `cudaProfilerStart`.
    Profiler,
}

impl ProgramArgs {
    fn trigger(&self) -> Trigger {
        let begin = match (self.record, self.skip_steps) {
            (RecordArg::Profiler, _) => Begin::Profiler,
            (RecordArg::AtStart, 0) => Begin::AtStart,
            (RecordArg::AtStart, skipped) => Begin::AfterSteps(skipped),
        };
        Trigger { begin, steps: self.steps }
    }
}

/// Runs the program to its end and writes what it told.
pub(super) fn run(args: &ProgramArgs) -> Outcome {
    let format = convert::format_of(&args.output)?;
    if !is_stdio(&args.output) {
        check_target(&args.output)?;
    }
    let classifier = args.names.classifier()?;
    let failed = |error: JobError| Failure::failed(error, "weftscope run");
    let setup = args.level.setup().map_err(|error| failed(error.into()))?;
    // Nothing is left of the level without it, and the program may run for hours.
    if let Some(missing) = setup.missing.first() {
        return Err(Failure::failed(missing, "weftscope run"));
    }
    for step in &setup.steps {
        eprintln!("weftscope run: {step}");
    }
    let trigger = args.trigger();
    let listens =
        trigger.steps.is_some() || matches!(trigger.begin, Begin::Profiler | Begin::AfterSteps(_));
    if listens && setup.level() != Level::Blocks {
        let level = setup.level();
        let cause = format!(
            "at level {level} no call of the program's is listened to, so steps and cudaProfilerStart are not known"
        );
        return Err(Failure::failed(cause, "weftscope run"));
    }
    let order = Order { command: args.command.clone(), patch: args.patch.clone(), trigger };
    let interrupts = interrupt::await_them();
    let mut job = Job::start(&setup, &order).map_err(failed)?;
    let mut first = None;
    job.listen(&mut |job| {
        // Whoever interrupts means the program too: it ends by itself, and what it told is kept. Twice, and it is left.
        if interrupts.count() >= 2 {
            return Turn::Leave;
        }
        let has_launched = || job.processes().any(Process::has_run);
        if first.is_none() && has_launched() {
            first = Some(Instant::now());
        }
        let elapsed_ns = first.map_or(0, |first| first.elapsed().as_nanos() as i64);
        let is_enough = args.duration.is_some_and(|duration| elapsed_ns > duration.ns);
        if is_enough { Turn::Stop } else { Turn::GoOn }
    })
    .map_err(failed)?;
    let processes = job.take_processes();
    let recorded = recorded(args, (&processes, job.status()), &classifier)?;
    let recorded = recorded.with_diagnostics(|diagnostics| {
        setup.steps.iter().for_each(|step| diagnostics.note(step.clone()));
    });
    convert::save(&recorded, &args.output, (format, SaveOptions { own_names: false, rank: None }))?;
    say(args, &recorded, &processes)?;
    // Stopped before the program's end: it has the terminal until then.
    let status = match interrupts.count() {
        0 | 1 => Some(job.wait().map_err(failed)?),
        _ => job.status(),
    };
    drop(interrupts);
    ended(args, status)
}

fn recorded(
    args: &ProgramArgs,
    (processes, status): (&[Process], Option<ExitStatus>),
    classifier: &weftscope_traces::Classifier,
) -> Result<Trace, Failure> {
    let words: Vec<String> =
        args.command.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let title =
        shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "));
    if !processes.iter().any(Process::has_run) {
        let why = match processes.iter().flat_map(|process| &process.notes).next() {
            Some(note) => note.clone(),
            None if processes.is_empty() => {
                "none of its processes loaded CUDA's driver, or another tool took the way in (CUDA_INJECTION64_PATH)"
                    .to_owned()
            }
            None => match args.trigger().begin {
                Begin::Profiler => "its processes never called cudaProfilerStart".to_owned(),
                Begin::AfterSteps(steps) => format!("no process came to the end of {}", counted(steps.into(), "step")),
                Begin::Asked | Begin::AtStart => "its processes launched no kernel".to_owned(),
            },
        };
        let failed = status.filter(|status| !status.success());
        let ended = failed.map_or_else(String::new, |status| format!("it ended with {status}; "));
        return Err(Failure::failed(format!("{ended}nothing was recorded: {why}"), title));
    }
    trace(&title, processes, classifier).map_err(|error| Failure::failed(error, title))
}

fn say(args: &ProgramArgs, trace: &Trace, processes: &[Process]) -> Outcome {
    let mut out: Box<dyn Write> = match is_stdio(&args.output) {
        true => Box::new(std::io::stderr()),
        false => Box::new(std::io::stdout()),
    };
    let kernels: usize = processes.iter().map(Process::num_kernels).sum();
    let sum = |of: fn(&Process) -> usize, what: &str| match processes.iter().map(of).sum() {
        0_usize => String::new(),
        count => format!(", {}", counted(count as u64, what)),
    };
    let stamped = match processes.iter().map(|process| process.stamps.len()).sum() {
        0_usize => String::new(),
        stamped => format!(", {stamped} of them by thread block"),
    };
    writeln!(
        out,
        "{}: {}, {} launched{stamped}{}{}, {}",
        args.output.display(),
        counted(trace.meta.ranks.len() as u64, "rank"),
        counted(kernels as u64, "kernel"),
        sum(|process| process.channels.len(), "channel"),
        sum(|process| process.ranges.len(), "NVTX range"),
        duration(trace.span().len_ns())
    )?;
    Ok(out.flush()?)
}

/// The program's own failure is this command's too.
fn ended(args: &ProgramArgs, status: Option<ExitStatus>) -> Outcome {
    match status {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(Failure::failed(
            format!("the program ended with {status}; what it told until then is written"),
            args.output.display(),
        )),
        None => Err(Failure::failed(
            "interrupted before the program ended; what it told until then is written",
            args.output.display(),
        )),
    }
}
