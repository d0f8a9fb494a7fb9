//! CUPTI's records, joined with the ops that caused them and put on the executor's time.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use cupti_sys::Record;
use weftscope_engine::{
    observer::{ClockResidual, LaunchKind, LaunchRecord, OpRecord},
    plan::OpId,
};

use super::{
    clock::{CuptiClock, Sighting},
    words,
};
use crate::cupti::{Event, mark};

/// How far outside its kernel a block may lie before it is counted.
pub const CONTAINMENT_NS: i64 = 1_000;

/// The kernel that the executor tells iterations apart by; it belongs to no op and is none the less ours.
const MARK_KERNEL: &str = "weft_mark";

/// What one iteration came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Joined {
    /// Driver activity, executor time, in order of start.
    pub launches: Vec<LaunchRecord>,
    /// What could not be told, by cause.
    pub lost: Vec<(&'static str, u64)>,
}

/// The iteration that records are joined with.
#[derive(Clone, Copy, Debug)]
pub struct Iteration<'a> {
    /// Its place among the iterations launched since [`Joiner::begin`], from 0.
    pub lap: u16,
    /// Its ops, executor time.
    pub ops: &'a [OpRecord],
    /// Executor time of its last op's end.
    pub end_ns: i64,
}

/// Joins iteration after iteration; keeps what is learned about clocks and contexts.
#[derive(Debug)]
pub struct Joiner {
    /// GPU of each rank, as the driver numbers them.
    gpus: Vec<u32>,
    clocks: Vec<CuptiClock>,
    /// Rank of each context seen to run something.
    contexts: HashMap<u32, u32>,
    names: HashMap<String, Arc<str>>,
    /// Lap and op of each marked call, by the correlation id that its records carry.
    marks: HashMap<u32, (u16, OpId)>,
    /// What belongs to no iteration yet.
    pending: Vec<Activity>,
    /// CUPTI time of the last begin.
    began_ns: i64,
}

/// A record of one shape, whatever it was.
#[derive(Clone, Debug)]
struct Activity {
    kind: LaunchKind,
    rank: Option<u32>,
    correlation: u32,
    op: Option<OpId>,
    stream: u32,
    name: Arc<str>,
    bytes: u64,
    /// CUPTI time.
    span: (i64, i64),
}

impl Joiner {
    /// A joiner for ranks on these GPUs.
    pub fn new(gpus: Vec<u32>) -> Self {
        Self {
            clocks: vec![CuptiClock::default(); gpus.len()],
            gpus,
            contexts: HashMap::new(),
            names: HashMap::new(),
            marks: HashMap::new(),
            pending: Vec::new(),
            began_ns: 0,
        }
    }

    /// Iterations are about to be launched, at `now_ns` of CUPTI's time; what ended before is nobody's.
    pub fn begin(&mut self, now_ns: i64) {
        self.pending.clear();
        self.marks.clear();
        self.began_ns = now_ns;
    }

    /// Keeps records until their iteration asks for them.
    pub fn take(&mut self, events: &[Event]) {
        for event in events {
            match event.record {
                Record::ExternalCorrelation(mark) => {
                    if let Some((lap, _, op)) = mark::unpack(mark.kind, mark.id) {
                        self.marks.insert(mark.correlation, (lap, op));
                    }
                }
                Record::Kernel(kernel) => self.learn_context(kernel.context, kernel.device),
                Record::Memcpy(copy) => self.learn_context(copy.context, copy.device),
                _ => {}
            }
        }
        for event in events {
            let activity = self.activity(event).filter(|it| it.span.1 >= self.began_ns);
            self.pending.extend(activity);
        }
    }

