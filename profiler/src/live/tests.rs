use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use weftscope_engine::{
    command::Command,
    executor::ExecError,
    plan::PlanError,
    session::RunState,
    spec::{Knobs, RunSpec},
};

use super::{Event, Iteration, LiveSession, Options};
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
        if let Event::ExecError(ExecError::Unsupported(_)) = next(&session) {
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
    assert!(matches!(next(&session), Event::ExecError(_)));
    assert!(matches!(next(&session), Event::State(RunState::Stopped)));
    session.close();
}
