//! Watching a program: what it told last, again and again, and all of it in the end.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use weftscope_profiler::watch::{Job, JobError, Order, Process, Recent, Setup, Turn, trace};
use weftscope_traces::Classifier;

use super::JobControl;
use crate::app::{Document, JobResult};

/// Time that is in view while the program runs.
const SPAN_NS: i64 = 100_000_000;
/// Between two views at least; a view that takes long to make is made less often.
const INTERVAL: Duration = Duration::from_millis(100);

/// Blocks and kernels that are kept of a process: about a gigabyte.
const MOST_KEPT: usize = 40_000_000;

/// A program to watch.
#[derive(Clone, Debug)]
pub struct Watched {
    /// Where it is.
    pub program: Program,
    /// The command line.
    pub title: String,
}

/// Where a program is that is to be watched.
#[derive(Clone, Debug)]
pub enum Program {
    /// It is to be started.
    Start {
        /// What watching needs.
        setup: Setup,
        /// What to start.
        order: Order,
    },
    /// It runs, and its processes listen on these sockets.
    There(Vec<PathBuf>),
}

/// Starts the program, or finds it, and watches it. `show` gets the last tenth of a second, while it runs; stopping the job stops the
/// recording, and the program goes on.
pub fn watch(
    watched: &Watched,
    classifier: &Classifier,
    show: impl Fn(Arc<Document>),
    control: &JobControl,
) -> JobResult {
    match record(watched, classifier, show, control) {
        Ok(processes) if processes.iter().any(Process::has_run) => {
            match trace(&watched.title, &processes, classifier) {
                Ok(trace) => {
                    let document = Arc::new(Document::prepare(Arc::new(trace), "run"));
                    JobResult::Opened { paths: Vec::new(), document }
                }
                Err(error) => JobResult::Failed(format!("{}: {error}", watched.title)),
            }
        }
        Ok(processes) => {
            let mut notes = processes.iter().flat_map(|process| &process.notes);
            let why = notes.next().cloned().unwrap_or_else(|| {
                "none of its processes launched a kernel while it was recorded".to_owned()
            });
            JobResult::Failed(format!("{}: nothing was recorded: {why}", watched.title))
        }
        Err(error) => JobResult::Failed(error.to_string()),
    }
}

fn record(
    watched: &Watched,
    classifier: &Classifier,
    show: impl Fn(Arc<Document>),
    control: &JobControl,
) -> Result<Vec<Process>, JobError> {
    let mut job = match &watched.program {
        Program::Start { setup, order } => Job::start(setup, order)?,
        Program::There(sockets) => Job::attach(sockets)?,
    };
    job.keep_at_most(MOST_KEPT);
    let mut recent = Recent::new(watched.title.clone(), SPAN_NS);
    let mut due = Instant::now();
    job.listen(&mut |job| {
        if control.is_cancelled() {
            return Turn::Stop;
        }
        let began = Instant::now();
        if began >= due {
            // What contradicts itself in the middle may not in the end.
            if let Ok(Some(trace)) = recent.trace(job.processes(), classifier) {
                show(Arc::new(Document::prepare(Arc::new(trace), "run")));
            }
            due = Instant::now() + INTERVAL.max(began.elapsed());
        }
        Turn::GoOn
    })?;
    Ok(job.take_processes())
}