    /// Joins the records of one iteration; iterations come in order.
    pub fn join(&mut self, iteration: Iteration<'_>) -> Joined {
        let pending = std::mem::take(&mut self.pending);
        let (mut mine, mut others) = (Vec::new(), Vec::new());
        for mut activity in pending {
            match self.marks.get(&activity.correlation).filter(|_| activity.correlation != 0) {
                Some(&(lap, op)) if lap == iteration.lap => {
                    activity.op = Some(op);
                    mine.push(activity);
                }
                _ => others.push(activity),
            }
        }
        let odd = self.read_clocks(&mine, iteration.ops);
        let mut joined = Joined::default();
        let (mut homeless, mut unplaced) = (0, 0);
        for activity in mine {
            match self.placed(&activity) {
                Some(launch) => joined.launches.push(launch),
                None => unplaced += 1,
            }
        }
        for activity in others {
            let is_marked = self.marks.contains_key(&activity.correlation);
            let launch = self.placed(&activity);
            let starts_in_time =
                launch.as_ref().is_some_and(|it| it.start_ns <= iteration.end_ns + CONTAINMENT_NS);
            match launch {
                Some(launch) if starts_in_time && !is_marked => {
                    let is_ours = &*launch.name == MARK_KERNEL;
                    homeless += u64::from(launch.kind == LaunchKind::Kernel && !is_ours);
                    joined.launches.push(launch);
                }
                None if !is_marked => unplaced += 1,
                // Of a later iteration, or of nobody.
                _ => self.pending.push(activity),
            }
        }
        joined.launches.sort_by_key(|launch| (launch.start_ns, launch.end_ns));
        let (alone, outside) = check(&joined.launches, iteration.ops);
        joined.lost = vec![
            ("CUPTI kernels of no op", homeless),
            ("ops that CUPTI saw no kernel of", alone),
            ("ops with blocks more than 1 µs outside their CUPTI kernel", outside),
            ("ops whose stamps take longer than their CUPTI kernel", odd),
            ("CUPTI records without a clock to place them by", unplaced),
        ];
        joined.lost.retain(|(_, count)| *count > 0);
        joined
    }

    /// How well each rank's CUPTI times lie on the executor's.
    pub fn residuals(&self) -> Vec<ClockResidual> {
        let ranks = self.clocks.iter().enumerate();
        ranks
            .filter_map(|(rank, clock)| {
                let fit = clock.fit()?;
                Some(ClockResidual {
                    rank: rank as u32,
                    what: "CUPTI's clock against the stamps inside its kernels",
                    residual_p99_ns: fit.residual_p99_ns(),
                    readings: fit.num_pairs() as u64,
                    map: None,
                })
            })
            .collect()
    }

    /// The map of a rank from CUPTI time to executor time, once known.
    pub fn clock(&self, rank: u32) -> Option<&CuptiClock> {
        self.clocks.get(rank as usize)
    }

    fn rank_of(&self, gpu: u32) -> Option<u32> {
        self.gpus.iter().position(|&known| known == gpu).map(|rank| rank as u32)
    }

    fn learn_context(&mut self, context: u32, gpu: u32) {
        if let Some(rank) = self.rank_of(gpu) {
            self.contexts.insert(context, rank);
        }
    }

    /// `None` for what is no activity, has no times or runs on a GPU that is not ours.
    fn activity(&mut self, event: &Event) -> Option<Activity> {
        let on = |gpu: u32| self.rank_of(gpu);
        let (kind, gpu_rank, stream, bytes, correlation) = match &event.record {
            Record::Kernel(it) => (LaunchKind::Kernel, on(it.device), it.stream, 0, it.correlation),
            Record::Memcpy(it) => {
                (LaunchKind::Memcpy, on(it.device), it.stream, it.bytes, it.correlation)
            }
            Record::MemcpyPeer(it) => {
                (LaunchKind::Memcpy, on(it.device), it.stream, it.bytes, it.correlation)
            }
            Record::Memset(it) => {
                (LaunchKind::Memset, on(it.device), it.stream, it.bytes, it.correlation)
            }
            Record::Synchronization(it) => {
                let rank = self.contexts.get(&it.context).copied();
                (LaunchKind::Synchronization, rank, it.stream, 0, 0)
            }
            Record::Overhead(_) => (LaunchKind::Overhead, None, 0, 0, 0),
            _ => return None,
        };
        let span = span_of(&event.record)?;
        let is_on_gpu =
            matches!(kind, LaunchKind::Kernel | LaunchKind::Memcpy | LaunchKind::Memset);
        if is_on_gpu && gpu_rank.is_none() {
            return None;
        }
        let name = self.name(event);
        Some(Activity { kind, rank: gpu_rank, correlation, op: None, stream, name, bytes, span })
    }

