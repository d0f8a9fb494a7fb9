//! Sessions over an executor that takes no time, and over ones that fail: what comes out, in which order, and who waits.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use weftscope_engine::{
    command::Command,
    executor::{ExecError, Executor, ExecutorInfo, IterationTime},
    observer::Observer,
    plan::{Plan, PlanError},
    session::RunState,
    spec::{Knobs, RunSpec},
};

use super::{Event, Iteration, LiveSession, Options, TurnSession};
use crate::testing::{Toy, toy_plan, toy_spec};

/// Far longer than anything here takes; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

fn options(period: Duration) -> Options {
    Options { planner: toy_plan, period, ..Options::default() }
}

fn spawn(toy: Toy, period: Duration) -> LiveSession {
    LiveSession::spawn(Box::new(|| Ok(Box::new(toy))), toy_spec(), options(period)).unwrap()
}

fn next(session: &LiveSession) -> Event {
    session.next(PATIENCE).expect("an event in time")
}

fn next_iteration(session: &LiveSession) -> Box<Iteration> {
    loop {
        if let Event::Iteration(iteration) = next(session) {
            return iteration;
        }
    }
}

#[test]
fn iterations_come_as_traces_until_stopped() {
    let session = spawn(Toy::default(), Duration::ZERO);
    let first = next_iteration(&session);
    assert_eq!(first.time_ns, 310);
    assert_eq!(first.trace.span().len_ns(), 310);
    assert_eq!(*first.spec, toy_spec());
    let second = next_iteration(&session);
    assert!(second.number > first.number);
    session.send(Command::Stop);
    loop {
        if let Event::State(RunState::Stopped) = next(&session) {
            break;
        }
    }
    session.close();
}

#[test]
fn a_new_spec_runs_at_once_and_the_newest_wins() {
    // So long a period that only the changed spec can bring a second iteration.
    let session = spawn(Toy::default(), PATIENCE * 10);
    assert_eq!(next_iteration(&session).number, 0);
    for seed in 1..=100 {
        let knobs = Knobs { seed, ..toy_spec().knobs };
        session.send(Command::SetKnobs(Box::new(knobs)));
    }
    loop {
        if next_iteration(&session).spec.knobs.seed == 100 {
            break;
        }
    }
    session.close();
}

#[test]
fn nobody_waits_for_a_window_that_does_not_look() {
    let woken = Arc::new(AtomicU64::new(0));
    let wake = {
        let woken = Arc::clone(&woken);
        Arc::new(move || {
            woken.fetch_add(1, Ordering::Relaxed);
        })
    };
    let options = Options { wake, ..options(Duration::ZERO) };
    let factory = Box::new(|| -> Result<_, ExecError> { Ok(Box::new(Toy::default()) as _) });
    let session = LiveSession::spawn(factory, toy_spec(), options).unwrap();
    while session.skipped() < 3 {
        std::thread::yield_now();
    }
    let newest = next_iteration(&session);
    assert!(newest.number >= 3 && newest.skipped >= 3, "{} {}", newest.number, newest.skipped);
    assert_eq!(newest.number, newest.skipped, "numbers have no holes but the skipped ones");
    assert!(woken.load(Ordering::Relaxed) > newest.number);
    session.close();
}

#[test]
fn errors_are_events_and_the_session_goes_on() {
    let session = spawn(Toy { fail_at: Some(1) }, Duration::ZERO);
    loop {
        if let Event::ExecError { error: ExecError::Unsupported(_), retry_in: None } =
            next(&session)
        {
            break;
        }
    }
    let mut bad: RunSpec = toy_spec();
    bad.batch.requests.clear();
    session.send(Command::SetSpec(Box::new(bad)));
    loop {
        if let Event::PlanError(PlanError::NoTokens) = next(&session) {
            break;
        }
    }
    session.send(Command::SetSpec(Box::new(toy_spec())));
    while next_iteration(&session).number < 2 {}
    session.close();
}

#[test]
fn an_executor_that_cannot_be_made_is_an_event() {
    let factory = Box::new(|| Err(ExecError::Unsupported("no such machine".to_owned())));
    let session = LiveSession::spawn(factory, toy_spec(), options(Duration::ZERO)).unwrap();
    assert!(matches!(next(&session), Event::ExecError { retry_in: None, .. }));
    assert!(matches!(next(&session), Event::State(RunState::Stopped)));
    session.close();
}

