//! Users of a stand-in for GPUs that notes what happens to it, when and on which thread.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread::{self, ThreadId},
    time::{Duration, Instant},
};

use crossbeam::channel::{Receiver, bounded};
use weftscope_engine::{
    executor::{ExecError, Executor, ExecutorInfo, IterationTime},
    observer::{NullObserver, Observer},
    plan::Plan,
};

use super::{Look, Opener, Owner, User};
use crate::{
    overhead::Recording,
    testing::{Toy, toy_plan, toy_spec},
};

const PATIENCE: Duration = Duration::from_secs(60);

/// What happened to the GPUs of the stand-in, and whether anything ever overlapped.
#[derive(Default)]
struct Log {
    busy: AtomicBool,
    overlaps: AtomicU32,
    opened: AtomicU32,
    dropped: AtomicU32,
    runs: AtomicU32,
    threads: Mutex<Vec<ThreadId>>,
    /// Iterations in the order in which they ran.
    order: Mutex<Vec<u64>>,
    /// Iterations called [`GATED`] wait here.
    gate: Option<Receiver<()>>,
}

const GATED: u64 = u64::MAX;

impl Log {
    /// Something that synchronises devices, or launches: it takes a moment, in which nothing else may happen.
    fn alone<T>(&self, work: impl FnOnce() -> T) -> T {
        if self.busy.swap(true, Ordering::SeqCst) {
            self.overlaps.fetch_add(1, Ordering::SeqCst);
        }
        let mut threads = self.threads.lock().unwrap();
        if !threads.contains(&thread::current().id()) {
            threads.push(thread::current().id());
        }
        drop(threads);
        thread::sleep(Duration::from_micros(200));
        let done = work();
        self.busy.store(false, Ordering::SeqCst);
        done
    }
}

/// Two GPUs that are not there. Like the real executor it belongs to no other thread: it is not `Send`.
struct StandIn {
    toy: Toy,
    log: Arc<Log>,
    recording: bool,
    fail_at: Option<u64>,
    not_send: std::marker::PhantomData<*const ()>,
}

impl Executor for StandIn {
    fn run(
        &mut self,
        plan: &Arc<Plan>,
        iteration: u64,
        observer: &mut dyn Observer,
    ) -> Result<IterationTime, ExecError> {
        let log = Arc::clone(&self.log);
        log.runs.fetch_add(1, Ordering::SeqCst);
        log.order.lock().unwrap().push(iteration);
        if let Some(gate) = log.gate.as_ref().filter(|_| iteration == GATED) {
            gate.recv().unwrap();
        }
        log.alone(|| {
            if self.fail_at == Some(iteration) {
                let op = "fused_ar_norm".to_owned();
                return Err(ExecError::BarrierTimeout { op, rank: 0, block: 0, peer: 1 });
            }
            if self.recording {
                self.toy.run(plan, iteration, observer)
            } else {
                self.toy.run(plan, iteration, &mut NullObserver)
            }
        })
    }
    fn provenance(&self) -> ExecutorInfo {
        ExecutorInfo { measured: true, ..ExecutorInfo::modelled("stand-in") }
    }
}

impl Recording for StandIn {
    fn set_recording(&mut self, recording: bool) {
        self.recording = recording;
    }
    fn last_event_ns(&self) -> Result<i64, ExecError> {
        Ok(0)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.log.alone(|| self.log.dropped.fetch_add(1, Ordering::SeqCst));
    }
}

fn owner(log: &Arc<Log>, fail_at: Option<u64>) -> Owner<u32> {
    let log = Arc::clone(log);
    let opener: Opener<u32> = Box::new(move |_, _| {
        log.opened.fetch_add(1, Ordering::SeqCst);
        let stand_in = || StandIn {
            toy: Toy::default(),
            log: Arc::clone(&log),
            recording: true,
            fail_at,
            not_send: std::marker::PhantomData,
        };
        Ok(Box::new(log.alone(stand_in)))
    });
    Owner::start(opener).unwrap()
}

fn plan() -> Arc<Plan> {
    Arc::new(toy_plan(&toy_spec()).unwrap())
}

fn user(owner: &Owner<u32>, setup: u32, look: Look) -> User<u32> {
    owner.user(setup, look, "stand-in")
}

/// Counts what an observer receives.
#[derive(Default)]
struct Count {
    begins: u32,
    blocks: usize,
    ops: u32,
    ends: u32,
}

