//! CUPTI's records, joined with the ops that caused them and put on the executor's time.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use weftscope_engine::{
    observer::{ClockResidual, LaunchKind, LaunchRecord, OpRecord},
    plan::OpId,
};

use super::{
    Seen,
    activities::{Activities, DriverActivity},
    clock::{CuptiClock, Sighting},
};
use crate::cupti::mark::LaunchMark;

/// How far outside its kernel a block may lie before it is counted.
pub const CONTAINMENT_NS: i64 = 1_000;

/// The kernel that the executor tells iterations apart by; it belongs to no op and is ours all the same.
const MARK_KERNEL: &str = "weft_mark";

/// What one iteration came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Joined {
    /// Driver activity, executor time, in order of start.
    pub launches: Vec<LaunchRecord>,
    /// What is uncertain or missing, by cause.
    pub lost: Vec<(&'static str, u64)>,
}

/// The iteration that records are joined with.
#[derive(Clone, Copy, Debug)]
pub struct LaunchedIteration<'a> {
    /// Its place among the iterations launched since [`Joiner::begin`], from 0.
    pub index: u16,
    /// Its ops, executor time.
    pub ops: &'a [OpRecord],
    /// Executor time of its last op's end.
    pub end_ns: i64,
}

/// Joins iteration after iteration; keeps what is learned about clocks and contexts.
#[derive(Debug)]
pub struct Joiner {
    activities: Activities,
    clocks: Vec<CuptiClock>,
    /// The launch that each marked call was, by the correlation id that its records carry.
    marks: HashMap<u32, LaunchMark>,
    /// The thread that makes those calls.
    thread: u32,
    /// The op of each node of a graph, by CUPTI's id.
    nodes: HashMap<u64, OpId>,
    /// What belongs to no iteration yet.
    pending: Vec<DriverActivity>,
    /// CUPTI time of the last begin.
    began_ns: i64,
}

impl Joiner {
    /// A joiner for ranks on these GPUs.
    pub fn new(gpus: Vec<u32>) -> Self {
        Self {
            clocks: vec![CuptiClock::default(); gpus.len()],
            activities: Activities::new(gpus),
            marks: HashMap::new(),
            thread: 0,
            nodes: HashMap::new(),
            pending: Vec::new(),
            began_ns: 0,
        }
    }

    /// Iterations are about to be launched, at `now_ns` of CUPTI's time; what ended before belongs to none.
    pub fn begin(&mut self, now_ns: i64) {
        self.pending.clear();
        self.marks.clear();
        self.nodes.clear();
        self.began_ns = now_ns;
    }

    /// Keeps records, and what tells which launches caused them, until their iteration asks for them.
    pub fn take(&mut self, seen: &Seen) {
        self.marks.extend(seen.marks.iter().map(|mark| (mark.correlation, *mark)));
        self.thread = seen.thread;
        self.nodes.extend(&seen.nodes);
        for event in &seen.events {
            self.activities.learn(&event.record);
        }
        for event in &seen.events {
            let activity = self.activities.activity(event).filter(|it| it.span.1 >= self.began_ns);
            self.pending.extend(activity);
        }
    }

    /// Joins the records of one iteration; iterations come in order.
    pub fn join(&mut self, iteration: LaunchedIteration<'_>) -> Joined {
        let pending = std::mem::take(&mut self.pending);
        let (mut mine, mut others) = (Vec::new(), Vec::new());
        for mut activity in pending {
            match self.marks.get(&activity.correlation).filter(|_| activity.correlation != 0) {
                Some(mark) if mark.launch.iteration == iteration.index => {
                    let of_node = || self.nodes.get(&activity.node?).copied();
                    activity.op = mark.launch.op.or_else(of_node);
                    mine.push(activity);
                }
                _ => others.push(activity),
            }
        }
        let odd = self.read_clocks(&mine, iteration.ops);
        let mut joined = Joined { launches: self.calls(&mine), ..Joined::default() };
        let (mut without_op, mut unplaced) = (0, 0);
        for activity in mine {
            match self.placed(&activity) {
                Some(launch) => {
                    without_op += u64::from(is_of_no_op(&launch));
                    joined.launches.push(launch);
                }
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
                    without_op += u64::from(is_of_no_op(&launch));
                    joined.launches.push(launch);
                }
                None if !is_marked => unplaced += 1,
                // Of a later iteration, or of none.
                _ => self.pending.push(activity),
            }
        }
        joined.launches.sort_by_key(|launch| (launch.start_ns, launch.end_ns));
        let (unseen, outside) = check(&joined.launches, iteration.ops);
        joined.lost = vec![
            ("CUPTI kernels of no op", without_op),
            ("ops that CUPTI saw no kernel of", unseen),
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

    /// Reads every rank's clock off the ops that CUPTI saw too.
    fn read_clocks(&mut self, activities: &[DriverActivity], ops: &[OpRecord]) -> u64 {
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

    /// The calls that caused these activities, each once.
    fn calls(&self, activities: &[DriverActivity]) -> Vec<LaunchRecord> {
        // The host's time, which every rank's map starts from.
        let Some(fit) = self.clocks.first().and_then(CuptiClock::fit) else { return Vec::new() };
        let made: BTreeMap<u32, Option<u32>> =
            activities.iter().map(|activity| (activity.correlation, activity.rank)).collect();
        let call = |(correlation, rank): (u32, Option<u32>)| {
            let LaunchMark { launch, call, called, .. } = self.marks.get(&correlation)?;
            Some(LaunchRecord {
                kind: LaunchKind::Call { thread: self.thread },
                op: launch.op,
                rank,
                stream: 0,
                name: Arc::from(*call),
                bytes: 0,
                start_ns: fit.host_from_device(called.0),
                end_ns: fit.host_from_device(called.1),
            })
        };
        made.into_iter().filter_map(call).collect()
    }

    fn placed(&self, activity: &DriverActivity) -> Option<LaunchRecord> {
        // What belongs to no rank is in host time, which every rank's map starts from.
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

/// A kernel that somebody else launched, or that nobody knows of.
fn is_of_no_op(launch: &LaunchRecord) -> bool {
    launch.kind == LaunchKind::Kernel && launch.op.is_none() && &*launch.name != MARK_KERNEL
}

/// Ops without a kernel, and ops whose blocks lie too far outside theirs.
fn check(launches: &[LaunchRecord], ops: &[OpRecord]) -> (u64, u64) {
    let spans = kernel_spans(launches);
    let (mut unseen, mut outside) = (0, 0);
    for op in ops {
        match spans.get(&(op.rank, op.op.0)) {
            None => unseen += 1,
            Some(&(start_ns, end_ns)) => {
                let by = (start_ns - op.start_ns).max(op.end_ns - end_ns);
                outside += u64::from(by > CONTAINMENT_NS);
            }
        }
    }
    (unseen, outside)
}

/// First start to last end of the kernels (or copies) of each op, by rank and op.
pub fn kernel_spans(launches: &[LaunchRecord]) -> BTreeMap<(u32, u32), (i64, i64)> {
    let mut spans = BTreeMap::new();
    for launch in launches.iter().filter(|launch| !launch.kind.is_call()) {
        if let (Some(rank), Some(op)) = (launch.rank, launch.op) {
            let hull = spans.entry((rank, op.0)).or_insert((launch.start_ns, launch.end_ns));
            hull.0 = hull.0.min(launch.start_ns);
            hull.1 = hull.1.max(launch.end_ns);
        }
    }
    spans
}
