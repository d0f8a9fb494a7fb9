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
    cli::{Failure, Outcome, convert, interrupt},
    files::{SaveOptions, TraceFormat, check_target, is_stdio},
    jobs::{Program, Watched},
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
    let options = SaveOptions { own_names: args.own_names, rank: None };
    convert::save(&recorded, output, (format, options))?;
    run::say(output, &recorded, &processes)
}

/// The window, live. The processes go on when it is closed.
pub(super) fn show(args: &RecordArgs, whom: &str) -> Outcome {
    run::check_window(args.duration, "--attach")?;
    let (sockets, title) = wanted(meant(whom), whom)?;
    let watched = Watched { program: Program::There(sockets), title };
    run::window(watched, Classifier::default(), "weftscope record")
}

/// Sockets of those that can be recorded, and what they run.
fn wanted(found: Vec<Found>, whom: &str) -> Result<(Vec<PathBuf>, String), Failure> {
    if found.is_empty() {
        let cause = "no process listens by that name (weftscope ps lists them)";
        return Err(Failure::failed(cause, whom));
    }
    let mut title = String::new();
    let mut sockets = Vec::new();
    for process in found {
        match process.hello {
            Err(why) => return Err(Failure::failed(why, process.socket.display())),
            Ok(hello) if hello.is_watched => {
                let pid = hello.pid;
                return Err(Failure::failed(format!("process {pid} is being recorded"), whom));
            }
            Ok(hello) => {
                if title.is_empty() {
                    title = hello.command.join(" ");
                }
                sockets.push(process.socket);
            }
        }
    }
    if sockets.len() > 1 {
        title = format!("{title} ({} processes)", sockets.len());
    }
    Ok((sockets, title))
}

#[cfg(test)]
mod tests {
    use weftscope_profiler::watch::Hello;

    use super::*;

    fn found(pid: u32, hello: Result<Hello, String>) -> Found {
        Found { socket: format!("/job/{pid}.sock").into(), hello }
    }

    fn hello(is_watched: bool) -> Hello {
        let command = vec!["python".to_owned(), "serve.py".to_owned()];
        Hello { pid: 7, command, is_watched, ..Hello::default() }
    }

    #[test]
    fn whoever_is_free_is_recorded_and_who_is_not_is_named() {
        let (sockets, title) =
            wanted(vec![found(1, Ok(hello(false))), found(2, Ok(hello(false)))], "j").unwrap();
        assert_eq!((sockets.len(), title.as_str()), (2, "python serve.py (2 processes)"));
        for (found, told) in [
            (vec![], "no process listens by that name"),
            (vec![found(1, Ok(hello(true)))], "process 7 is being recorded"),
            (vec![found(1, Err("gone".to_owned()))], "gone"),
        ] {
            let error = format!("{:?}", wanted(found, "j").unwrap_err());
            assert!(error.contains(told), "{error}");
        }
    }
}
