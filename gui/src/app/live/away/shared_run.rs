//! One run that many windows see: the first who comes controls it, the others watch, and it goes on when they leave.
//!
//! What is shared is the session, not what is sent: each window has an end of its own, which makes of the same iterations what that window
//! looks at, as fast as its own link takes it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::Duration,
};

use weftscope_engine::{command::Command, session::RunState, spec::RunSpec};
use weftscope_profiler::live::{Event, Iteration, LiveSession, Options};

use super::{
    super::{Backend, Executors},
    On,
};
use crate::jobs::{JobControl, Wake};

/// How often whoever hands on what a session tells looks whether the session is still wanted.
const PATIENCE: Duration = Duration::from_millis(200);
/// Refusals and failures that wait for one window.
const MOST_NEWS: usize = 64;
/// What a window is told whose commands do not count.
const WATCHING: &str = "another window controls this run; take control first";

/// What a window is to a shared run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Role {
    /// Its commands count.
    pub controls: bool,
    /// Whether any window's do.
    pub is_controlled: bool,
    /// How many windows see it.
    pub windows: u32,
}

/// Told to a window when what it is changes.
type Told = Arc<dyn Fn(Role) + Send + Sync>;

/// The run of a server. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct SharedRun(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Numbers that were given to windows and sessions.
    given: u64,
    windows: Vec<(u64, Told)>,
    controller: Option<u64>,
    views: Vec<(u64, Arc<Mail>)>,
    run: Option<Running>,
}

/// What runs, and what it was begun as.
struct Running {
    number: u64,
    session: Arc<LiveSession>,
    of: Begun,
    newest: Option<Arc<Iteration>>,
    /// Ends what its executor waits for.
    over: JobControl,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.over.cancel();
    }
}

/// What another session is needed for, rather than another spec.
#[derive(PartialEq)]
struct Begun {
    on: On,
    machine: weftscope_engine::machine::Machine,
    period: Duration,
    burst: u32,
}

/// A window at a shared run, as long as its connection lasts.
pub(crate) struct Visit {
    shared: SharedRun,
    window: u64,
}

/// A channel's hold on it.
pub(crate) struct View {
    visit: Arc<Visit>,
    mail: Arc<Mail>,
}

/// What waits for one channel.
struct Mail {
    waiting: Mutex<(VecDeque<Event>, Option<Arc<Iteration>>)>,
    wake: Wake,
}

impl State {
    fn number(&mut self) -> u64 {
        self.given += 1;
        self.given
    }

    fn has(&self, window: u64) -> bool {
        self.windows.iter().any(|(known, _)| *known == window)
    }
}