    fn name(&mut self, event: &Event) -> Arc<str> {
        let words = words::of(event);
        if let Some(known) = self.names.get(words.as_ref()) {
            return Arc::clone(known);
        }
        let name: Arc<str> = Arc::from(words.as_ref());
        self.names.insert(words.into_owned(), Arc::clone(&name));
        name
    }

    /// Reads every rank's clock off the ops that CUPTI saw too.
    fn read_clocks(&mut self, activities: &[Activity], ops: &[OpRecord]) -> u64 {
        let mut kernels: HashMap<(u32, OpId), (i64, i64)> = HashMap::new();
        for activity in activities.iter().filter(|activity| activity.kind == LaunchKind::Kernel) {
            if let (Some(rank), Some(op)) = (activity.rank, activity.op) {
                let hull = kernels.entry((rank, op)).or_insert(activity.span);
                hull.0 = hull.0.min(activity.span.0);
                hull.1 = hull.1.max(activity.span.1);
            }
        }
        let mut sightings = vec![Vec::new(); self.clocks.len()];
        for op in ops {
            if let Some(&kernel) = kernels.get(&(op.rank, op.op))
                && let Some(mine) = sightings.get_mut(op.rank as usize)
            {
                mine.push(Sighting { kernel, stamps: (op.start_ns, op.end_ns) });
            }
        }
        self.clocks.iter_mut().zip(&sightings).map(|(clock, seen)| clock.take(seen)).sum()
    }

    fn placed(&self, activity: &Activity) -> Option<LaunchRecord> {
        // What belongs to no rank is told in host time, which every rank's map starts from.
        let fit = self.clocks.get(activity.rank.unwrap_or(0) as usize)?.fit()?;
        Some(LaunchRecord {
            kind: activity.kind,
            op: activity.op,
            rank: activity.rank,
            stream: activity.stream,
            name: Arc::clone(&activity.name),
            bytes: activity.bytes,
            start_ns: fit.host_from_device(activity.span.0),
            end_ns: fit.host_from_device(activity.span.1),
        })
    }
}

/// Start and end, CUPTI time; `None` when CUPTI did not time it.
fn span_of(record: &Record) -> Option<(i64, i64)> {
    let (start, end) = match record {
        Record::Kernel(it) => (it.start_ns, it.end_ns),
        Record::Memcpy(it) => (it.start_ns, it.end_ns),
        Record::MemcpyPeer(it) => (it.start_ns, it.end_ns),
        Record::Memset(it) => (it.start_ns, it.end_ns),
        Record::Synchronization(it) => (it.start_ns, it.end_ns),
        Record::Overhead(it) => (it.start_ns, it.end_ns),
        _ => return None,
    };
    (start != 0 || end != 0).then_some((start as i64, end as i64))
}

/// Ops without a kernel, and ops whose blocks lie too far outside theirs.
fn check(launches: &[LaunchRecord], ops: &[OpRecord]) -> (u64, u64) {
    let spans = kernel_spans(launches);
    let (mut alone, mut outside) = (0, 0);
    for op in ops {
        match spans.get(&(op.rank, op.op.0)) {
            None => alone += 1,
            Some(&(start_ns, end_ns)) => {
                let by = (start_ns - op.start_ns).max(op.end_ns - end_ns);
                outside += u64::from(by > CONTAINMENT_NS);
            }
        }
    }
    (alone, outside)
}

/// First start to last end of the kernels (or copies) of each op, by rank and op.
pub fn kernel_spans(launches: &[LaunchRecord]) -> BTreeMap<(u32, u32), (i64, i64)> {
    let mut spans = BTreeMap::new();
    for launch in launches {
        if let (Some(rank), Some(op)) = (launch.rank, launch.op) {
            let hull = spans.entry((rank, op.0)).or_insert((launch.start_ns, launch.end_ns));
            hull.0 = hull.0.min(launch.start_ns);
            hull.1 = hull.1.max(launch.end_ns);
        }
    }
    spans
}
