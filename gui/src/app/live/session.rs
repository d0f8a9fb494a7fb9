//! A running session as the window holds it: commands go in, prepared iterations come out.

use std::{sync::Arc, thread, time::Duration};

use weftscope_engine::{command::Command, spec::RunSpec};
use weftscope_profiler::live::{
    Event as SessionEvent, ExecutorFactory, Iteration, LiveSession, Options,
};

#[cfg(any(test, target_arch = "wasm32"))]
use super::away::AwaySession;
#[cfg(not(target_arch = "wasm32"))]
use super::away::{Arrivals, tell_run};
use super::{
    Backend, Executors, KeptIteration, LiveEvent, Receipt, SessionId,
    arrival::{Arrival, Source},
    away::Port,
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
    /// On a server; what arrives is made ready on a thread here.
    #[cfg(not(target_arch = "wasm32"))]
    Remote(Arc<Port>),
}

/// How long the preparing thread waits before it looks whether it is still wanted.
const PATIENCE: Duration = Duration::from_millis(200);
/// Least time between two iterations of which the second says nothing new.
#[cfg(not(target_arch = "wasm32"))]
const ONCE: Duration = Duration::from_secs(3600);
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
            .spawn(move || prepare(&mut Beside(session, id), &over, &events))
            .map_err(|error| no_thread(&error))?;
        Ok(handle)
    }

    /// Starts a session at the other end of a port.
    ///
    /// # Errors
    /// In words, when the system gives no thread.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn remote(
        port: Port,
        spec: &RunSpec,
        backend: &Backend,
        (id, over): (SessionId, JobControl),
        events: EventSender,
    ) -> Result<Self, String> {
        let port = Arc::new(port);
        // A simulated run repeats itself: once it is seen, nothing more of it need come.
        let period = if *backend == Backend::Simulated { ONCE } else { backend.period() };
        let pace = Pace { period, burst: backend.burst() };
        let mut arrivals = Arrivals::begin(Arc::clone(&port), spec, (backend, pace), id);
        let handle = Self { running: Running::Remote(port), over: over.clone() };
        thread::Builder::new()
            .name("weftscope-arrivals".to_owned())
            .spawn(move || prepare(&mut arrivals, &over, &events))
            .map_err(|error| no_thread(&error))?;
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
            #[cfg(not(target_arch = "wasm32"))]
            Running::Remote(_) => None,
            #[cfg(any(test, target_arch = "wasm32"))]
            Running::Away(away) => away.turn(),
        }
    }

    /// Asks the session for something; never waits.
    pub fn send(&mut self, command: Command) {
        match &mut self.running {
            Running::Beside(session) => session.send(command),
            #[cfg(not(target_arch = "wasm32"))]
            Running::Remote(port) => tell_run(port, command),
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

/// A session over `spec`: at the other end of `elsewhere`, where there is one.
///
/// # Errors
/// In words, when the system gives no thread, or nothing can be reached there.
pub(crate) fn start_session(
    executors: &Executors,
    elsewhere: Option<Port>,
    (backend, spec): (&Backend, &RunSpec),
    id: SessionId,
    events: EventSender,
) -> Result<SessionHandle, String> {
    let pace = Pace { period: backend.period(), burst: backend.burst() };
    let over = JobControl::default();
    #[cfg(target_arch = "wasm32")]
    {
        let _others = (executors, elsewhere);
        let port = crate::web::start_worker(events.wake())?;
        Ok(SessionHandle::away(port, spec, pace, (id, over), events))
    }
    #[cfg(not(target_arch = "wasm32"))]
    {
        if let Some(port) = elsewhere {
            return SessionHandle::remote(port, spec, backend, (id, over), events);
        }
        let (executors, backend, machine) =
            (executors.clone(), backend.clone(), spec.machine.clone());
        let control = over.clone();
        let factory =
            Box::new(move || executors.executor(&backend, &machine, backend.look(), &control));
        SessionHandle::start(factory, spec.clone(), pace, (id, over), events)
    }
}

fn no_thread(error: &std::io::Error) -> String {
    format!("cannot start the preparing thread: {error}")
}

/// The preparing thread. Only the newest iteration that nobody has fetched is kept, so a slow preparation skips
/// iterations instead of falling behind; and the next one is prepared when the window has taken in the one before, so a
/// window that draws nothing holds one.
fn prepare(source: &mut dyn Source, over: &JobControl, events: &EventSender) {
    let is_over = || over.is_cancelled();
    let (mut looked_at, mut settled) = (LookedAt::default(), None);
    while !is_over() {
        let arrival = source.next(if settled.is_some() { QUIET } else { PATIENCE });
        drop(settled.take());
        let Some(arrival) = arrival else { continue };
        let (receipt, mut outstanding) = Receipt::new();
        let is_iteration = matches!(arrival, Arrival::Iteration(_));
        let event = match arrival {
            Arrival::Iteration(iteration) => {
                looked_at.foresee(&iteration.document.timeline);
                LiveEvent::Iteration(Arc::new(*iteration), receipt)
            }
            Arrival::News(event) => event,
        };
        if is_over() || !events.send(Event::Live(Box::new(event))) {
            return;
        }
        if is_iteration {
            while !is_over() && !outstanding.is_settled(PATIENCE) {}
            settled = Some(outstanding);
            source.taken_in();
        }
    }
}

/// A session of this program, on a thread of its own.
struct Beside(Arc<LiveSession>, SessionId);

impl Source for Beside {
    fn next(&mut self, patience: Duration) -> Option<Arrival> {
        match self.0.next(patience)? {
            SessionEvent::Iteration(iteration) => {
                Some(Arrival::Iteration(Box::new(pictured(*iteration, self.1))))
            }
            other => refusal(other, self.1.index).map(Arrival::News),
        }
    }

    fn taken_in(&mut self) {}
}

fn pictured(iteration: Iteration, id: SessionId) -> KeptIteration {
    let stem = file_stem(&iteration.spec);
    let document = Document::prepare(Arc::clone(&iteration.trace), stem);
    kept(document, iteration.plan, (iteration.number, iteration.time_ns), id)
}