impl Observer for Count {
    fn begin(&mut self, _: &Arc<Plan>, _: u64, isolated_ns: &[Option<i64>]) {
        assert_eq!(isolated_ns[0], Some(50));
        self.begins += 1;
    }
    fn blocks(&mut self, records: &[weftscope_engine::observer::BlockRecord]) {
        self.blocks += records.len();
    }
    fn op(&mut self, _: weftscope_engine::observer::OpRecord) {
        self.ops += 1;
    }
    fn end(&mut self, _: &weftscope_engine::observer::IterationEnd) {
        self.ends += 1;
    }
}

#[test]
fn a_user_sees_its_runs_as_if_it_had_the_executor() {
    let (mut direct, mut through) = (Count::default(), Count::default());
    Toy::default().run(&plan(), 0, &mut direct).unwrap();
    let owner = owner(&Arc::default(), None);
    user(&owner, 0, Look::Stamps).run(&plan(), 0, &mut through).unwrap();
    assert_eq!(
        (through.begins, through.blocks, through.ops, through.ends),
        (direct.begins, direct.blocks, direct.ops, direct.ends)
    );
    assert!(through.blocks > 0);
    let mut unseen = Count::default();
    user(&owner, 0, Look::Times).run(&plan(), 1, &mut unseen).unwrap();
    assert_eq!(unseen.begins, 0);
}

/// A live run without a pause, beside users that come, turn another setup, and go at any moment.
#[test]
fn nothing_overlaps_and_all_of_it_is_one_thread() {
    let log = Arc::<Log>::default();
    let owner = owner(&log, None);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut live = user(&owner, 0, Look::Everything);
            for iteration in 0..200 {
                live.run(&plan(), iteration, &mut NullObserver).unwrap();
            }
        });
        for seed in 1..4_u64 {
            let owner = &owner;
            scope.spawn(move || {
                let mut state = seed;
                for _ in 0..30 {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(seed);
                    let mut user = user(owner, (state >> 60) as u32 % 2, Look::Times);
                    for iteration in 0..(state >> 33) % 4 {
                        user.run(&plan(), iteration, &mut NullObserver).unwrap();
                    }
                }
            });
        }
    });
    assert!(owner.close(PATIENCE));
    assert_eq!(log.overlaps.load(Ordering::SeqCst), 0);
    assert_eq!(log.threads.lock().unwrap().len(), 1);
    let opened = log.opened.load(Ordering::SeqCst);
    assert!(opened > 1 && opened == log.dropped.load(Ordering::SeqCst), "{opened}");
}

/// An unceasing user's run ends only once another's request stands in the queue: then that one is next, every time.
#[test]
fn a_user_beside_an_unceasing_one_gets_its_turn() {
    const TURNS: usize = 20;
    let (open, gate) = bounded(1);
    let log = Arc::new(Log { gate: Some(gate), ..Log::default() });
    let owner = owner(&log, None);
    // They have come before anything is queued, which the watcher then sees.
    let watch = user(&owner, 0, Look::Times);
    let (mut live, mut other) = (user(&owner, 0, Look::Stamps), user(&owner, 0, Look::Times));
    let until = |done: &dyn Fn() -> bool| {
        while !done() {
            thread::sleep(Duration::from_micros(100));
        }
    };
    let gated = || log.order.lock().unwrap().iter().filter(|run| **run == GATED).count();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..TURNS {
                live.run(&plan(), GATED, &mut NullObserver).unwrap();
            }
            over.store(true, Ordering::SeqCst);
        });
        until(&|| gated() == 1);
        scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                other.run(&plan(), 0, &mut NullObserver).unwrap();
            }
        });
        for turn in 1..=TURNS {
            until(&|| gated() == turn && !watch.jobs.is_empty());
            open.send(()).unwrap();
        }
    });
    let order = log.order.lock().unwrap();
    assert!(order.windows(2).all(|pair| pair != [GATED, GATED]), "{order:?}");
}

