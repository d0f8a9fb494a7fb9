//! A running session as the window holds it: commands go in, prepared iterations come out.

use std::{sync::Arc, thread, time::Duration};

use weftscope_engine::{command::Command, session::RunState, spec::RunSpec};
use weftscope_profiler::live::{
    Event as SessionEvent, ExecutorFactory, Iteration, LiveSession, Options, TurnSession,
};

use super::{
    Backend, Executors, KeptIteration, LiveEvent, Outstanding, Receipt, SessionId, SplitMarks,
};
use crate::{
    app::{Document, Event},
    jobs::{EventSender, JobControl, Wake},
    timeline::{Foresight, Sight, TimelineData},
};

/// The window's hold on a running session: commands go straight to it, its iterations come back through a thread
/// that makes them ready to be drawn. Dropping it ends both.
pub struct SessionHandle {
    running: Running,
    over: JobControl,
}

/// Where a session runs.
enum Running {
    /// On threads of its own.
    Beside(Arc<LiveSession>),
    /// On the window's, frame by frame, where there are no others.
    Here(Box<Here>),
}

/// A session that runs between two frames.
struct Here {
    session: TurnSession,
    id: SessionId,
    events: EventSender,
    looked_at: LookedAt,
    /// Of the iteration that the window has not taken in yet.
    outstanding: Option<Outstanding>,
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
        let session = Arc::new(session);
        let handle = Self { running: Running::Beside(Arc::clone(&session)), over: over.clone() };
        thread::Builder::new()
            .name("weftscope-live".to_owned())
            .spawn(move || prepare(&session, id, &over, &events))
            .map_err(|error| format!("cannot start the preparing thread: {error}"))?;
        Ok(handle)
    }

    /// Starts a session that runs when it is given a [`turn`](Self::turn).
    ///
    /// # Errors
    /// In words, when there is no executor.
    #[cfg_attr(not(any(test, target_arch = "wasm32")), expect(dead_code, reason = "of a page"))]
    pub(super) fn here(
        factory: ExecutorFactory,
        spec: RunSpec,
        pace: Pace,
        (id, over): (SessionId, JobControl),
        events: EventSender,
    ) -> Result<Self, String> {
        let options = Options { period: pace.period, burst: pace.burst, ..Options::default() };
        let session =
            TurnSession::new(factory, spec, &options).map_err(|error| error.to_string())?;
        let (looked_at, outstanding) = (LookedAt::default(), None);
        let here = Here { session, id, events, looked_at, outstanding };
        Ok(Self { running: Running::Here(Box::new(here)), over })
    }

    /// Runs an iteration between two frames, where that is this thread's to do; gives the time until the next is due.
    pub(crate) fn turn(&mut self) -> Option<Duration> {
        let Running::Here(here) = &mut self.running else { return None };
        here.turn();
        here.session.due_in()
    }

    /// Asks the session for something; never waits.
    pub fn send(&mut self, command: Command) {
        match &mut self.running {
            Running::Beside(session) => session.send(command),
            Running::Here(here) => here.session.send(command),
        }
    }
}

impl Here {
    fn turn(&mut self) {
        if self.outstanding.as_mut().is_some_and(|outstanding| !outstanding.is_settled_now()) {
            return;
        }
        self.outstanding = None;
        let Some(event) = self.session.turn() else { return };
        let (receipt, outstanding) = Receipt::new();
        let Some(event) = news(event, self.id, receipt) else { return };
        if let LiveEvent::Iteration(iteration, _) = &event {
            self.looked_at.foresee(&iteration.document.timeline);
            self.outstanding = Some(outstanding);
        }
        self.events.send(Event::Live(Box::new(event)));
    }
}

impl Drop for SessionHandle {
    fn drop(&mut self) {
        self.over.cancel();
        self.send(Command::Stop);
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
    #[cfg(target_arch = "wasm32")]
    return SessionHandle::here(factory, spec.clone(), pace, (id, over), events);
    #[cfg(not(target_arch = "wasm32"))]
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

#[cfg(test)]
mod tests {
    use weftscope_engine::sim::Simulator;

    use super::*;
    use crate::{app::live::Catalog, jobs::Events};

    /// An iteration a period, ready to be drawn; the next is not made before the window has taken it in.
    #[test]
    fn without_threads_iterations_come_turn_by_turn() {
        let events = Events::without_threads(Arc::new(|| {}));
        let spec = Catalog::builtin().unwrap().default_spec().clone();
        let machine = spec.machine.clone();
        let factory: ExecutorFactory = Box::new(move || Ok(Box::new(Simulator::new(&machine))));
        let pace = Pace { period: Duration::ZERO, burst: 1 };
        let ids = (SessionId::default(), JobControl::default());
        let mut session =
            SessionHandle::here(factory, spec.clone(), pace, ids, events.sender()).unwrap();
        let mut turns = |count: usize| -> Vec<Event> {
            for _ in 0..count {
                assert!(session.turn().is_some(), "it goes on");
            }
            events.drain().collect()
        };
        let mut news = turns(5);
        assert_eq!(news.len(), 1, "one is outstanding");
        let Some(Event::Live(first)) = news.pop() else { panic!("of the run") };
        let LiveEvent::Iteration(iteration, receipt) = *first else { panic!("an iteration") };
        assert_eq!((iteration.number, &iteration.plan.spec.model), (0, &spec.model));
        assert!(iteration.document.trace.num_slices() > 0);
        drop(receipt);
        assert_eq!(turns(2).len(), 1);
    }
}
