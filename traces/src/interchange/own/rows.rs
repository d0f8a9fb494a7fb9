//! Which process and thread number each lane is drawn under in another viewer.
//!
//! No two slices of a row may overlap partially, or viewers drop one of them; so every lane has a row of its own,
//! except that host lanes which nest properly share their thread's row, where call stacks are built from nesting.
//! Thread number 0 is avoided (viewers put the process number in its place).

use hashbrown::{HashMap, HashSet};
use std::collections::BTreeMap;

use super::row::{HOST_PID, OTHER_PID, RowId, SM_PID};
use crate::edit::ranks;
use crate::interchange::modelled::modelled_label;
use crate::{Labelled, Origin, SliceTable, Trace, Track, TrackKind};

/// First thread number of rows that have none of their own.
const EXTRA_TID: u32 = 10_000;

/// The place of one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) row: RowId,
    /// Number of the lane among those that share the row.
    pub(crate) lane: u32,
}

/// Rows of a whole trace.
#[derive(Debug)]
pub(crate) struct Rows {
    /// Per lane.
    pub(crate) places: Vec<Place>,
    /// Per process: name and sort order.
    pub(crate) processes: BTreeMap<u32, String>,
    /// Per row in drawing order: its name.
    pub(crate) threads: Vec<(RowId, String)>,
    /// What the row of a process stands for, where it is a process of the host.
    hosts: BTreeMap<u32, u32>,
}

impl Rows {
    pub(crate) fn new(trace: &Trace) -> Self {
        let none = Place { row: RowId { pid: 0, tid: 0 }, lane: 0 };
        let mut assign = Assign {
            trace,
            slots: slots(trace),
            special: special_pids(trace),
            moved: HashMap::new(),
            taken: HashSet::new(),
            next_extra: HashMap::new(),
            rows: Self {
                places: vec![none; trace.lanes.len()],
                processes: BTreeMap::new(),
                threads: Vec::new(),
                hosts: BTreeMap::new(),
            },
        };
        for track in &trace.tracks {
            assign.track(track);
        }
        assign.rows
    }

    /// What the process of a row stands for.
    fn labelled(&self, pid: u32) -> Labelled {
        self.hosts.get(&pid).map_or(Labelled::Rank(pid), |&host| Labelled::Process(host))
    }
}

struct Assign<'a> {
    trace: &'a Trace,
    /// Most lanes of an SM, by rank.
    slots: HashMap<u32, u32>,
    /// Process numbers that stand for something else than a process.
    special: HashSet<u32>,
    /// Processes that had to get another number.
    moved: HashMap<u32, u32>,
    taken: HashSet<RowId>,
    next_extra: HashMap<u32, u32>,
    rows: Rows,
}

impl Assign<'_> {
    fn track(&mut self, track: &Track) {
        if track.lanes.is_empty() {
            return;
        }
        let pid = self.pid(track);
        let mut place: Option<Place> = None;
        for (depth, &lane) in track.lanes.iter().enumerate() {
            let shared = place.filter(|_| {
                let above = &self.trace.lane(track.lanes[depth - 1]).slices;
                matches!(track.kind, TrackKind::HostThread { .. })
                    && nests(above, &self.trace.lane(lane).slices)
            });
            let here = match shared {
                Some(above) => Place { lane: above.lane + 1, ..above },
                None => {
                    let row = self.row(track, pid, depth as u32);
                    self.rows.threads.push((row, self.row_name(track, depth)));
                    Place { row, lane: 0 }
                }
            };
            self.rows.places[lane.0 as usize] = here;
            place = Some(here);
        }
    }

    fn pid(&mut self, track: &Track) -> u32 {
        let (pid, name) = match track.kind {
            TrackKind::Sm { rank, .. } | TrackKind::Inside { rank, .. } => {
                (SM_PID.wrapping_add(rank), format!("rank {rank} SMs"))
            }
            TrackKind::Rank { rank }
            | TrackKind::Stream { rank, .. }
            | TrackKind::Driver { rank, .. }
            | TrackKind::Marks { rank: Some(rank) } => (rank, rank_name(self.trace, rank)),
            TrackKind::HostThread { pid, .. } => {
                let parent = track.parent.map(|parent| self.trace.track(parent).name.clone());
                let free = self.free_pid(pid);
                self.rows.hosts.insert(free, pid);
                (free, parent.unwrap_or_else(|| format!("process {pid}")))
            }
            TrackKind::Marks { rank: None } | TrackKind::Answer { .. } | TrackKind::Group => {
                (OTHER_PID, "trace".to_owned())
            }
        };
        self.rows.processes.entry(pid).or_insert(name);
        pid
    }

    /// A process number that stands for nothing else.
    fn free_pid(&mut self, pid: u32) -> u32 {
        if !self.special.contains(&pid) {
            return pid;
        }
        let next = OTHER_PID + 1 + self.moved.len() as u32;
        *self.moved.entry(pid).or_insert(next)
    }

    fn row(&mut self, track: &Track, pid: u32, depth: u32) -> RowId {
        let wanted = match track.kind {
            TrackKind::Stream { stream, .. } if depth == 0 => Some(stream),
            TrackKind::HostThread { tid, .. } if depth == 0 => Some(tid),
            TrackKind::Sm { rank, sm } => {
                let slots = self.slots.get(&rank).copied().unwrap_or(1);
                sm.checked_mul(slots).and_then(|tid| tid.checked_add(depth + 1))
            }
            _ => None,
        };
        if let Some(tid) = wanted.filter(|&tid| tid > 0)
            && self.taken.insert(RowId { pid, tid })
        {
            return RowId { pid, tid };
        }
        let next = self.next_extra.entry(pid).or_insert(EXTRA_TID);
        loop {
            let row = RowId { pid, tid: *next };
            *next += 1;
            if self.taken.insert(row) {
                return row;
            }
        }
    }

    fn row_name(&self, track: &Track, depth: usize) -> String {
        let name = &track.name;
        match (&track.kind, depth) {
            (TrackKind::Marks { .. }, 0) => format!("{name} · iterations"),
            (TrackKind::Marks { .. }, 1) => format!("{name} · layers"),
            (TrackKind::Marks { .. }, 2) => format!("{name} · phases"),
            (TrackKind::Sm { .. }, _) if track.lanes.len() > 1 => format!("{name} · slot {depth}"),
            (_, 0) => name.clone(),
            _ => format!("{name} · {depth}"),
        }
    }
}

