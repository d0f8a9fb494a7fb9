//! The thread that has the executor.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, bounded};
use weftscope_engine::executor::{ExecError, ExecutorInfo, IterationTime};

use super::{
    job::{Job, Look, Run},
    pace::{Lots, Pace},
    relay::{Relay, Told},
    user::User,
};
use crate::overhead::Recording;

/// Requests that may wait. Every user waits for the answer to its one run, so there are a few for each; one that finds no
/// room waits for it.
const QUEUE: usize = 256;

/// Opens an executor for so many ranks, set up so; on the owner's thread.
pub type Opener<S> = Box<dyn FnMut(u32, &S) -> Result<Box<dyn Recording>, ExecError> + Send>;

/// Has the executor. `S` is how it is set up: a user that asks for another setup, or for another number of ranks, makes it
/// be dropped and opened anew. Clones are the same owner.
#[derive(Clone)]
pub struct Owner<S> {
    shared: Arc<Shared<S>>,
}

struct Shared<S> {
    jobs: Sender<Job<S>>,
    closed: Arc<AtomicBool>,
    /// Disconnected once the executor is gone.
    over: Receiver<()>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl<S: Clone + PartialEq + Send + 'static> Owner<S> {
    /// An owner that opens what it is asked to run on.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(opener: Opener<S>) -> std::io::Result<Self> {
        let (jobs, queue) = bounded(QUEUE);
        let (alive, over) = bounded(0);
        let closed = Arc::new(AtomicBool::new(false));
        let is_closed = Arc::clone(&closed);
        let thread = thread::Builder::new().name("weftscope-gpus".to_owned()).spawn(move || {
            // Dropped last, after the executor.
            let _alive: Sender<()> = alive;
            serve(&queue, opener, &is_closed);
        })?;
        let thread = Mutex::new(Some(thread));
        Ok(Self { shared: Arc::new(Shared { jobs, closed, over, thread }) })
    }

    /// A handle to run through; `source` is what it says of itself before its first run.
    pub fn user(&self, setup: S, look: Look, source: &str) -> User<S> {
        let jobs = self.shared.jobs.clone();
        let _closed = jobs.send(Job::Came);
        let (source, notes) = (source.to_owned(), Vec::new());
        let info = ExecutorInfo { measured: true, source, epoch_unix_ns: None, notes };
        User { jobs, setup, look, in_graphs: true, info, wanted: Arc::new(|| true) }
    }

    /// Does `work` on the owner's thread with nothing open: it may take the GPUs into use by itself, and has given them back when
    /// it ends; what users run waits meanwhile. It is given whether the owner is to be closed, and should end then. `None`: the
    /// owner is closed, or the work panicked.
    pub fn alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Fn() -> bool) -> T + Send + 'static,
    ) -> Option<T> {
        let (done, result) = bounded(1);
        let work = move |closes: &dyn Fn() -> bool| {
            let _nobody_waits = done.send(work(closes));
        };
        self.shared.jobs.send(Job::Alone(Box::new(work))).ok()?;
        result.recv().ok()
    }

    /// Lets the run under way end, drops the executor and ends the thread; users get errors from then on. Waits for it at
    /// most so long, and says whether it is done. Called again, it only waits.
    pub fn close(&self, patience: Duration) -> bool {
        let shared = &self.shared;
        shared.closed.store(true, Ordering::SeqCst);
        let _gone = shared.jobs.send(Job::Close);
        if shared.over.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
            return false;
        }
        let thread = shared.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // Its panic, if any, has been printed.
            let _panicked = thread.join();
        }
        true
    }
}

/// What is open, and for what.
struct Open<S> {
    ranks: u32,
    setup: S,
    /// How its last run was seen, and whether it was launched as graphs: turning a profiling interface on and off costs time.
    last: Option<(Look, bool)>,
    executor: Box<dyn Recording>,
    /// Of what is shown.
    pace: Pace,
}

