//! The live loop: iteration after iteration, with commands applied in between.
//!
//! A [`Session`] is a state machine without a thread: somebody calls [`Session::step`] over and over, a
//! thread of its own on a desktop, a timer in a browser. It never blocks and never sleeps; how fast to
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
    /// An iteration ran and the observer has heard of it.
    Iteration {
        /// What ran.
        plan: Arc<Plan>,
        /// Its number, from 0, never repeated in a session.
        number: u64,
        /// When it ran, executor time.
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
        }
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

    /// Runs at most one iteration and says what came of it.
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
        self.next_iteration += 1;
        match self.executor.run(&plan, number, observer) {
            Ok(time) => Outcome::Iteration { plan, number, time },
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

    fn retry_failed(&mut self) {
        if matches!(self.plan, Planned::Failed) {
            self.plan = Planned::NotYet;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        batch::Batch,
        machine::{CollectiveSpec, GpuSpec, HostSpec, KernelSpec, LinkSpec, Machine},
        model::{Ffn, ModelShape},
        observer::NullObserver,
        plan::Decision,
        spec::{Knobs, StrategyKind},
    };

    /// Runs anything in 10 ns, and fails at one iteration.
    #[derive(Default)]
    struct Toy {
        fail_at: Option<u64>,
    }

    impl Executor for Toy {
        fn run(
            &mut self,
            _: &Arc<Plan>,
            iteration: u64,
            _: &mut dyn Observer,
        ) -> Result<IterationTime, ExecError> {
            if self.fail_at == Some(iteration) {
                return Err(ExecError::Unsupported("told to fail".to_owned()));
            }
            let start_ns = iteration as i64 * 10;
            Ok(IterationTime { start_ns, end_ns: start_ns + 10 })
        }

        fn provenance(&self) -> ExecutorInfo {
            ExecutorInfo::modelled("toy")
        }
    }

    fn toy_plan(spec: &RunSpec) -> Result<Plan, PlanError> {
        if spec.batch.tokens() == 0 {
            return Err(PlanError::NoTokens);
        }
        let strategy = StrategyKind::NoComm;
        let decision =
            Decision { asked: strategy, runs: strategy, reason: String::new(), split: None };
        Ok(Plan { spec: Arc::new(spec.clone()), ranks: 1, layers: 1, decision, ops: Vec::new() })
    }

    fn toy_spec() -> RunSpec {
        RunSpec {
            model: ModelShape {
                name: "toy".to_owned(),
                hidden: 64,
                layers: 1,
                heads: 8,
                kv_heads: 8,
                head_dim: 8,
                ffn: Ffn::Dense { intermediate: 128 },
                vocab: 100,
                rms_eps: 1e-5,
                rope_theta: 1e4,
                rope_scaling: None,
                qkv_bias: false,
                qk_norm: false,
            },
            machine: toy_machine(),
            batch: Batch::prefill(16, 16),
            knobs: Knobs::default(),
        }
    }

    fn toy_machine() -> Machine {
        Machine {
            name: "toy".to_owned(),
            title: "toy".to_owned(),
            gpus: 8,
            gpu: GpuSpec {
                name: "toy".to_owned(),
                compute_capability: (9, 0),
                sms: 2,
                memory_bytes: 1,
                threads_per_sm: 64,
                blocks_per_sm: 2,
                smem_per_sm_bytes: 1,
                bf16_flops: 1.0,
                hbm_bytes_per_s: 1.0,
                l2_bytes_per_s: 1.0,
                l2_bytes: 1,
                gemm_kernels: crate::machine::GemmKernels::Library,
            },
            link: LinkSpec {
                name: "toy".to_owned(),
                bytes_per_s: 1.0,
                multimem_bytes_per_s: None,
                bytes_per_s_per_sm: 1.0,
                latency_ns: 1.0,
            },
            kernels: KernelSpec::default(),
            collectives: CollectiveSpec::default(),
            host: HostSpec {
                issue_ns: 0.0,
                kernel_gap_ns: 1.0,
                join_gap_ns: 1.0,
                block_start_ns: 1.0,
            },
            sources: std::collections::BTreeMap::new(),
        }
    }

    fn session(toy: Toy) -> Session {
        Session::new(toy_plan, Box::new(toy), Arc::new(toy_spec()))
    }

    fn step(session: &mut Session) -> Outcome {
        session.step(&mut NullObserver)
    }

    fn number(outcome: &Outcome) -> Option<u64> {
        match outcome {
            Outcome::Iteration { number, .. } => Some(*number),
            _ => None,
        }
    }

    #[test]
    fn iterations_are_numbered_until_told_otherwise() {
        let mut session = session(Toy::default());
        assert_eq!(number(&step(&mut session)), Some(0));
        assert_eq!(number(&step(&mut session)), Some(1));
        session.apply(Command::Pause);
        assert_eq!(step(&mut session), Outcome::Idle);
        assert!(!session.has_work());
        session.apply(Command::Step);
        assert!(session.has_work());
        assert_eq!(number(&step(&mut session)), Some(2));
        assert_eq!(step(&mut session), Outcome::Idle);
        session.apply(Command::Run);
        assert_eq!(number(&step(&mut session)), Some(3));
        session.apply(Command::Stop);
        assert_eq!(step(&mut session), Outcome::Stopped);
        session.apply(Command::Run);
        assert_eq!(step(&mut session), Outcome::Stopped);
    }

    #[test]
    fn a_plan_error_is_reported_once_and_survived() {
        let mut session = session(Toy::default());
        let mut bad = toy_spec();
        bad.batch.requests.clear();
        session.apply(Command::SetSpec(Box::new(bad)));
        assert_eq!(step(&mut session), Outcome::PlanError(PlanError::NoTokens));
        assert_eq!(step(&mut session), Outcome::Idle);
        assert!(!session.has_work());
        session.apply(Command::SetSpec(Box::new(toy_spec())));
        assert_eq!(number(&step(&mut session)), Some(0));
    }

    #[test]
    fn a_paused_session_shows_a_new_spec_by_one_iteration() {
        let mut session = session(Toy::default());
        step(&mut session);
        session.apply(Command::Pause);
        let mut knobs = toy_spec().knobs;
        knobs.seed = 7;
        session.apply(Command::SetKnobs(Box::new(knobs)));
        assert_eq!(number(&step(&mut session)), Some(1));
        assert_eq!(session.spec().knobs.seed, 7);
        assert_eq!(step(&mut session), Outcome::Idle);
    }

    #[test]
    fn a_broken_run_waits_for_another_try() {
        let mut session = session(Toy { fail_at: Some(1) });
        assert_eq!(number(&step(&mut session)), Some(0));
        assert!(matches!(step(&mut session), Outcome::ExecError(ExecError::Unsupported(_))));
        assert_eq!(step(&mut session), Outcome::Idle);
        session.apply(Command::Run);
        assert_eq!(number(&step(&mut session)), Some(2));
    }
}
