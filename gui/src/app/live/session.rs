//! A running session as the window holds it: commands go in, prepared iterations come out.

use std::{sync::Arc, thread, time::Duration};

use weftscope_engine::{command::Command, spec::RunSpec};
use weftscope_profiler::live::{
    Event as SessionEvent, ExecutorFactory, Iteration, LiveSession, Options,
};

#[cfg(any(test, target_arch = "wasm32"))]
use super::worker::{AwaySession, Port};
use super::{
    Backend, Executors, KeptIteration, LiveEvent, Receipt, SessionId,
    news::{LookedAt, Pace, file_stem, kept, refusal},
};
use crate::{
    app::{Document, Event},
    jobs::{EventSender, JobControl, Wake},
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
    /// In a worker beside a page, which has no threads.
    #[cfg(any(test, target_arch = "wasm32"))]
    Away(Box<AwaySession>),
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

    /// Starts a session in a worker, which goes on when it is given a [`turn`](Self::turn).
    #[cfg(any(test, target_arch = "wasm32"))]
    pub(super) fn away(
        port: Port,
        spec: &RunSpec,
        pace: Pace,
        (id, over): (SessionId, JobControl),
        events: EventSender,
    ) -> Self {
        let away = AwaySession::begin(port, spec, pace, id, events);
        Self { running: Running::Away(Box::new(away)), over }
    }

    /// Goes on with what a worker has sent, where there is one; gives the time until there is more to do.
    pub(crate) fn turn(&mut self) -> Option<Duration> {
        match &mut self.running {
            Running::Beside(_) => None,
            #[cfg(any(test, target_arch = "wasm32"))]
            Running::Away(away) => away.turn(),
        }
    }

    /// Asks the session for something; never waits.
    pub fn send(&mut self, command: Command) {
        match &mut self.running {
            Running::Beside(session) => session.send(command),
            #[cfg(any(test, target_arch = "wasm32"))]
            Running::Away(away) => away.send(command),
        }
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
    let over = JobControl::default();
    #[cfg(target_arch = "wasm32")]
    {
        let _others = executors;
        let port = crate::web::start_worker(events.wake())?;
        Ok(SessionHandle::away(port, spec, pace, (id, over), events))
    }
    #[cfg(not(target_arch = "wasm32"))]
    {
        let (executors, backend, machine) =
            (executors.clone(), backend.clone(), spec.machine.clone());
        let control = over.clone();
        let factory =
            Box::new(move || executors.executor(&backend, &machine, backend.look(), &control));
        SessionHandle::start(factory, spec.clone(), pace, (id, over), events)
    }
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

/// What the window is told of an event, if anything.
fn news(event: SessionEvent, id: SessionId, receipt: Receipt) -> Option<LiveEvent> {
    match event {
        SessionEvent::Iteration(iteration) => {
            Some(LiveEvent::Iteration(Arc::new(pictured(*iteration, id)), receipt))
        }
        other => refusal(other, id.index),
    }
}

fn pictured(iteration: Iteration, id: SessionId) -> KeptIteration {
    let stem = file_stem(&iteration.spec);
    let document = Document::prepare(Arc::clone(&iteration.trace), stem);
    kept(document, iteration.plan, (iteration.number, iteration.time_ns), id)
}
