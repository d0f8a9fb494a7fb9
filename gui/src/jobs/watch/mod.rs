//! Watching a program: what it told last, again and again, and all of it in the end.

mod asked;
mod program;

pub use asked::{NotThere, ProgramAsked, Rules, Whom, attachable, setup_for};
pub use program::{OnServer, Program, Watched};

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use weftscope_profiler::watch::{Job, JobError, Process, Recent, Turn, trace};
use weftscope_traces::{Classifier, Trace};

use super::{EventSender, JobControl};
use crate::{
    app::{Document, JobResult},
    remote::watch_there,
};

/// Time that is in view while the program runs.
const SPAN_NS: i64 = 100_000_000;
/// Between two views at least; a view that takes long to make is made less often.
const INTERVAL: Duration = Duration::from_millis(100);

/// Blocks and kernels that are kept of a process: about a gigabyte.
const MOST_KEPT: usize = 40_000_000;

/// Starts the program, or finds it, and watches it. `show` gets the last tenth of a second, while it runs; stopping the job stops the
/// recording, and the program goes on.
pub fn watch(
    watched: &Watched,
    classifier: &Classifier,
    (show, events): (impl Fn(Arc<Document>), &EventSender),
    control: &JobControl,
) -> JobResult {
    if let Program::OnServer(there) = &watched.program {
        return watch_there(there, &|_, document| show(document), events, control);
    }
    let document = |trace| Arc::new(Document::prepare(Arc::new(trace), "run"));
    match recorded(watched, classifier, |trace| show(document(trace)), control) {
        Ok(trace) => JobResult::Opened { paths: Vec::new(), document: document(trace) },
        Err(cause) => JobResult::Failed(cause),
    }
}

/// The same with what was recorded for what is shown; gives all of it.
///
/// # Errors
/// In words, with the program's.
pub(crate) fn recorded(
    watched: &Watched,
    classifier: &Classifier,
    show: impl Fn(Trace),
    control: &JobControl,
) -> Result<Trace, String> {
    let processes =
        record(watched, classifier, show, control).map_err(|error| error.to_string())?;
    let failed = |cause: String| format!("{}: {cause}", watched.title);
    if processes.iter().any(Process::has_run) {
        return trace(&watched.title, &processes, classifier)
            .map_err(|error| failed(error.to_string()));
    }
    let mut notes = processes.iter().flat_map(|process| &process.notes);
    let why = notes.next().cloned().unwrap_or_else(|| {
        "none of its processes launched a kernel while it was recorded".to_owned()
    });
    Err(failed(format!("nothing was recorded: {why}")))
}

fn record(
    watched: &Watched,
    classifier: &Classifier,
    show: impl Fn(Trace),
    control: &JobControl,
) -> Result<Vec<Process>, JobError> {
    let mut job = match &watched.program {
        Program::Start { setup, order } => Job::start(setup, order)?,
        Program::There(sockets) => Job::attach(sockets)?,
        // Whoever watches it there is asked instead.
        Program::OnServer(_) => return Ok(Vec::new()),
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
                show(trace);
            }
            due = Instant::now() + INTERVAL.max(began.elapsed());
        }
        Turn::GoOn
    })?;
    Ok(job.take_processes())
}
