//! `run --cost`: what stamps cost a program, measured in windows with and without them.

use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

use weftscope_profiler::watch::{Alternating, Job, Level, Process, Turn, trace};
use weftscope_traces::words::{counted, signed_percent};

use super::{ProgramArgs, failed, prepared, title, why_nothing};
use crate::cli::{Failure, Outcome, interrupt};

/// How long launches leave stamps, and how long none.
const WINDOW: Duration = Duration::from_millis(500);
/// Blocks that are kept of a process: what they cost is told by the last ones.
const MOST_KEPT: usize = 1_000_000;

/// Runs the program to its end, or as long as was asked, and says what stamps took.
pub(super) fn run(args: &ProgramArgs) -> Outcome {
    let (setup, order) = prepared(args)?;
    if setup.level() != Level::Blocks {
        let cause =
            format!("only stamps of blocks can be left out in turns; here is {}", setup.level());
        return Err(Failure::misuse(cause, "--cost"));
    }
    let interrupts = interrupt::await_them();
    let mut job = Job::start(&setup, &order).map_err(failed)?;
    job.keep_at_most(MOST_KEPT);
    let mut turns = Turns::default();
    job.listen(&mut |job| match interrupts.count() {
        0 => turns.next(job.processes().any(Process::has_run), args.duration.map(|time| time.ns)),
        1 => Turn::Stop,
        _ => Turn::Leave,
    })
    .map_err(failed)?;
    let processes = job.take_processes();
    say(&processes, args)?;
    let status = if interrupts.count() < 2 { job.wait().map_err(failed)? } else { job.status() };
    drop(interrupts);
    match status {
        Some(status) if !status.success() => {
            Err(Failure::failed(format!("the program ended with {status}"), title(args)))
        }
        _ => Ok(()),
    }
}

/// Which window it is.
#[derive(Debug, Default)]
struct Turns {
    began: Option<Instant>,
    windows: u32,
}

impl Turns {
    fn next(&mut self, has_run: bool, most_ns: Option<i64>) -> Turn {
        if self.began.is_none() && has_run {
            self.began = Some(Instant::now());
        }
        let Some(elapsed) = self.began.map(|began| began.elapsed()) else { return Turn::GoOn };
        if most_ns.is_some_and(|most_ns| elapsed.as_nanos() as i64 > most_ns) {
            return Turn::Stop;
        }
        if elapsed < WINDOW * (self.windows + 1) {
            return Turn::GoOn;
        }
        self.windows += 1;
        Turn::Stamp(self.windows.is_multiple_of(2))
    }
}

fn say(processes: &[Process], args: &ProgramArgs) -> Outcome {
    if !processes.iter().any(Process::has_run) {
        let why = why_nothing(args, processes);
        return Err(Failure::failed(format!("nothing was measured: {why}"), title(args)));
    }
    let mut out = io::stdout().lock();
    for process in processes.iter().filter(|process| process.has_run()) {
        writeln!(out, "{}", line(process))?;
    }
    // The estimate stands beside it, kernel by kernel: what is left out is chosen by that.
    let trace = trace(&title(args), processes, &args.names.classifier()?)
        .map_err(|error| Failure::failed(error, title(args)))?;
    let note = &trace.meta.overhead.note;
    if !note.is_empty() {
        writeln!(out, "By kernel: {note}.")?;
    }
    writeln!(
        out,
        "Neither is what the calls in patched kernels take while nobody records: they are made either way."
    )?;
    Ok(out.flush()?)
}

fn line(process: &Process) -> String {
    let pid = process.hello.pid;
    let who = match process.rank() {
        Some(rank) => format!("rank {rank}, process {pid}"),
        None => format!("process {pid}"),
    };
    let Some(Alternating { pairs, cost: [low, median, high] }) = Alternating::of(process) else {
        return format!(
            "{who}: not known: it waits for the GPU too seldom, or did not run for long enough: a window of {} ms takes four waits, \
             and four windows are needed",
            WINDOW.as_millis()
        );
    };
    format!(
        "{who}: stamps take {} of its time: {} of windows of {} ms with and without, half of them from {} to {}",
        signed_percent(median),
        counted(pairs as u64, "pair"),
        WINDOW.as_millis(),
        signed_percent(low),
        signed_percent(high),
    )
}

#[cfg(test)]
mod tests {
    use weftscope_profiler::watch::Hello;

    use super::*;

    #[test]
    fn windows_begin_once_something_has_run_and_take_turns() {
        let mut turns = Turns::default();
        assert_eq!(turns.next(false, None), Turn::GoOn);
        assert_eq!(turns.next(true, None), Turn::GoOn);
        let begin =
            |turns: &mut Turns, ago: Duration| turns.began = Instant::now().checked_sub(ago);
        begin(&mut turns, WINDOW);
        assert_eq!(turns.next(true, None), Turn::Stamp(false));
        assert_eq!(turns.next(true, None), Turn::GoOn);
        begin(&mut turns, WINDOW * 2);
        assert_eq!(turns.next(true, None), Turn::Stamp(true));
        assert_eq!(turns.next(true, Some(1)), Turn::Stop);
    }

    #[test]
    fn a_process_without_waits_is_said_to_be_unknown() {
        let hello = Hello { pid: 7, ..Hello::default() };
        let told = line(&Process::new(hello));
        assert!(told.starts_with("process 7: not known: it waits"), "{told}");
    }
}
