//! `run`: starts any CUDA program and records or shows the thread blocks of its kernels.

mod args;
mod cost;
mod digest;
mod on_server;

use std::{io::Write, path::Path, process::ExitStatus, time::Instant};

use weftscope_profiler::watch::{Begin, Job, JobError, Order, Place, Process, Setup, Turn, trace};
use weftscope_traces::{
    Classifier, Trace,
    words::{counted, duration},
};

use self::args::RecordArg;
pub(super) use self::{args::ProgramArgs, on_server::on};
use super::{Failure, Outcome, convert, doctor, interrupt};
use crate::times::Time;
use crate::{
    app::{self, Start},
    files::{SaveOptions, check_target, is_stdio, on_this_server},
    jobs::{Program, Watched, setup_for},
};

/// Runs the program and shows or writes what it told.
pub(super) fn run(args: &ProgramArgs) -> Outcome {
    if args.cost {
        return cost::run(args);
    }
    if !args.on.is_empty() {
        return on_server::show(args, &args.on);
    }
    if let Some(folder) = &args.digest {
        return digest::run(args, folder);
    }
    match &args.output {
        Some(_) if args.record == RecordArg::Asked => {
            let cause = "whoever asks says where to write: weftscope record --attach PID -o FILE";
            Err(Failure::misuse(cause, "--output"))
        }
        None if args.record == RecordArg::Asked => listen(args),
        Some(output) => write(args, output),
        None => show(args),
    }
}

fn failed(error: JobError) -> Failure {
    Failure::failed(error, "weftscope run")
}

/// What the arguments ask for, once everything that it needs is there.
fn prepared(args: &ProgramArgs) -> Result<(Setup, Order), Failure> {
    let trigger = args.trigger();
    let setup = setup_for(args.level.level(), &trigger)
        .map_err(|cause| Failure::failed(cause, "weftscope run"))?;
    for step in &setup.steps {
        eprintln!("weftscope run: {step}");
    }
    let (command, patch, place) = (args.command.clone(), args.patch(), Place::default());
    let order = Order { command, patch, trigger, place };
    Ok((setup, order))
}

/// Runs the program to its end, there to be recorded by others.
fn listen(args: &ProgramArgs) -> Outcome {
    let (setup, order) = prepared(args)?;
    let mut job = Job::start(&setup, &order).map_err(failed)?;
    if let Some(name) = job.name() {
        eprintln!("weftscope run: record it with `weftscope record --attach {name} -o FILE`");
    }
    match job.wait().map_err(failed)? {
        Some(status) if !status.success() => {
            Err(Failure::failed(format!("the program ended with {status}"), title(args)))
        }
        _ => Ok(()),
    }
}

/// The window, live. The program goes on when it is closed.
fn show(args: &ProgramArgs) -> Outcome {
    check_window(args.duration, "weftscope run")?;
    let classifier = args.names.classifier()?;
    let (setup, order) = prepared(args)?;
    let program = Program::Start { setup: Box::new(setup), order: Box::new(order) };
    let watched = Watched { program, title: title(args) };
    window(watched, classifier, "weftscope run")
}

/// Whether there can be a window over a program; `asked` is what opens it.
pub(super) fn check_window(duration: Option<Time>, asked: &str) -> Outcome {
    if !doctor::has_display() {
        let cause = "without a display there is no window; -o FILE writes a recording";
        return Err(Failure::misuse(cause, asked));
    }
    if duration.is_some() {
        let cause = "in the window a recording is stopped by hand; with -o FILE it is written";
        return Err(Failure::misuse(cause, "--for"));
    }
    Ok(())
}

/// The window over a program; `command` is who opens it.
pub(super) fn window(watched: Watched, classifier: Classifier, command: &str) -> Outcome {
    let start = Start { classifier, watch: Some(watched), ..Start::opening(Vec::new()) };
    app::run_window(start).map_err(|error| Failure::failed(error, command))
}

/// Runs the program to its end and writes what it told.
fn write(args: &ProgramArgs, output: &Path) -> Outcome {
    let format = convert::format_of(output)?;
    if !is_stdio(output) {
        check_target(output)?;
    }
    let classifier = args.names.classifier()?;
    let (setup, order) = prepared(args)?;
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
    convert::save(&recorded, output, (format, SaveOptions { own_names: false, rank: None }))?;
    say(output, &recorded, &processes)?;
    // Stopped before the program's end: it has the terminal until then.
    let status = match interrupts.count() {
        0 | 1 => job.wait().map_err(failed)?,
        _ => job.status(),
    };
    drop(interrupts);
    ended(output, status)
}

/// The command line.
fn title(args: &ProgramArgs) -> String {
    let words: Vec<String> =
        args.command.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "))
}

/// Why processes have told of no kernel.
fn why_nothing(args: &ProgramArgs, processes: &[Process]) -> String {
    match processes.iter().flat_map(|process| &process.notes).next() {
        Some(note) => note.clone(),
        None if processes.is_empty() => {
            "none of its processes loaded CUDA's driver, or another tool took the way in (CUDA_INJECTION64_PATH)"
                .to_owned()
        }
        None => match args.trigger().begin {
            Begin::Profiler => "its processes never called cudaProfilerStart".to_owned(),
            Begin::AfterSteps(steps) => {
                format!("no process came to the end of {}", counted(steps.into(), "step"))
            }
            Begin::Range(name) => format!("no NVTX range {name:?} began after CUDA was there"),
            Begin::Asked | Begin::AtStart => "its processes launched no kernel".to_owned(),
        },
    }
}

fn recorded(
    args: &ProgramArgs,
    (processes, status): (&[Process], Option<ExitStatus>),
    classifier: &Classifier,
) -> Result<Trace, Failure> {
    let title = title(args);
    if !processes.iter().any(Process::has_run) {
        let why = why_nothing(args, processes);
        let failed = status.filter(|status| !status.success());
        let ended = failed.map_or_else(String::new, |status| format!("it ended with {status}; "));
        return Err(Failure::failed(format!("{ended}nothing was recorded: {why}"), title));
    }
    let trace = trace(&title, processes, classifier);
    trace.map(on_this_server).map_err(|error| Failure::failed(error, title))
}

/// What was recorded, in a line.
pub(super) fn say(output: &Path, trace: &Trace, processes: &[Process]) -> Outcome {
    let mut out: Box<dyn Write> = match is_stdio(output) {
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
        output.display(),
        counted(trace.meta.ranks.len() as u64, "rank"),
        counted(kernels as u64, "kernel"),
        sum(|process| process.channels.len(), "channel"),
        sum(|process| process.ranges.len(), "NVTX range"),
        duration(trace.span().len_ns())
    )?;
    Ok(out.flush()?)
}

/// The program's own failure is this command's too.
fn ended(output: &Path, status: Option<ExitStatus>) -> Outcome {
    match status {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(Failure::failed(
            format!("the program ended with {status}; what it told until then is written"),
            output.display(),
        )),
        None => Err(Failure::failed(
            "interrupted before the program ended; what it told until then is written",
            output.display(),
        )),
    }
}