/// Work that takes the GPUs by itself finds nothing open, on the owner's thread; the run behind it opens anew. Told that the owner
/// closes, it ends, and a panic of it is no end of the others.
#[test]
fn work_that_is_alone_has_the_gpus_to_itself() {
    let log = Arc::<Log>::default();
    let owner = owner(&log, None);
    let mut live = user(&owner, 0, Look::Stamps);
    live.run(&plan(), 0, &mut NullObserver).unwrap();
    let seen = Arc::clone(&log);
    let work = move |closes: &dyn Fn() -> bool| {
        seen.alone(|| (seen.dropped.load(Ordering::SeqCst), closes()))
    };
    assert_eq!(owner.alone(work), Some((1, false)));
    live.run(&plan(), 1, &mut NullObserver).unwrap();
    assert_eq!(log.opened.load(Ordering::SeqCst), 2);
    assert_eq!(owner.alone(|_| -> u32 { panic!("of this test, on purpose") }), None);
    live.run(&plan(), 2, &mut NullObserver).unwrap();
    thread::scope(|scope| {
        let (began, begins) = bounded(1);
        let waits = scope.spawn(|| {
            owner.alone(move |closes| {
                began.send(()).unwrap();
                while !closes() {
                    thread::sleep(Duration::from_micros(100));
                }
                7
            })
        });
        begins.recv().unwrap();
        assert!(owner.close(PATIENCE));
        assert_eq!(waits.join().unwrap(), Some(7));
    });
    assert_eq!(owner.alone(|_| 8), None);
    assert_eq!(log.overlaps.load(Ordering::SeqCst), 0);
    assert_eq!(log.threads.lock().unwrap().len(), 1);
}

/// What is timed waits before each lot as the run that is shown does, here for its host.
#[test]
fn what_is_timed_keeps_the_pace_of_what_is_shown() {
    const PAUSE: Duration = Duration::from_millis(30);
    let owner = owner(&Arc::default(), None);
    let (mut shown, mut timed) = (user(&owner, 0, Look::Stamps), user(&owner, 0, Look::Times));
    shown.run_many(&plan(), (0, 2), &mut NullObserver).unwrap();
    thread::sleep(PAUSE);
    shown.run_many(&plan(), (2, 2), &mut NullObserver).unwrap();
    let began = Instant::now();
    let times = timed.run_many(&plan(), (10, 5), &mut NullObserver).unwrap();
    assert_eq!(times.len(), 5);
    // Three lots; the stand-in's iterations say that they take less than it sleeps.
    assert!(began.elapsed() >= 3 * PAUSE - Duration::from_millis(1), "{:?}", began.elapsed());
}

#[test]
fn a_device_that_failed_is_opened_anew() {
    let log = Arc::<Log>::default();
    let owner = owner(&log, Some(3));
    let mut live = user(&owner, 0, Look::Stamps);
    for iteration in 0..6 {
        let ran = live.run(&plan(), iteration, &mut NullObserver);
        assert_eq!(ran.is_err_and(|error| error.is_fatal()), iteration == 3);
    }
    assert_eq!(log.opened.load(Ordering::SeqCst), 2);
    assert_eq!(log.dropped.load(Ordering::SeqCst), 1);
}

#[test]
fn the_last_user_takes_the_executor_along_and_closing_ends_all() {
    let log = Arc::<Log>::default();
    let owner = owner(&log, None);
    let mut first = user(&owner, 0, Look::Stamps);
    let second = user(&owner, 0, Look::Times);
    first.run(&plan(), 0, &mut NullObserver).unwrap();
    drop(second);
    first.run(&plan(), 1, &mut NullObserver).unwrap();
    assert_eq!(log.opened.load(Ordering::SeqCst), 1, "one executor for all");
    drop(first);
    let mut third = user(&owner, 0, Look::Stamps);
    third.run(&plan(), 2, &mut NullObserver).unwrap();
    assert_eq!(log.dropped.load(Ordering::SeqCst), 1, "it went with the last user");
    assert!(owner.close(PATIENCE) && owner.close(PATIENCE));
    assert_eq!(log.dropped.load(Ordering::SeqCst), 2);
    let refused = third.run(&plan(), 3, &mut NullObserver).unwrap_err();
    assert!(refused.to_string().contains("given back"), "{refused}");
}

#[test]
fn what_was_given_up_while_it_waited_does_not_run() {
    let log = Arc::new(Log::default());
    let owner = owner(&log, None);
    let wanted = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&wanted);
    let mut user = user(&owner, 0, Look::Times).while_wanted(move || asked.load(Ordering::SeqCst));
    let error = user.run(&plan(), 0, &mut NullObserver).unwrap_err();
    assert!(error.to_string().contains("given up") && !error.is_fatal(), "{error}");
    assert_eq!(log.runs.load(Ordering::SeqCst), 0);
    wanted.store(true, Ordering::SeqCst);
    user.run(&plan(), 0, &mut NullObserver).unwrap();
    assert_eq!(log.runs.load(Ordering::SeqCst), 1);
}
