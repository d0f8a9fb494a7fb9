//! CUPTI as the second witness of an instrumented executor.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cupti_sys::{ActivityKind, bindings as sys};
use weftscope_engine::{observer::LaunchWatch, plan::OpId};

use super::{
    Activity, ActivityRecord, CuptiError, Loss,
    mark::{LaunchMarks, is_mark, take_called},
    pm::Sampler,
};
use crate::instrument::{Seen, Source};

/// What is collected. Driver calls too: an external correlation stands before the record of a call, so without those
/// records there would be none.
pub const KINDS: [ActivityKind; 8] = [
    ActivityKind::Driver,
    ActivityKind::ConcurrentKernel,
    ActivityKind::Memcpy,
    ActivityKind::MemcpyPeer,
    ActivityKind::Memset,
    ActivityKind::Synchronization,
    ActivityKind::Overhead,
    ActivityKind::ExternalCorrelation,
];

/// Activity, marks and, where asked for, counters.
#[derive(Debug)]
pub struct CuptiSource {
    activity: Activity,
    shared: Arc<Mutex<Shared>>,
    /// Losses reported already.
    reported: Loss,
    /// Whether callbacks bring marks: until records do.
    gets_calls: bool,
    /// LaunchMarks that came by records and by callbacks.
    marks: [u64; 2],
}

/// What the watch, on the launching thread, and the source have in common.
#[derive(Debug, Default)]
struct Shared {
    marks: LaunchMarks,
    samplers: Vec<Sampler>,
    samples: bool,
    batch: u64,
    began_ns: i64,
    /// Calls that failed, by what was lost.
    failed: Vec<(&'static str, u64)>,
}

impl CuptiSource {
    /// Starts collecting; `samplers` are started and stopped round each batch of launches.
    ///
    /// # Errors
    /// [`CuptiError`].
    pub fn start(samplers: Vec<Sampler>) -> Result<Self, CuptiError> {
        let activity = Activity::start(&KINDS)?;
        activity.hear_launches(true)?;
        let shared = Arc::new(Mutex::new(Shared { samplers, samples: true, ..Shared::default() }));
        Ok(Self { activity, shared, reported: Loss::default(), gets_calls: true, marks: [0; 2] })
    }
}

impl CuptiSource {
    /// LaunchMarks that came so far: by records, by callbacks.
    pub fn marks(&self) -> [u64; 2] {
        self.marks
    }

    /// Adds the marks that callbacks brought, unless records brought them.
    fn add_called(&mut self, events: &mut Vec<ActivityRecord>) {
        let recorded = events.iter().filter(|event| is_mark(event)).count() as u64;
        let called = take_called();
        self.marks[0] += recorded;
        self.marks[1] += called.len() as u64;
        if recorded == 0 {
            events.extend(called);
        } else if self.gets_calls {
            // A refusal costs a little time a launch and nothing else.
            let _still_heard = self.activity.hear_launches(false);
            self.gets_calls = false;
        }
    }

    /// Whether counters are sampled, where there are samplers.
    pub fn set_counters(&mut self, on: bool) {
        lock(&self.shared).samples = on;
    }
}

impl Source for CuptiSource {
    fn watch(&self) -> Box<dyn LaunchWatch> {
        Box::new(CuptiWatch { shared: Arc::clone(&self.shared) })
    }

    fn take(&mut self) -> Seen {
        let mut seen = Seen::default();
        match self.activity.take() {
            Ok(collected) => {
                seen.events = collected.events;
                self.add_called(&mut seen.events);
                seen.lost = collected.loss.since(&self.reported).by_cause();
                self.reported = collected.loss;
            }
            Err(_) => seen.lost.push(("CUPTI flushes that failed", 1)),
        }
        let mut shared = lock(&self.shared);
        seen.batch = shared.batch;
        seen.began_ns = shared.began_ns;
        let samplers = if shared.samples { shared.samplers.as_mut_slice() } else { &mut [] };
        for sampler in samplers {
            let taken = sampler.take();
            seen.series.extend(taken.series);
            seen.lost.extend(taken.lost);
        }
        let unmarked = shared.marks.take_failed();
        if unmarked > 0 {
            seen.lost.push(("launches that CUPTI would not mark", unmarked));
        }
        seen.lost.append(&mut shared.failed);
        seen
    }

    fn set_on(&mut self, on: bool) {
        let gets_calls = self.activity.hear_launches(on && self.gets_calls);
        if self.activity.set_on(on).is_err() || gets_calls.is_err() {
            let what = if on { "CUPTI would not resume" } else { "CUPTI would not pause" };
            lock(&self.shared).failed.push((what, 1));
        }
    }

    fn name(&self) -> String {
        let version =
            self.activity.version().map_or(String::new(), |version| format!(" {version}"));
        let counters = lock(&self.shared).samplers.first().map(Sampler::interval_ns);
        match counters {
            None => format!("CUPTI{version}"),
            Some(ns) => format!("CUPTI{version} and counters every {} µs", ns as f64 / 1e3),
        }
    }
}

#[derive(Debug)]
struct CuptiWatch {
    shared: Arc<Mutex<Shared>>,
}

impl LaunchWatch for CuptiWatch {
    fn begin(&mut self) {
        let mut shared = lock(&self.shared);
        shared.marks.restart();
        shared.batch += 1;
        shared.began_ns = now_ns();
        let samples = shared.samples;
        let samplers = shared.samplers.iter_mut().filter(|_| samples);
        let refused = samplers.filter_map(|sampler| sampler.begin().err()).count();
        if refused > 0 {
            shared.failed.push(("GPUs whose counters would not start", refused as u64));
        }
    }

    fn before(&mut self, rank: u32, op: OpId) {
        lock(&self.shared).marks.push(rank, op);
    }

    fn after(&mut self) {
        lock(&self.shared).marks.pop();
    }

    fn end(&mut self) {
        let mut shared = lock(&self.shared);
        let refused = shared.samplers.iter_mut().filter_map(|sampler| sampler.end().err()).count();
        if refused > 0 {
            shared.failed.push(("GPUs whose counters would not stop", refused as u64));
        }
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// CUPTI's time, 0 when it will not say: then nothing is left out for being older.
fn now_ns() -> i64 {
    let mut now = 0;
    // SAFETY: valid for one write.
    let _zero = unsafe { sys::cuptiGetTimestamp(&raw mut now) };
    now as i64
}