impl SharedRun {
    /// A window comes; it is told what it is, then and whenever that changes.
    pub(crate) fn visit(&self, told: impl Fn(Role) + Send + Sync + 'static) -> Arc<Visit> {
        let mut state = self.lock();
        let window = state.number();
        state.windows.push((window, Arc::new(told)));
        // The first who comes controls.
        if state.windows.len() == 1 {
            state.controller = Some(window);
        }
        tell(state);
        Arc::new(Visit { shared: self.clone(), window })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells every window what it is, once nobody holds the lock.
fn tell(state: MutexGuard<'_, State>) {
    let windows = u32::try_from(state.windows.len()).unwrap_or(u32::MAX);
    let (all, controller) = (state.windows.clone(), state.controller);
    drop(state);
    for (window, told) in all {
        let controls = controller == Some(window);
        told(Role { controls, is_controlled: controller.is_some(), windows });
    }
}

impl Visit {
    /// From now on its commands count, and no other's.
    pub(crate) fn take_control(&self) {
        let mut state = self.shared.lock();
        if state.has(self.window) {
            state.controller = Some(self.window);
            tell(state);
        }
    }

    /// Sees the run: as its controller with this spec, as a watcher with what runs. Where nothing runs, or what runs has no controller
    /// any more, this window controls it.
    ///
    /// # Errors
    /// In words, where the system gives no thread.
    pub(crate) fn view(
        self: &Arc<Self>,
        (executors, backend, on): (&Executors, &Backend, On),
        spec: RunSpec,
        options: Options,
    ) -> Result<View, String> {
        let mail = Arc::new(Mail { waiting: Mutex::default(), wake: options.wake });
        // What the session tells is handed on, which wakes who is to be woken.
        let options = Options { wake: Arc::new(|| {}), ..options };
        let mut state = self.shared.lock();
        if !state.has(self.window) {
            return Err("this window has left".to_owned());
        }
        let (period, burst) = (options.period, options.burst);
        let of = Begun { on, machine: spec.machine.clone(), period, burst };
        let is_new = state.run.is_none() || state.controller.is_none();
        if is_new {
            state.controller = Some(self.window);
        }
        let controls = state.controller == Some(self.window);
        match &state.run {
            Some(run) if !controls || run.of == of => {
                if controls {
                    run.session.send(Command::SetSpec(Box::new(spec)));
                }
                mail.put(run.newest.clone());
            }
            _ => {
                let run = self.begin(&mut state, (executors, backend, of), spec, options)?;
                state.run = Some(run);
            }
        }
        state.views.push((self.window, Arc::clone(&mail)));
        tell(state);
        Ok(View { visit: Arc::clone(self), mail })
    }

    fn begin(
        &self,
        state: &mut State,
        (executors, backend, of): (&Executors, &Backend, Begun),
        spec: RunSpec,
        options: Options,
    ) -> Result<Running, String> {
        let over = JobControl::default();
        let (executors, backend) = (executors.clone(), backend.clone());
        let (machine, control) = (spec.machine.clone(), over.clone());
        let factory =
            Box::new(move || executors.executor(&backend, &machine, backend.look(), &control));
        let session =
            LiveSession::spawn(factory, spec, options).map_err(|error| error.to_string())?;
        let (session, number) = (Arc::new(session), state.number());
        let (heard, shared) = (Arc::clone(&session), Arc::downgrade(&self.shared.0));
        thread::Builder::new()
            .name("weftscope-shared-run".to_owned())
            .spawn(move || hand_on(&heard, number, &shared))
            .map_err(|error| format!("no thread for the run: {error}"))?;
        Ok(Running { number, session, of, newest: None, over })
    }
}

impl Visit {
    /// Its connection is over, whatever still works for it: whoever comes next finds no window that is gone.
    pub(crate) fn leave(&self) {
        let mut state = self.shared.lock();
        if !state.has(self.window) {
            return;
        }
        state.windows.retain(|(window, _)| *window != self.window);
        if state.controller == Some(self.window) {
            // Who takes it next asks for it, or begins.
            state.controller = None;
        }
        tell(state);
    }
}

/// Hands what a session tells to everybody who sees it, as long as it is the one that runs.
fn hand_on(session: &LiveSession, number: u64, shared: &Weak<Mutex<State>>) {
    loop {
        let event = session.next(PATIENCE);
        let Some(shared) = shared.upgrade() else { return };
        let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(run) = state.run.as_mut().filter(|run| run.number == number) else { return };
        let Some(event) = event else { continue };
        let is_over = matches!(event, Event::State(RunState::Stopped));
        match event {
            Event::Iteration(iteration) => {
                let iteration: Arc<Iteration> = Arc::from(iteration);
                run.newest = Some(Arc::clone(&iteration));
                state.views.iter().for_each(|(_, mail)| mail.put(Some(Arc::clone(&iteration))));
            }
            other => state.views.iter().for_each(|(_, mail)| mail.tell(again(&other))),
        }
        if is_over {
            state.run = None;
            return;
        }
    }
}

/// The same news once more.
fn again(event: &Event) -> Event {
    match event {
        Event::PlanError(error) => Event::PlanError(error.clone()),
        Event::ExecError { error, retry_in } => {
            Event::ExecError { error: error.clone(), retry_in: *retry_in }
        }
        Event::CollectError(error) => Event::CollectError(error.clone()),
        Event::State(state) => Event::State(*state),
        Event::Iteration(iteration) => Event::Iteration(Box::new(copied(iteration))),
    }
}

fn copied(it: &Iteration) -> Iteration {
    let (trace, plan, spec) = (Arc::clone(&it.trace), Arc::clone(&it.plan), Arc::clone(&it.spec));
    Iteration { trace, plan, spec, number: it.number, time_ns: it.time_ns, skipped: it.skipped }
}

impl Mail {
    /// The newest iteration in the place of one that waits.
    fn put(&self, iteration: Option<Arc<Iteration>>) {
        if iteration.is_some() {
            self.lock().1 = iteration;
            (self.wake)();
        }
    }

    /// Of too much news the oldest gives way.
    fn tell(&self, event: Event) {
        let mut waiting = self.lock();
        if waiting.0.len() == MOST_NEWS {
            waiting.0.pop_front();
        }
        waiting.0.push_back(event);
        drop(waiting);
        (self.wake)();
    }

    fn lock(&self) -> MutexGuard<'_, (VecDeque<Event>, Option<Arc<Iteration>>)> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl View {
    /// Asks the run for something; a watcher is told that it does not count. That a window leaves ends nothing.
    pub(crate) fn send(&self, command: Command) {
        if command == Command::Stop {
            return;
        }
        let state = self.visit.shared.lock();
        if state.controller == Some(self.visit.window) {
            if let Some(run) = &state.run {
                run.session.send(command);
            }
        } else {
            drop(state);
            self.mail.tell(Event::CollectError(WATCHING.to_owned()));
        }
    }

    /// The next event, without waiting: news first, then the newest iteration.
    pub(crate) fn try_next(&self) -> Option<Event> {
        let mut waiting = self.mail.lock();
        let news = waiting.0.pop_front();
        let iteration = || waiting.1.take().map(|it| Event::Iteration(Box::new(copied(&it))));
        news.or_else(iteration)
    }
}

impl Drop for View {
    fn drop(&mut self) {
        self.visit.shared.lock().views.retain(|(_, mail)| !Arc::ptr_eq(mail, &self.mail));
    }
}