/// Fails as a device does, so many times.
struct Failing(u32);

impl Executor for Failing {
    fn run(
        &mut self,
        plan: &Arc<Plan>,
        iteration: u64,
        observer: &mut dyn Observer,
    ) -> Result<IterationTime, ExecError> {
        if self.0 == 0 {
            return Toy::default().run(plan, iteration, observer);
        }
        self.0 -= 1;
        Err(ExecError::Device("it fell off the bus".to_owned()))
    }
    fn provenance(&self) -> ExecutorInfo {
        ExecutorInfo::modelled("failing")
    }
}

fn spawn_failing(failures: u32, first_retry: Duration) -> LiveSession {
    let options = Options { first_retry, ..options(Duration::ZERO) };
    LiveSession::spawn(Box::new(move || Ok(Box::new(Failing(failures)))), toy_spec(), options)
        .unwrap()
}

fn next_failure(session: &LiveSession) -> Option<Duration> {
    loop {
        if let Event::ExecError { retry_in, .. } = next(session) {
            return retry_in;
        }
    }
}

#[test]
fn a_device_that_failed_is_tried_again_by_itself() {
    let session = spawn_failing(2, Duration::from_millis(1));
    assert_eq!(next_failure(&session), Some(Duration::from_millis(1)));
    assert_eq!(next_failure(&session), Some(Duration::from_millis(2)));
    assert!(next_iteration(&session).number >= 2, "two broke off");
    session.close();
}

#[test]
fn who_does_not_want_to_wait_for_the_retry_asks() {
    let session = spawn_failing(2, PATIENCE * 10);
    for _ in 0..2 {
        assert!(next_failure(&session).is_some());
        session.send(Command::Run);
    }
    next_iteration(&session);
    session.close();
}

#[test]
fn a_burst_is_one_picture_and_numbers_go_on() {
    let options = Options { burst: 3, ..options(Duration::ZERO) };
    let factory = Box::new(|| -> Result<_, ExecError> { Ok(Box::new(Toy::default()) as _) });
    let session = LiveSession::spawn(factory, toy_spec(), options).unwrap();
    let first = next_iteration(&session);
    assert_eq!((first.time_ns, first.trace.span().len_ns()), (310, 3 * 310));
    let second = next_iteration(&session);
    assert!(second.number > first.number && second.number.is_multiple_of(3), "{}", second.number);
    session.close();
}

#[test]
fn in_turns_the_same_happens_as_on_threads() {
    let factory = || Box::new(|| Ok(Box::new(Toy::default()) as Box<dyn Executor>));
    let mut session = TurnSession::new(factory(), toy_spec(), &options(PATIENCE)).unwrap();
    assert_eq!(session.due_in(), Some(Duration::ZERO));
    assert!(matches!(session.turn(), Some(Event::State(RunState::Running))));
    let Some(Event::Iteration(first)) = session.turn() else { panic!("the first iteration") };
    let threaded = next_iteration(&spawn(Toy::default(), PATIENCE));
    assert_eq!((first.number, first.time_ns), (0, 310));
    assert_eq!(first.trace.lanes, threaded.trace.lanes);
    // The next is a period away, unless a spec that is another comes, or a step.
    assert!(session.turn().is_none());
    assert!(session.due_in().is_some_and(|wait| wait > Duration::ZERO));
    let other = RunSpec { knobs: Knobs { seed: 7, ..Knobs::default() }, ..toy_spec() };
    session.send(Command::SetSpec(Box::new(other.clone())));
    let Some(Event::Iteration(second)) = session.turn() else { panic!("of the other spec") };
    assert_eq!((second.number, &*second.spec), (1, &other));
    session.send(Command::Pause);
    assert!(matches!(session.turn(), Some(Event::State(RunState::Paused))));
    assert_eq!((session.due_in(), session.turn().is_none()), (None, true));
    session.send(Command::Step);
    assert!(matches!(session.turn(), Some(Event::Iteration(_))));
    session.send(Command::Stop);
    assert!(matches!(session.turn(), Some(Event::State(RunState::Stopped))));
    assert_eq!(session.due_in(), None);
}