fn serve<S: Clone + PartialEq>(
    queue: &Receiver<Job<S>>,
    mut opener: Opener<S>,
    closed: &AtomicBool,
) {
    let mut open = None;
    let mut users = 0_usize;
    for job in queue {
        match job {
            _ if closed.load(Ordering::SeqCst) => return,
            Job::Close => return,
            Job::Came => users += 1,
            Job::Left => {
                users = users.saturating_sub(1);
                if users == 0 {
                    open = None;
                }
            }
            Job::Run(run) => answer(&mut open, &mut opener, &run),
            Job::Alone(work) => {
                open = None;
                let closes = || closed.load(Ordering::SeqCst);
                // Its panic has been printed, and whoever waits for it finds nobody.
                let _panicked = catch_unwind(AssertUnwindSafe(|| work(&closes)));
            }
        }
    }
}

fn answer<S: Clone + PartialEq>(open: &mut Option<Open<S>>, opener: &mut Opener<S>, run: &Run<S>) {
    let mut relay = Relay(run.reply.clone());
    if !(run.wanted)() {
        let gone = ExecError::Unsupported("the run was given up before its turn came".to_owned());
        return relay.tell(Told::Over(Err(gone), None));
    }
    let ran = catch_unwind(AssertUnwindSafe(|| perform(open, opener, run, &mut relay)));
    let outcome = ran.unwrap_or_else(|_| {
        Err(ExecError::Device("the program is at fault: the run panicked".to_owned()))
    });
    let info = open.as_ref().map(|open| open.executor.provenance());
    if outcome.as_ref().is_err_and(ExecError::is_fatal) {
        // What the device did to it is not known: the next run opens anew.
        *open = None;
    }
    relay.tell(Told::Over(outcome, info));
}

fn perform<S: Clone + PartialEq>(
    open: &mut Option<Open<S>>,
    opener: &mut Opener<S>,
    run: &Run<S>,
    relay: &mut Relay,
) -> Result<Vec<IterationTime>, ExecError> {
    let ranks = run.plan.ranks;
    // The old one's memory goes back before the new one's is taken.
    let kept = open.take().filter(|open| open.ranks == ranks && open.setup == run.setup);
    let kept = match kept {
        Some(kept) => kept,
        None => {
            let executor = opener(ranks, &run.setup)?;
            let (setup, pace) = (run.setup.clone(), Pace::default());
            Open { ranks, setup, last: None, executor, pace }
        }
    };
    let Open { last, executor, pace, .. } = open.insert(kept);
    let asked = (run.look, run.in_graphs);
    if last.replace(asked) != Some(asked) {
        executor.set_recording(run.look != Look::Times);
        executor.set_watching(run.look == Look::Everything);
        executor.set_in_graphs(run.in_graphs);
    }
    if run.look == Look::Times {
        return run_in_lots(executor.as_mut(), run, pace.lots(), relay);
    }
    let began = Instant::now();
    pace.asked(run.iterations.1, run.sent);
    let times = executor.run_many(&run.plan, run.iterations, relay)?;
    pace.ended(began, &times);
    Ok(times)
}

/// Iterations that are held against what is shown, at its pace.
fn run_in_lots<S>(
    executor: &mut dyn Recording,
    run: &Run<S>,
    lots: Option<Lots>,
    relay: &mut Relay,
) -> Result<Vec<IterationTime>, ExecError> {
    let (first, count) = run.iterations;
    let Some(Lots { together, pause }) = lots else {
        return executor.run_many(&run.plan, run.iterations, relay);
    };
    let mut times = Vec::with_capacity(count as usize);
    while (times.len() as u32) < count {
        thread::sleep(pause);
        let done = times.len() as u32;
        let lot = (first + u64::from(done), together.clamp(1, count - done));
        times.extend(executor.run_many(&run.plan, lot, relay)?);
    }
    Ok(times)
}
