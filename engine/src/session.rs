//! The live loop: iteration after iteration, with commands applied in between.
//!
//! A [`Session`] is a state machine without a thread: the caller calls [`Session::step`] over and over, from a
//! thread on a desktop, from a timer in a browser. It never blocks and never sleeps; how fast to
//! step is the caller's matter. What cannot be planned or run is a value, and the session survives it.

use std::sync::Arc;

use crate::{
    command::Command,
    executor::{ExecError, Executor, ExecutorInfo, IterationTime},
    observer::Observer,
    plan::{Plan, PlanError},
    spec::RunSpec,
};

/// Turns a spec into a plan: [`plan::plan`](crate::plan::plan()), or a test's own.
pub type Planner = fn(&RunSpec) -> Result<Plan, PlanError>;

/// Whether a session iterates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// Iterates at every step.
    Running,
    /// Waits for [`Command::Run`] or [`Command::Step`].
    Paused,
    /// Is over.
    Stopped,
}

/// What one [`Session::step`] came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Nothing to do: paused, or waiting for a spec that can be planned and run.
    Idle,
    /// An iteration, or a burst of them, ran and the observer has received it.
    Iteration {
        /// What ran.
        plan: Arc<Plan>,
        /// The first one's number, from 0, never repeated in a session.
        number: u64,
        /// When the last one ran, executor time.
        time: IterationTime,
    },
    /// The spec has no plan. Reported once; the session then waits for another spec.
    PlanError(PlanError),
    /// The iteration broke off. Reported once; the session then waits for another spec, `Run` or `Step`.
    ExecError(ExecError),
    /// The session is over.
    Stopped,
}

/// Plans, runs, numbers iterations, applies commands. See the [module](self).
pub struct Session {
    planner: Planner,
    executor: Box<dyn Executor>,
    spec: Arc<RunSpec>,
    plan: Planned,
    state: RunState,
    steps_left: u32,
    next_iteration: u64,
    /// Iterations of a step.
    burst: u32,
}

/// The plan of the current spec.
enum Planned {
    NotYet,
    Ready(Arc<Plan>),
    /// Reported already: the spec cannot be planned, or its run broke off.
    Failed,
}

impl Session {
    /// A session over `spec`, running.
    pub fn new(planner: Planner, executor: Box<dyn Executor>, spec: Arc<RunSpec>) -> Self {
        Self {
            planner,
            executor,
            spec,
            plan: Planned::NotYet,
            state: RunState::Running,
            steps_left: 0,
            next_iteration: 0,
            burst: 1,
        }
    }

    /// Runs so many iterations behind one another in each step; at least one.
    #[must_use]
    pub fn with_burst(mut self, iterations: u32) -> Self {
        self.burst = iterations.max(1);
        self
    }

    /// What is being run.
    pub fn spec(&self) -> &Arc<RunSpec> {
        &self.spec
    }

    /// Whether it iterates.
    pub fn state(&self) -> RunState {
        self.state
    }

    /// What runs the plans.
    pub fn executor_info(&self) -> ExecutorInfo {
        self.executor.provenance()
    }

    /// True when the next [`step`](Self::step) has work: the caller need not wait for a command.
    pub fn has_work(&self) -> bool {
        match self.plan {
            // A new spec is planned (and shown) even in a paused session, by one iteration.
            Planned::NotYet => self.state != RunState::Stopped,
            Planned::Ready(_) => self.wants_iteration(),
            Planned::Failed => false,
        }
    }

    /// Applies a command. A stopped session stays stopped.
    pub fn apply(&mut self, command: Command) {
        if self.state == RunState::Stopped {
            return;
        }
        match command {
            Command::SetSpec(spec) => self.set_spec(*spec),
            Command::SetKnobs(knobs) => {
                let spec = RunSpec { knobs: *knobs, ..(*self.spec).clone() };
                self.set_spec(spec);
            }
            Command::Run => {
                self.state = RunState::Running;
                self.retry_failed();
            }
            Command::Pause => {
                self.state = RunState::Paused;
                self.steps_left = 0;
            }
            Command::Step => {
                self.state = RunState::Paused;
                self.steps_left += 1;
                self.retry_failed();
            }
            Command::Stop => self.state = RunState::Stopped,
        }
    }

    /// Runs at most one iteration, or [burst](Self::with_burst) of them, and says what came of it.
    pub fn step(&mut self, observer: &mut dyn Observer) -> Outcome {
        if self.state == RunState::Stopped {
            return Outcome::Stopped;
        }
        let plan = match &self.plan {
            Planned::Failed => return Outcome::Idle,
            Planned::Ready(_) if !self.wants_iteration() => return Outcome::Idle,
            Planned::Ready(plan) => Arc::clone(plan),
            Planned::NotYet => match (self.planner)(&self.spec) {
                Ok(plan) => {
                    let plan = Arc::new(plan);
                    self.plan = Planned::Ready(Arc::clone(&plan));
                    plan
                }
                Err(error) => {
                    self.plan = Planned::Failed;
                    return Outcome::PlanError(error);
                }
            },
        };
        self.steps_left = self.steps_left.saturating_sub(1);
        let number = self.next_iteration;
        self.next_iteration += u64::from(self.burst);
        let ran = self.executor.run_many(&plan, (number, self.burst), observer);
        match ran.map(|times| times.last().copied()) {
            Ok(Some(time)) => Outcome::Iteration { plan, number, time },
            Ok(None) => Outcome::Idle,
            Err(error) => {
                self.plan = Planned::Failed;
                Outcome::ExecError(error)
            }
        }
    }

    fn wants_iteration(&self) -> bool {
        self.state == RunState::Running || (self.state == RunState::Paused && self.steps_left > 0)
    }

    fn set_spec(&mut self, spec: RunSpec) {
        // The same spec again keeps its plan: a slider that is held still costs no planning.
        if *self.spec != spec {
            self.spec = Arc::new(spec);
            self.plan = Planned::NotYet;
        }
    }

    /// Lets a spec that failed be planned and run again, whatever the state.
    pub fn retry_failed(&mut self) {
        if matches!(self.plan, Planned::Failed) {
            self.plan = Planned::NotYet;
        }
    }
}

#[cfg(test)]
mod tests;
