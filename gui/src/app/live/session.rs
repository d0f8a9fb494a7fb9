//! A running session as the window holds it: commands go in, prepared iterations come out.

use std::{sync::Arc, thread, time::Duration};

use weftscope_engine::{command::Command, session::RunState, spec::RunSpec};
use weftscope_profiler::live::{
    Event as SessionEvent, ExecutorFactory, Iteration, LiveSession, Options,
};

use super::{Backend, Executors, KeptIteration, LiveEvent, Receipt, SessionId, SplitMarks};
use crate::{
    app::{Document, Event},
    jobs::{EventSender, JobControl, Wake},
    timeline::{Foresight, Sight, TimelineData},
};

/// The window's hold on a running session: commands go straight to it, its iterations come back through a thread
/// that makes them ready to be drawn. Dropping it ends both.
pub struct SessionHandle {
    session: Arc<LiveSession>,
    over: JobControl,
}

/// How a session iterates.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Least time from one picture's start to the next.
    pub period: Duration,
    /// Iterations of a picture.
    pub burst: u32,
}

/// How long the preparing thread waits before it looks whether it is still wanted.
const PATIENCE: Duration = Duration::from_millis(200);
/// How long it leaves the processor to the frame that draws what it has handed over, before it frees what that pushed out.
const QUIET: Duration = Duration::from_millis(50);

impl SessionHandle {
    /// Starts a session over `spec`.
    ///
    /// # Errors
    /// In words, when the system gives no thread.
    pub fn start(
        factory: ExecutorFactory,
        spec: RunSpec,
        pace: Pace,
        (id, over): (SessionId, JobControl),
        events: EventSender,
    ) -> Result<Self, String> {
        let Pace { period, burst } = pace;
        let options =
            Options { period, burst, wake: Arc::new(|| {}) as Wake, ..Options::default() };
        let session =
            LiveSession::spawn(factory, spec, options).map_err(|error| error.to_string())?;
        let handle = Self { session: Arc::new(session), over: over.clone() };
        let session = Arc::clone(&handle.session);
        thread::Builder::new()
            .name("weftscope-live".to_owned())
            .spawn(move || prepare(&session, id, &over, &events))
            .map_err(|error| format!("cannot start the preparing thread: {error}"))?;
        Ok(handle)
    }

    /// Asks the session for something; never waits.
    pub fn send(&self, command: Command) {
        self.session.send(command);
    }
}

impl Drop for SessionHandle {
    fn drop(&mut self) {
        self.over.cancel();
        self.session.send(Command::Stop);
    }
}

/// A session over `spec`.
///
/// # Errors
/// In words, when the system gives no thread.
pub(crate) fn start_session(
    executors: &Executors,
    backend: &Backend,
    spec: &RunSpec,
    id: SessionId,
    events: EventSender,
) -> Result<SessionHandle, String> {
    let pace = Pace { period: backend.period(), burst: backend.burst() };
    let (executors, backend, machine) = (executors.clone(), backend.clone(), spec.machine.clone());
    let over = JobControl::default();
    let control = over.clone();
    let factory =
        Box::new(move || executors.executor(&backend, &machine, backend.look(), &control));
    SessionHandle::start(factory, spec.clone(), pace, (id, over), events)
}

/// The preparing thread. The session keeps only its newest unfetched iteration, so a slow preparation skips
/// iterations instead of falling behind; and the next one is prepared when the window has taken in the one before, so a
/// window that draws nothing holds one.
fn prepare(session: &LiveSession, id: SessionId, over: &JobControl, events: &EventSender) {
    let is_over = || over.is_cancelled();
    let (mut looked_at, mut settled) = (LookedAt::default(), None);
    while !is_over() {
        let event = session.next(if settled.is_some() { QUIET } else { PATIENCE });
        drop(settled.take());
        let Some(event) = event else { continue };
        let (receipt, mut outstanding) = Receipt::new();
        let Some(event) = news(event, id, receipt) else { continue };
        if let LiveEvent::Iteration(iteration, _) = &event {
            looked_at.foresee(&iteration.document.timeline);
        }
        if is_over() || !events.send(Event::Live(Box::new(event))) {
            return;
        }
        while !is_over() && !outstanding.is_settled(PATIENCE) {}
        settled = Some(outstanding);
    }
}

/// How the run was last looked at, as far as the preparing thread knows.
#[derive(Default)]
struct LookedAt {
    sight: Option<Sight>,
    /// Where the window says how it draws the iteration handed over last.
    last: Arc<Foresight>,
}

impl LookedAt {
    /// Makes ready what the first frame of an iteration will draw.
    fn foresee(&mut self, timeline: &TimelineData) {
        // One that was never drawn says nothing.
        if let Some(seen) = self.last.seen() {
            self.sight = Some(seen);
        }
        if let Some(sight) = &self.sight {
            timeline.foresee(sight);
        }
        self.last = Arc::clone(&timeline.foresight);
    }
}

/// What the window is told of an event, if anything.
fn news(event: SessionEvent, id: SessionId, receipt: Receipt) -> Option<LiveEvent> {
    let session = id.index;
    let refused = |cause| LiveEvent::Refused { session, cause };
    Some(match event {
        SessionEvent::Iteration(iteration) => {
            LiveEvent::Iteration(Arc::new(pictured(*iteration, id)), receipt)
        }
        SessionEvent::PlanError(error) => refused(error.to_string()),
        SessionEvent::ExecError { error, retry_in } if error.is_fatal() => {
            LiveEvent::Broke { session, cause: error.to_string(), retry_in }
        }
        SessionEvent::ExecError { error, .. } => refused(error.to_string()),
        SessionEvent::CollectError(error) => refused(error),
        SessionEvent::State(RunState::Stopped) => {
            LiveEvent::Ended { session, cause: "the session thread has stopped".to_owned() }
        }
        SessionEvent::State(_) => return None,
    })
}

fn pictured(iteration: Iteration, id: SessionId) -> KeptIteration {
    let labels = iteration.trace.labels.iter();
    let alone_compute_ns = labels
        .filter(|label| label.kind.is_compute())
        .filter_map(|label| label.facts.as_ref()?.alone_ns)
        .sum();
    let stem = file_stem(&iteration.spec);
    KeptIteration {
        alone_compute_ns,
        session: id.index,
        number: id.first_iteration + iteration.number,
        marks: SplitMarks::of(&iteration.spec),
        document: Arc::new(Document::prepare(Arc::clone(&iteration.trace), stem)),
        plan: iteration.plan,
        duration_ns: iteration.time_ns,
    }
}

/// For file names: `llama-3.3-70b-tp8-tokenweave-8192`.
fn file_stem(spec: &RunSpec) -> String {
    format!(
        "{}-tp{}-{}-{}",
        spec.model.name,
        spec.knobs.tp,
        spec.knobs.strategy.name(),
        spec.batch.tokens()
    )
}
