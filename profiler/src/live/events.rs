use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crossbeam::channel::{Receiver, Sender, TrySendError, bounded};
use weftscope_engine::{
    executor::ExecError,
    plan::{Plan, PlanError},
    session::RunState,
    spec::RunSpec,
};
use weftscope_traces::Trace;

/// News of a live session.
#[derive(Debug)]
pub enum Event {
    /// An iteration is ready to be drawn.
    Iteration(Box<Iteration>),
    /// The spec cannot be planned; the session waits for another.
    PlanError(PlanError),
    /// The run broke off.
    ExecError {
        /// Why.
        error: ExecError,
        /// After how long the session tries again by itself; `None`: it waits for another spec, or to be told.
        retry_in: Option<Duration>,
    },
    /// Records did not make a trace: a fault of the executor, told in words.
    CollectError(String),
    /// The session runs, waits or is over.
    State(RunState),
}

/// One iteration, ready to be drawn.
#[derive(Debug)]
pub struct Iteration {
    /// What happened.
    pub trace: Arc<Trace>,
    /// What ran.
    pub plan: Arc<Plan>,
    /// What was asked.
    pub spec: Arc<RunSpec>,
    /// Its number in the session, from 0; of a burst, the first one's.
    pub number: u64,
    /// First op's start to last op's end over all ranks, executor time; of a burst, the last one's.
    pub time_ns: i64,
    /// Iterations that ran since the one handed out before and were thrown away, because nobody fetched them.
    pub skipped: u64,
}

/// States and errors that may wait for the window; there are never more than a few.
const NEWS_CAPACITY: usize = 64;

/// The threads' side of the events.
#[derive(Clone)]
pub(super) struct Outbox {
    news: Sender<Event>,
    iterations: Sender<Box<Iteration>>,
    /// The other ends, to throw out what waits too long.
    old_news: Receiver<Event>,
    unfetched: Receiver<Box<Iteration>>,
    skipped: Arc<AtomicU64>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

/// The window's side.
pub(super) struct Mail {
    news: Receiver<Event>,
    iterations: Receiver<Box<Iteration>>,
    skipped: Arc<AtomicU64>,
}

pub(super) fn mailbox(wake: Arc<dyn Fn() + Send + Sync>) -> (Outbox, Mail) {
    let (news, news_mail) = bounded(NEWS_CAPACITY);
    let (iterations, iteration_mail) = bounded(1);
    let skipped = Arc::new(AtomicU64::new(0));
    let outbox = Outbox {
        news,
        iterations,
        old_news: news_mail.clone(),
        unfetched: iteration_mail.clone(),
        skipped: Arc::clone(&skipped),
        wake,
    };
    (outbox, Mail { news: news_mail, iterations: iteration_mail, skipped })
}

impl Outbox {
    /// Tells a state or an error. With a full box the oldest news gives way: the newest state is the true one.
    pub(super) fn tell(&self, event: Event) {
        let mut event = event;
        while let Err(TrySendError::Full(again)) = self.news.try_send(event) {
            let _oldest = self.old_news.try_recv();
            event = again;
        }
        (self.wake)();
    }

    /// Hands over an iteration in place of one that still waits.
    pub(super) fn hand_over(&self, mut iteration: Box<Iteration>) {
        loop {
            iteration = match self.iterations.try_send(iteration) {
                Ok(()) | Err(TrySendError::Disconnected(_)) => break,
                Err(TrySendError::Full(again)) => again,
            };
            if let Ok(unfetched) = self.unfetched.try_recv() {
                iteration.skipped += unfetched.skipped + 1;
                self.skipped.fetch_add(1, Ordering::Relaxed);
            }
        }
        (self.wake)();
    }
}

impl Mail {
    /// The next event, without waiting: states and errors first, then the newest iteration.
    pub(super) fn try_next(&self) -> Option<Event> {
        let news = self.news.try_recv().ok();
        news.or_else(|| self.iterations.try_recv().ok().map(Event::Iteration))
    }

    /// The next event within `timeout`.
    pub(super) fn next(&self, timeout: Duration) -> Option<Event> {
        if let Some(event) = self.try_next() {
            return Some(event);
        }
        crossbeam::channel::select! {
            recv(self.news) -> event => event.ok(),
            recv(self.iterations) -> iteration => iteration.ok().map(Event::Iteration),
            default(timeout) => None,
        }
    }

    /// Iterations thrown away so far.
    pub(super) fn skipped(&self) -> u64 {
        self.skipped.load(Ordering::Relaxed)
    }
}
