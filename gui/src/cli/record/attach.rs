//! `record --attach`: records processes that `weftscope run` has started, or shows them.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use weftscope_profiler::watch::{
    Job, Process, Turn,
    found::{Found, meant},
    trace,
};
use weftscope_traces::Classifier;

use super::{super::run, RecordArgs};
use crate::{
    cli::{Failure, Outcome, convert, interrupt, names::NameArgs},
    files::{SaveOptions, TraceFormat, check_target, is_stdio, on_this_server},
    jobs::{Program, Watched, Whom, attachable},
};

/// Records until it is interrupted, for as long as was asked, or until the processes end.
pub(super) fn run(
    args: &RecordArgs,
    whom: &str,
    (output, format): (&Path, TraceFormat),
) -> Outcome {
    let failed = |error: &dyn std::fmt::Display| Failure::failed(error, whom);
    if !is_stdio(output) {
        check_target(output)?;
    }
    let (sockets, title) = wanted(meant(whom), whom)?;
    let interrupts = interrupt::await_them();
    let mut job = Job::attach(&sockets).map_err(|error| failed(&error))?;
    let began = Instant::now();
    job.listen(&mut |_| match interrupts.count() {
        0 => {
            let elapsed_ns = began.elapsed().as_nanos() as i64;
            let is_enough = args.duration.is_some_and(|duration| elapsed_ns > duration.ns);
            if is_enough { Turn::Stop } else { Turn::GoOn }
        }
        1 => Turn::Stop,
        _ => Turn::Leave,
    })
    .map_err(|error| failed(&error))?;
    drop(interrupts);
    let processes = job.take_processes();
    if !processes.iter().any(Process::has_run) {
        let note = processes.iter().flat_map(|process| &process.notes).next();
        let why = note.map_or("no kernel was launched meanwhile", String::as_str);
        return Err(failed(&format!("nothing was recorded: {why}")));
    }
    let recorded =
        trace(&title, &processes, &Classifier::default()).map_err(|error| failed(&error))?;
    let recorded = on_this_server(recorded);
    let options = SaveOptions { own_names: args.own_names, rank: None };
    convert::save(&recorded, output, (format, options))?;
    run::say(output, &recorded, &processes)
}

/// The window, live. The processes go on when it is closed.
pub(super) fn show(args: &RecordArgs, whom: &str) -> Outcome {
    run::check_window(args.duration, "--attach")?;
    if !args.on.is_empty() {
        let whom_there = |_, _| Whom::There(whom.to_owned());
        let watched = run::on(&args.on, &whom_there, &NameArgs::default(), whom)?;
        return run::window(watched, Classifier::default(), "weftscope record");
    }
    let (sockets, title) = wanted(meant(whom), whom)?;
    let watched = Watched { program: Program::There(sockets), title };
    run::window(watched, Classifier::default(), "weftscope record")
}

/// Sockets of those that can be recorded, and what they run.
fn wanted(found: Vec<Found>, whom: &str) -> Result<(Vec<PathBuf>, String), Failure> {
    attachable(found).map_err(|there| {
        let place = there.whom.unwrap_or_else(|| whom.to_owned());
        Failure::failed(there.why, place)
    })
}
