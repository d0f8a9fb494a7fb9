//! `run --digest`: what has ended is digested while the program goes on.

use std::{
    env,
    path::Path,
    time::{Duration, Instant},
};

use weftscope_profiler::{
    watch::{Job, Process, Stretches, Turn},
    world::launcher,
};
use weftscope_traces::{Classifier, Trace};

use super::{
    ProgramArgs, args::RecordArg, ended, failed, prepared, recorded, say, title, why_nothing,
};
use crate::{
    cli::{Failure, Outcome, convert, digest::LiveDigest, interrupt},
    files::{SaveOptions, check_target, host_name, is_stdio},
};

/// Runs the program to its end; writes parts of a digest meanwhile, and a recording in the end where that was asked for, too.
pub(super) fn run(args: &ProgramArgs, folder: &Path) -> Outcome {
    if args.record == RecordArg::Asked {
        let cause = "whoever asks records: weftscope record --attach PID -o FILE, and weftscope digest FILE";
        return Err(Failure::misuse(cause, "--digest"));
    }
    let output = args.output.as_deref();
    let format = output.map(convert::format_of).transpose()?;
    if let Some(output) = output.filter(|output| !is_stdio(output)) {
        check_target(output)?;
    }
    let classifier = args.names.classifier()?;
    let (setup, order) = prepared(args)?;
    let mut digesting = Digesting::new(args, folder, &classifier)?;
    let interrupts = interrupt::await_them();
    let mut job = Job::start(&setup, &order).map_err(failed)?;
    if output.is_some() {
        job.keep_whole_too();
    }
    let mut first = None;
    job.listen(&mut |job| {
        if interrupts.count() >= 2 {
            return Turn::Leave;
        }
        if first.is_none() && job.processes().any(Process::has_run) {
            first = Some(Instant::now());
        }
        digesting.turn(job);
        let elapsed_ns = first.map_or(0, |first| first.elapsed().as_nanos() as i64);
        let is_enough = args.duration.is_some_and(|duration| elapsed_ns > duration.ns);
        if is_enough || digesting.failed.is_some() { Turn::Stop } else { Turn::GoOn }
    })
    .map_err(failed)?;
    let digested = digesting.end(&mut job);
    let whole = job.take_processes();
    if let (Some(output), Some(format)) = (output, format) {
        let trace = recorded(args, (&whole, job.status()), &classifier)?;
        convert::save(&trace, output, (format, SaveOptions { own_names: false, rank: None }))?;
        say(output, &trace, &whole)?;
    }
    digested?;
    let status = match interrupts.count() {
        0 | 1 => job.wait().map_err(failed)?,
        _ => job.status(),
    };
    drop(interrupts);
    ended(output.unwrap_or(folder), status)
}

/// The digest, and when its next part is due.
struct Digesting<'a> {
    args: &'a ProgramArgs,
    classifier: &'a Classifier,
    stretches: Stretches,
    digest: LiveDigest,
    every: Duration,
    due: Instant,
    /// What went wrong; no more parts are written then.
    failed: Option<Failure>,
}

impl<'a> Digesting<'a> {
    fn new(
        args: &'a ProgramArgs,
        folder: &Path,
        classifier: &'a Classifier,
    ) -> Result<Self, Failure> {
        if args.digest_every.ns < 0 {
            return Err(Failure::misuse("a time to wait is not below zero", "--digest-every"));
        }
        let told = launcher::told(&|name| env::var(name).ok()).unwrap_or_default();
        let job = args.job.clone().or_else(|| told.job_name());
        let job = job.unwrap_or_else(|| "job".to_owned());
        let server = args.server.clone().unwrap_or_else(host_name);
        let every = Duration::from_nanos(args.digest_every.ns.unsigned_abs());
        let digest = LiveDigest::new(folder, (&job, Some(&server)), args.output.as_deref());
        let stretches = Stretches::new(title(args));
        let due = Instant::now() + every;
        Ok(Self { args, classifier, stretches, digest, every, due, failed: None })
    }

    /// Closes what has ended, when it is time.
    fn turn(&mut self, job: &mut Job) {
        if self.failed.is_some() || Instant::now() < self.due {
            return;
        }
        let mut processes: Vec<&mut Process> = job.open_processes().collect();
        let closed = self.stretches.close(&mut processes, self.classifier);
        let closed = closed.map_err(|error| Failure::failed(error, title(self.args)));
        self.write(closed);
        self.due = Instant::now() + self.every;
    }

    fn write(&mut self, closed: Result<Option<Trace>, Failure>) {
        let written = match closed {
            Ok(Some(trace)) => self.digest.close(&trace),
            Ok(None) => Ok(()),
            Err(failure) => Err(failure),
        };
        self.failed = self.failed.take().or(written.err());
    }

    /// Closes the rest, and says what is there.
    fn end(mut self, job: &mut Job) -> Outcome {
        let rest = job.take_open_processes();
        if !rest.iter().any(Process::has_run) {
            let cause = format!("nothing was recorded: {}", why_nothing(self.args, &rest));
            return Err(Failure::failed(cause, title(self.args)));
        }
        if self.failed.is_none() {
            let closed = self.stretches.rest(&rest, self.classifier);
            let closed = closed.map_err(|error| Failure::failed(error, title(self.args)));
            self.write(closed);
        }
        match self.failed {
            Some(failure) => Err(failure),
            None => self.digest.tell(),
        }
    }
}
