//! CUPTI as the second witness of an instrumented executor.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cupti_sys::ActivityKind;
use weftscope_engine::{observer::LaunchWatch, plan::OpId};

use super::{
    Activity, CuptiError, Loss,
    mark::{LaunchMarks, now_ns, take_marks},
    nodes::{self, take_homeless},
    pm::Sampler,
};
use crate::instrument::{Seen, Source};

/// What is collected.
pub const KINDS: [ActivityKind; 6] = [
    ActivityKind::ConcurrentKernel,
    ActivityKind::Memcpy,
    ActivityKind::MemcpyPeer,
    ActivityKind::Memset,
    ActivityKind::Synchronization,
    ActivityKind::Overhead,
];

/// Activity, marks and, where asked for, counters.
#[derive(Debug)]
pub struct CuptiSource {
    activity: Activity,
    shared: Arc<Mutex<Shared>>,
    /// Losses reported already.
    reported: Loss,
}

/// What the watch, on the launching thread, and the source have in common.
#[derive(Debug, Default)]
struct Shared {
    marks: LaunchMarks,
    samplers: Vec<Sampler>,
    samples: bool,
    batch: u64,
    began_ns: i64,
    /// The thread that launches, by the system's number.
    thread: u32,
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
        activity.hear_nodes()?;
        let shared = Arc::new(Mutex::new(Shared { samplers, samples: true, ..Shared::default() }));
        Ok(Self { activity, shared, reported: Loss::default() })
    }
}

impl CuptiSource {
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
                seen.lost = collected.loss.since(&self.reported).by_cause();
                self.reported = collected.loss;
            }
            Err(_) => seen.lost.push(("CUPTI flushes that failed", 1)),
        }
        let mut shared = lock(&self.shared);
        seen.batch = shared.batch;
        seen.began_ns = shared.began_ns;
        seen.thread = shared.thread;
        let samplers = if shared.samples { shared.samplers.as_mut_slice() } else { &mut [] };
        for sampler in samplers {
            let taken = sampler.take();
            seen.series.extend(taken.series);
            seen.lost.extend(taken.lost);
        }
        let (marks, unmarked) = take_marks();
        seen.marks = marks;
        seen.nodes =
            nodes::ops_of(seen.events.iter().filter_map(|event| event.record.graph_node()));
        let missed = [
            ("launches whose marks found no room", unmarked),
            ("nodes of graphs whose ops found no room", take_homeless()),
        ];
        seen.lost.extend(missed.into_iter().filter(|(_, count)| *count > 0));
        seen.lost.append(&mut shared.failed);
        seen
    }

    fn set_on(&mut self, on: bool) {
        let hears = self.activity.hear_launches(on);
        if self.activity.set_on(on).is_err() || hears.is_err() {
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
        shared.thread = thread_id();
        let samples = shared.samples;
        let samplers = shared.samplers.iter_mut().filter(|_| samples);
        let refused = samplers.filter_map(|sampler| sampler.begin().err()).count();
        if refused > 0 {
            shared.failed.push(("GPUs whose counters would not start", refused as u64));
        }
    }

    fn before(&mut self, rank: u32, op: OpId) {
        lock(&self.shared).marks.set(rank, op);
    }

    fn capturing(&mut self, op: OpId) {
        LaunchMarks::capture(op);
    }

    fn before_graph(&mut self, rank: u32) {
        lock(&self.shared).marks.set_graph(rank);
    }

    fn after(&mut self) {
        LaunchMarks::clear();
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

/// This thread by the system's number, 0 where that is not known.
fn thread_id() -> u32 {
    let link = std::fs::read_link("/proc/thread-self").ok();
    let id = link.as_deref().and_then(|link| link.file_name()?.to_str()?.parse().ok());
    id.unwrap_or(0)
}
