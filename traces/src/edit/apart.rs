//! Which rank of the job is it? Several files, each with its own idea.
//!
//! Files of one job name different ranks, and then there is nothing to do. Where several name the same, they are stages
//! of one rank recorded one after another (a profiler that runs stage by stage), or two ranks that both count from 0.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::only_rank::ranks;
use crate::{Diagnostics, Span, Trace, TrackKind};

/// Gives ranks of different recordings numbers that are theirs alone, so that the traces can be spoken of together.
///
/// A rank that several traces claim keeps its number in the first; later ones get the lowest number that none of the
/// traces has, with a note in their diagnostics. Traces that go on where another left off keep the other's numbers.
pub fn number_apart(traces: Vec<Trace>) -> Vec<Trace> {
    let declared: BTreeSet<u32> = traces.iter().flat_map(ranks).collect();
    let mut free = (0..).filter(|number| !declared.contains(number));
    let mut taken: BTreeSet<u32> = BTreeSet::new();
    let mut runs: Vec<Run> = Vec::new();
    let number = |trace: Trace| {
        let facts = Facts::of(&trace);
        let twin = runs.iter().flat_map(|run| &run.stages).find(|other| other.is_twin_of(&facts));
        let twin = twin.map(|other| format!("it holds the same as {}", other.title));
        let trace = match twin {
            Some(twin) => trace.with_diagnostics(|diagnostics| diagnostics.note(twin)),
            None => trace,
        };
        let goes_on = runs.iter_mut().find(|run| run.stages.iter().all(|stage| stage.then(&facts)));
        if let Some(run) = goes_on {
            let numbers = run.numbers.clone();
            run.stages.push(facts);
            let remark = |d: &mut Diagnostics| d.remark("files that go on with the same rank", 1);
            return renumbered(trace.with_diagnostics(remark), &numbers);
        }
        let mut numbers = HashMap::new();
        for &rank in &facts.ranks {
            let number = if taken.contains(&rank) { free.next().unwrap_or(rank) } else { rank };
            taken.insert(number);
            numbers.insert(rank, number);
        }
        runs.push(Run { numbers: numbers.clone(), stages: vec![facts] });
        renumbered(trace, &numbers)
    };
    traces.into_iter().map(number).collect()
}

/// Gives the ranks their numbers and says which are others than before.
fn renumbered(trace: Trace, numbers: &HashMap<u32, u32>) -> Trace {
    let mut changed: Vec<(u32, u32)> =
        numbers.iter().map(|(&rank, &number)| (rank, number)).filter(|(a, b)| a != b).collect();
    if changed.is_empty() {
        return trace;
    }
    changed.sort_unstable();
    let trace = trace.renumbered(|rank| numbers.get(&rank).copied().unwrap_or(rank));
    trace.with_diagnostics(|diagnostics| {
        for (rank, number) in changed {
            diagnostics.note(format!(
                "its rank {rank} is shown as rank {number}, because another file has rank {rank} too"
            ));
        }
    })
}

/// Recordings of the same ranks, one after another.
struct Run {
    /// The number of each rank.
    numbers: HashMap<u32, u32>,
    stages: Vec<Facts>,
}

/// What tells whether two recordings are stages of one.
struct Facts {
    title: String,
    /// Of all times.
    hash: u64,
    ranks: Vec<u32>,
    world_size: u32,
    devices: Vec<String>,
    /// When its streams were busy, in Unix time; `None` without a clock or without streams.
    busy: Option<Span>,
    processes: BTreeSet<u32>,
}

impl Facts {
    fn of(trace: &Trace) -> Self {
        let processes = trace.tracks.iter().filter_map(|track| match track.kind {
            TrackKind::HostThread { pid, .. } => Some(pid),
            _ => None,
        });
        let mut hasher = DefaultHasher::new();
        for slices in trace.lanes.iter().map(|lane| &lane.slices) {
            (&slices.start_ns, &slices.end_ns).hash(&mut hasher);
        }
        Self {
            title: trace.meta.title.clone(),
            hash: hasher.finish(),
            ranks: ranks(trace),
            world_size: trace.meta.world_size,
            devices: trace.meta.ranks.iter().map(|info| info.device.name.clone()).collect(),
            busy: busy(trace),
            processes: processes.collect(),
        }
    }

    /// The other is the same recording.
    fn is_twin_of(&self, other: &Self) -> bool {
        let key = |of: &Self| (of.hash, of.busy, of.world_size);
        key(self) == key(other)
            && (&self.ranks, &self.processes) == (&other.ranks, &other.processes)
    }

    /// The other is of the same ranks, before or after: by the same process where processes are told, else of a job
    /// of several ranks that runs on the same devices.
    fn then(&self, other: &Self) -> bool {
        let (Some(ours), Some(theirs)) = (self.busy, other.busy) else { return false };
        let is_same_process = match (self.processes.is_empty(), other.processes.is_empty()) {
            (false, false) => !self.processes.is_disjoint(&other.processes),
            _ => self.world_size > 1,
        };
        is_same_process
            && !self.ranks.is_empty()
            && (&self.ranks, self.world_size, &self.devices)
                == (&other.ranks, other.world_size, &other.devices)
            && (ours.end_ns <= theirs.start_ns || theirs.end_ns <= ours.start_ns)
    }
}

/// First start to last end on the streams, in Unix time.
pub(super) fn busy(trace: &Trace) -> Option<Span> {
    let base_ns = trace.meta.base_time_unix_ns;
    let span = trace.span_where(|kind| matches!(kind, TrackKind::Stream { .. }));
    (base_ns != 0 && !span.is_empty()).then(|| Span {
        start_ns: span.start_ns.saturating_add(base_ns),
        end_ns: span.end_ns.saturating_add(base_ns),
    })
}
