//! Watching a program: what it told last, again and again, and all of it in the end.

mod asked;
mod program;

pub use asked::{NotThere, ProgramAsked, Rules, Whom, attachable, setup_for};
pub use program::{OnServer, Program, Watched};

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use weftscope_profiler::watch::{Job, JobError, Process, Recent, Turn, trace};
use weftscope_traces::{Classifier, Trace};

use super::{EventSender, JobControl};
use crate::{
    app::{Document, JobResult},
    files::on_this_server,
    remote::{watch_several, watch_there},
};

/// Time that is in view while the program runs.
const SPAN_NS: i64 = 100_000_000;
/// Between two views at least; a view that takes long to make is made less often.
pub(crate) const INTERVAL: Duration = Duration::from_millis(100);

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
    match &watched.program {
        Program::OnServers(there) if there.len() > 1 => {
            return watch_several(there, &show, events, control);
        }
        Program::OnServers(there) => {
            let Some(there) = there.first() else {
                return JobResult::Failed("no server is named".to_owned());
            };
            return watch_there(there, &|_, document| show(document), events, control);
        }
        Program::Start { .. } | Program::There(_) => {}
    }
    let document = |trace| Arc::new(Document::prepare(Arc::new(trace), "run"));
    match recorded(watched, classifier, |view| show(document(view.trace)), control) {
        Ok(trace) => JobResult::Opened { paths: Vec::new(), document: document(trace) },
        Err(cause) => JobResult::Failed(cause),
    }
}

/// The last stretch of a program that runs.
pub(crate) struct View {
    /// What was recorded of it.
    pub(crate) trace: Trace,
    /// When it was made: Unix time in [`INTERVAL`]s. Views of several servers that have one moment show nearly the same time.
    pub(crate) moment: u64,
}

/// The same with what was recorded for what is shown; gives all of it.
///
/// # Errors
/// In words, with the program's.
pub(crate) fn recorded(
    watched: &Watched,
    classifier: &Classifier,
    show: impl Fn(View),
    control: &JobControl,
) -> Result<Trace, String> {
    let processes =
        record(watched, classifier, show, control).map_err(|error| error.to_string())?;
    let failed = |cause: String| format!("{}: {cause}", watched.title);
    if processes.iter().any(Process::has_run) {
        return trace(&watched.title, &processes, classifier)
            .map(on_this_server)
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
    show: impl Fn(View),
    control: &JobControl,
) -> Result<Vec<Process>, JobError> {
    let mut job = match &watched.program {
        Program::Start { setup, order } => Job::start(setup, order)?,
        Program::There(sockets) => Job::attach(sockets)?,
        // Whoever watches it there is asked instead.
        Program::OnServers(_) => return Ok(Vec::new()),
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
            let moment = moment_of(since_1970());
            if let Ok(Some(trace)) = recent.trace(job.processes(), classifier) {
                show(View { trace: on_this_server(trace), moment });
            }
            due = Instant::now() + until_next(since_1970(), began.elapsed());
        }
        Turn::GoOn
    })?;
    Ok(job.take_processes())
}

fn since_1970() -> Duration {
    // Before 1970 all moments are one, and views are as often as ever.
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn moment_of(since_1970: Duration) -> u64 {
    (since_1970.as_nanos() / INTERVAL.as_nanos()) as u64
}

/// Until the next view is due, where one took so long: at the next moment that leaves as much time free as that.
fn until_next(since_1970: Duration, took: Duration) -> Duration {
    let next = moment_of(since_1970 + took) + 1;
    let interval_ns = INTERVAL.as_nanos() as u64;
    Duration::from_nanos(next.saturating_mul(interval_ns)).saturating_sub(since_1970)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_are_made_at_moments_that_all_servers_have() {
        let ms = Duration::from_millis;
        // Looked at 3 ms after a moment, ready after 10 ms more: the next moment.
        assert_eq!(until_next(ms(100_013), ms(10)), ms(87));
        // One that took 60 ms, and leaves less than that until the next moment: the one after it.
        assert_eq!(until_next(ms(100_063), ms(60)), ms(137));
        assert_eq!((moment_of(ms(100_003)), moment_of(ms(99_999))), (1000, 999));
    }
}
