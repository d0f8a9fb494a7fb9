//! The same session where there are no threads: it runs when it is told to.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use web_time::Instant;
use weftscope_engine::{
    command::Command,
    executor::ExecError,
    plan::Plan,
    session::{Outcome, RunState, Session},
    spec::RunSpec,
};

use super::{
    commands::push,
    events::{Event, Iteration},
    options::{ExecutorFactory, Options},
};
use crate::collect::Collector;

/// A session on the caller's thread: a [turn](Self::turn) is one iteration at most. For a page in a browser; a
/// [`LiveSession`](super::LiveSession) is never waited for and needs threads.
pub struct TurnSession {
    session: Session,
    waiting: VecDeque<Command>,
    period: Duration,
    next_start: Instant,
    told: Option<RunState>,
}

impl TurnSession {
    /// A session over `spec` that has not run yet. Of the options, `planner` and `period` count.
    ///
    /// # Errors
    /// An executor that cannot be made.
    pub fn new(
        factory: ExecutorFactory,
        spec: RunSpec,
        options: &Options,
    ) -> Result<Self, ExecError> {
        Ok(Self {
            session: Session::new(options.planner, factory()?, Arc::new(spec)),
            waiting: VecDeque::new(),
            period: options.period,
            next_start: Instant::now(),
            told: None,
        })
    }

    /// Asks the session for something; it counts from the next turn on.
    pub fn send(&mut self, command: Command) {
        push(&mut self.waiting, command);
    }

    /// How long until a turn has something to do; `None`: only when it is asked for something.
    pub fn due_in(&self) -> Option<Duration> {
        let now = !self.waiting.is_empty() || self.told != Some(self.session.state());
        let later = self.session.has_work().then_some(self.next_start);
        let wait = later.map(|at| at.saturating_duration_since(Instant::now()));
        if now { Some(Duration::ZERO) } else { wait }
    }

    /// Takes in what was asked for and runs an iteration if one is due; gives what there is to tell.
    pub fn turn(&mut self) -> Option<Event> {
        let spec_before = Arc::clone(self.session.spec());
        let woken = !self.waiting.is_empty();
        for command in std::mem::take(&mut self.waiting) {
            self.session.apply(command);
        }
        let state = self.session.state();
        if self.told.replace(state) != Some(state) {
            return Some(Event::State(state));
        }
        let changed = !Arc::ptr_eq(&spec_before, self.session.spec());
        // A step that was asked for waits for nothing.
        let waits = !changed && (state == RunState::Running || !woken);
        if !self.session.has_work() || waits && Instant::now() < self.next_start {
            return None;
        }
        self.next_start = Instant::now() + self.period;
        self.iterate()
    }

    fn iterate(&mut self) -> Option<Event> {
        let mut collector = Collector::new(self.session.executor_info());
        let outcome = self.session.step(&mut collector);
        collector.ran_on(self.session.executor_info());
        match outcome {
            Outcome::Iteration { plan, number, time } => {
                Some(handed_over(collector, plan, number, time.end_ns - time.start_ns))
            }
            Outcome::PlanError(error) => Some(Event::PlanError(error)),
            Outcome::ExecError(error) => Some(Event::ExecError { error, retry_in: None }),
            Outcome::Stopped => Some(Event::State(RunState::Stopped)),
            Outcome::Idle => None,
        }
    }
}

fn handed_over(collector: Collector, plan: Arc<Plan>, number: u64, time_ns: i64) -> Event {
    match collector.finish() {
        Ok(trace) => Event::Iteration(Box::new(Iteration {
            trace: Arc::new(trace),
            spec: Arc::clone(&plan.spec),
            plan,
            number,
            time_ns,
            skipped: 0,
        })),
        Err(error) => Event::CollectError(error.to_string()),
    }
}
