use super::*;
use crate::{
    batch::Batch,
    machine, model,
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
    let decision = Decision::of(strategy);
    Ok(Plan { spec: Arc::new(spec.clone()), ranks: 1, layers: 1, decision, ops: Vec::new() })
}

/// Any will do: the planner above looks at the batch only.
fn toy_spec() -> RunSpec {
    RunSpec {
        model: model::builtin("llama-3.3-70b").expect("built in"),
        machine: machine::builtin("h100x8").expect("built in"),
        batch: Batch::prefill(16, 16),
        knobs: Knobs::default(),
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