/// A process as other viewers show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) name: String,
    /// What it is called beside: first that its times were computed, where they were.
    pub(crate) labels: Vec<String>,
    /// Its place among the others.
    pub(crate) order: u32,
}

/// All processes: those of rows, and every rank.
pub(crate) fn processes(trace: &Trace, rows: &Rows) -> Vec<Process> {
    let numbers = ranks(trace);
    let mut processes = rows.processes.clone();
    for &rank in &numbers {
        processes.entry(rank).or_insert_with(|| rank_name(trace, rank));
    }
    let mut told: BTreeMap<Labelled, Vec<String>> = BTreeMap::new();
    for label in &trace.meta.labels {
        told.entry(label.of).or_default().push(label.text.clone());
    }
    let process = |(pid, name): (u32, String)| {
        let is_sm = rows.processes.contains_key(&pid) && name.ends_with(" SMs");
        let order = match pid {
            _ if is_sm && pid >= SM_PID => 2 * (pid - SM_PID) + 1,
            _ if name.starts_with("rank ") && pid < SM_PID => 2 * pid,
            _ => HOST_PID.max(pid),
        };
        let source = modelled_source(trace, &numbers, pid);
        let mut labels: Vec<String> = source.as_deref().map(modelled_label).into_iter().collect();
        labels.extend(told.remove(&rows.labelled(pid)).unwrap_or_default());
        Process { pid, name, labels, order }
    };
    processes.into_iter().map(process).collect()
}

/// The simulator of a process that stands for a modelled rank.
fn modelled_source(trace: &Trace, ranks: &[u32], pid: u32) -> Option<String> {
    let rank = match pid {
        0..SM_PID => pid,
        SM_PID..HOST_PID => pid - SM_PID,
        HOST_PID..OTHER_PID => pid - HOST_PID,
        _ => return None,
    };
    ranks.binary_search(&rank).ok()?;
    let of = trace.meta.provenance.of_rank(Some(rank));
    (of.origin() == Some(Origin::Modelled)).then(|| of.source().into_owned())
}

/// `rank 3 (NVIDIA H100 SXM)`; where some ranks are measured and some modelled, `rank 3 (NVIDIA H100 SXM, measured)`.
fn rank_name(trace: &Trace, rank: u32) -> String {
    let provenance = &trace.meta.provenance;
    let device = trace.meta.ranks.iter().find(|info| info.rank == rank);
    let device = device.map(|info| info.device.name.as_str()).filter(|name| !name.is_empty());
    let origin = match provenance.origin() {
        Some(_) => None,
        None => Some(provenance.of_rank(Some(rank)).name()),
    };
    let facts: Vec<&str> = device.into_iter().chain(origin).collect();
    if facts.is_empty() {
        format!("rank {rank}")
    } else {
        format!("rank {rank} ({})", facts.join(", "))
    }
}

fn slots(trace: &Trace) -> HashMap<u32, u32> {
    let mut slots = HashMap::new();
    for track in &trace.tracks {
        if let TrackKind::Sm { rank, .. } = track.kind {
            let most = slots.entry(rank).or_insert(1);
            *most = (*most).max(track.lanes.len() as u32);
        }
    }
    slots
}

fn special_pids(trace: &Trace) -> HashSet<u32> {
    let of_tracks = trace.tracks.iter().filter_map(|track| track.kind.rank());
    let of_counters = trace.counters.iter().filter_map(|counter| counter.rank);
    let of_meta = trace.meta.ranks.iter().map(|info| info.rank);
    of_tracks
        .chain(of_counters)
        .chain(of_meta)
        .flat_map(|rank| [rank, SM_PID.wrapping_add(rank), HOST_PID.wrapping_add(rank)])
        .chain(std::iter::once(OTHER_PID))
        .collect()
}

/// True when every slice of `inner` lies within one of `outer`.
fn nests(outer: &SliceTable, inner: &SliceTable) -> bool {
    let mut at = 0;
    (0..inner.len()).all(|row| {
        let (start, end) = (inner.start_ns[row], inner.end_ns[row]);
        while at < outer.len() && outer.end_ns[at] < end {
            at += 1;
        }
        at < outer.len() && outer.start_ns[at] <= start
    })
}

/// Rows of lanes in drawing order, for the description of a file.
pub(crate) fn rows_of(track: &Track, rows: &Rows) -> Vec<RowId> {
    track.lanes.iter().map(|lane| rows.places[lane.0 as usize].row).collect()
}
