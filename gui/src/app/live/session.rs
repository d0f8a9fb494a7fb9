//! A running session as the window holds it: commands go in, prepared iterations come out.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use weftscope_engine::{command::Command, session::RunState, spec::RunSpec};
use weftscope_profiler::live::{Event as SessionEvent, ExecutorFactory, LiveSession, Options};

use super::{Backend, KeptIteration, LiveEvent, SessionId, SplitMarks, backend::is_fatal};
use crate::{
    app::{Document, Event},
    jobs::{EventSender, Wake},
};

/// The window's hold on a running session: commands go straight to it, its iterations come back through a thread
/// that makes them ready to be drawn. Dropping it ends both.
pub struct SessionHandle {
    session: Arc<LiveSession>,
    over: Arc<AtomicBool>,
}

/// How long the preparing thread waits before it looks whether it is still wanted.
const PATIENCE: Duration = Duration::from_millis(200);

impl SessionHandle {
    /// Starts a session over `spec`.
    ///
    /// # Errors
    /// In words, when the system gives no thread.
    pub fn start(
        factory: ExecutorFactory,
        spec: RunSpec,
        id: SessionId,
        events: EventSender,
    ) -> Result<Self, String> {
        let options = Options { wake: Arc::new(|| {}) as Wake, ..Options::default() };
        let session =
            LiveSession::spawn(factory, spec, options).map_err(|error| error.to_string())?;
        let handle = Self { session: Arc::new(session), over: Arc::new(AtomicBool::new(false)) };
        let (session, over) = (Arc::clone(&handle.session), Arc::clone(&handle.over));
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
        self.over.store(true, Ordering::Relaxed);
        self.session.send(Command::Stop);
    }
}

/// A session over `spec`.
///
/// # Errors
/// In words, when the system gives no thread.
pub(crate) fn start_session(
    backend: &Backend,
    spec: &RunSpec,
    id: SessionId,
    events: EventSender,
) -> Result<SessionHandle, String> {
    let (backend, machine) = (backend.clone(), spec.machine.clone());
    let factory = Box::new(move || Ok(backend.shown_executor(&machine)));
    SessionHandle::start(factory, spec.clone(), id, events)
}

/// The preparing thread. The session keeps only its newest unfetched iteration, so a slow preparation skips
/// iterations instead of falling behind.
fn prepare(session: &LiveSession, id: SessionId, over: &AtomicBool, events: &EventSender) {
    let refused = |cause, fatal| LiveEvent::Refused { session: id.index, cause, fatal };
    while !over.load(Ordering::Relaxed) {
        let Some(event) = session.next(PATIENCE) else { continue };
        let event = match event {
            SessionEvent::Iteration(iteration) => {
                let stem = file_stem(&iteration.spec);
                let document = Document::prepare(Arc::clone(&iteration.trace), stem);
                let alone_compute_ns = iteration
                    .trace
                    .labels
                    .iter()
                    .filter(|label| label.kind.is_compute())
                    .filter_map(|label| label.facts.as_ref()?.alone_ns)
                    .sum();
                LiveEvent::Iteration(Arc::new(KeptIteration {
                    alone_compute_ns,
                    session: id.index,
                    number: id.first_iteration + iteration.number,
                    marks: SplitMarks::of(&iteration.spec),
                    plan: iteration.plan,
                    duration_ns: iteration.time_ns,
                    document: Arc::new(document),
                }))
            }
            SessionEvent::PlanError(error) => refused(error.to_string(), false),
            SessionEvent::ExecError(error) => refused(error.to_string(), is_fatal(&error)),
            SessionEvent::CollectError(error) => refused(error, false),
            SessionEvent::State(RunState::Stopped) => LiveEvent::Ended {
                session: id.index,
                cause: "the session thread has stopped".to_owned(),
            },
            SessionEvent::State(_) => continue,
        };
        if over.load(Ordering::Relaxed) || !events.send(Event::Live(Box::new(event))) {
            return;
        }
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
