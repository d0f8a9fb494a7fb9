//! The session thread, which iterates and tries again what a device broke off, and the collector thread, which makes traces.

use std::{sync::Arc, thread};

use web_time::Instant;
use weftscope_engine::{
    executor::{ExecError, ExecutorInfo},
    plan::Plan,
    session::{Outcome, RunState, Session},
    spec::RunSpec,
};

use super::{
    commands::CommandQueue,
    events::{Event, Iteration, Outbox},
    options::{ExecutorFactory, Options},
    retry::Retry,
};
use crate::{
    collect::Collector,
    recorder::{self, Inbox, Message, Recorder},
};

/// What the session thread owns.
pub(super) struct Worker {
    pub(super) commands: Arc<CommandQueue>,
    pub(super) outbox: Outbox,
    pub(super) options: Options,
}

/// The session thread: until it is told to stop.
pub(super) fn run(worker: &Worker, factory: ExecutorFactory, spec: Arc<RunSpec>) {
    let executor = match factory() {
        Ok(executor) => executor,
        Err(error) => {
            worker.outbox.tell(Event::ExecError { error, retry_in: None });
            worker.outbox.tell(Event::State(RunState::Stopped));
            return;
        }
    };
    let info = executor.provenance();
    let session =
        Session::new(worker.options.planner, executor, spec).with_burst(worker.options.burst);
    let (recorder, inbox) = recorder::channel(worker.options.overflow);
    let (outbox, burst) = (worker.outbox.clone(), u64::from(worker.options.burst.max(1)));
    let collector = thread::Builder::new()
        .name("weftscope-collect".to_owned())
        .spawn(move || collect(&inbox, &info, burst, &outbox));
    match collector {
        Ok(collector) => {
            iterate(worker, session, recorder);
            // The recorder is gone now, so the collector finishes; its panic has been printed.
            let _panicked = collector.join();
        }
        Err(error) => {
            let error = ExecError::Unsupported(format!("cannot start the collector: {error}"));
            worker.outbox.tell(Event::ExecError { error, retry_in: None });
        }
    }
    worker.outbox.tell(Event::State(RunState::Stopped));
}

fn iterate(worker: &Worker, mut session: Session, mut recorder: Recorder) {
    let mut told = None;
    let mut next_start = Instant::now();
    let mut retry = Retry::starting_with(worker.options.first_retry);
    loop {
        let retry_at = retry.due_at().filter(|_| session.state() == RunState::Running);
        let wake_at = if session.has_work() { Some(next_start) } else { retry_at };
        let patience = wake_at.map(|at| at.saturating_duration_since(Instant::now()));
        let commands = worker.commands.take(patience);
        let spec_before = Arc::clone(session.spec());
        let woken = !commands.is_empty();
        for command in commands {
            session.apply(command);
        }
        if session.state() == RunState::Stopped {
            return;
        }
        if told != Some(session.state()) {
            told = Some(session.state());
            worker.outbox.tell(Event::State(session.state()));
        }
        // Woken early by a command that changes nothing about what runs: wait the rest of the period.
        let changed = !Arc::ptr_eq(&spec_before, session.spec());
        if changed {
            retry.reset();
        }
        if session.state() == RunState::Running && retry.is_due(Instant::now()) {
            session.retry_failed();
        }
        if woken && !changed && session.state() == RunState::Running && Instant::now() < next_start
        {
            continue;
        }
        next_start = Instant::now() + worker.options.period;
        if worker.options.burst > 1 {
            recorder.expect(session.executor_info());
        }
        let outcome = session.step(&mut recorder);
        recorder.seal(session.executor_info());
        match outcome {
            Outcome::PlanError(error) => worker.outbox.tell(Event::PlanError(error)),
            Outcome::ExecError(error) => {
                let retry_in =
                    if error.is_fatal() { retry.plan_next(Instant::now()) } else { None };
                worker.outbox.tell(Event::ExecError { error, retry_in });
            }
            Outcome::Stopped => return,
            // The collector tells of iterations, when they are ready.
            Outcome::Iteration { .. } => retry.reset(),
            Outcome::Idle => {}
        }
    }
}

/// The collector thread: one trace for every `burst` iterations, until the recorder is gone.
fn collect(inbox: &Inbox, info: &ExecutorInfo, burst: u64, outbox: &Outbox) {
    let mut under_way: Option<UnderWay> = None;
    while let Some(message) = inbox.next() {
        if let Message::Begin { plan, iteration, .. } = &message {
            let follows = under_way.as_ref().is_some_and(|under_way| under_way.is_next(*iteration));
            if !follows {
                // What a burst that broke off had recorded goes with the old collector.
                under_way = Some(UnderWay {
                    collector: Collector::new(info.clone()),
                    plan: Arc::clone(plan),
                    first: *iteration,
                    done: 0,
                    time_ns: 0,
                });
            }
        }
        let Some(mut current) = under_way.take() else { continue };
        if let Message::End { end, .. } = &message {
            current.time_ns = end.end_ns - end.start_ns;
        }
        current.done += u64::from(current.collector.take(message, inbox));
        if current.done == burst {
            current.hand_over(outbox);
        } else {
            under_way = Some(current);
        }
    }
}

struct UnderWay {
    collector: Collector,
    plan: Arc<Plan>,
    /// Number of the first iteration, and how many are complete.
    first: u64,
    done: u64,
    /// Of the last one.
    time_ns: i64,
}

impl UnderWay {
    fn is_next(&self, iteration: u64) -> bool {
        self.done > 0 && self.first + self.done == iteration
    }

    fn hand_over(self, outbox: &Outbox) {
        let trace = match self.collector.finish() {
            Ok(trace) => trace,
            Err(error) => return outbox.tell(Event::CollectError(error.to_string())),
        };
        outbox.hand_over(Box::new(Iteration {
            trace: Arc::new(trace),
            spec: Arc::clone(&self.plan.spec),
            plan: self.plan,
            number: self.first,
            time_ns: self.time_ns,
            skipped: 0,
        }));
    }
}
