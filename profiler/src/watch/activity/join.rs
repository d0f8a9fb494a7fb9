//! Which collectives a kernel of NCCL's ran, and on which channels.
//!
//! By the number of its launch, where NCCL told that it was about to launch and CUPTI called back from that: exact. Nodes of
//! graphs share the number of the graph's launch; there, channels tell when a collective ran, and the kernel is the only one
//! of NCCL's on the device that runs in their middle. What neither tells stays unknown.
//!
//! Up to NCCL 2.30 the channels of a graph's later replays, and of all that is launched after them, come with the times of
//! other works: NCCL numbers a captured work once, and the device counts on. So there channels of graphs' nodes are not
//! believed at all, and those of other kernels where they lie in their kernel.

use std::collections::{BTreeMap, HashMap, HashSet};

use weftscope_traces::Span;
use weftscope_wire::{ChannelRun, Collective};

use super::Timed;
use crate::watch::Process;

/// What kernels of NCCL's ran, by index among the process's runs.
#[derive(Debug, Default)]
pub(super) struct Joined<'a> {
    pub(super) collectives: HashMap<usize, Vec<&'a Collective>>,
    /// Channels, each with its kernel where that is known.
    pub(super) channels: Vec<(Option<usize>, &'a ChannelRun, Span)>,
    /// Channels with the times of others.
    pub(super) stale: u64,
    /// Collectives by number.
    pub(super) by_id: HashMap<u64, &'a Collective>,
}

impl<'a> Joined<'a> {
    /// The arguments of one collective, or nothing where several ran.
    pub(super) fn of(&self, run: usize) -> &[&'a Collective] {
        self.collectives.get(&run).map_or(&[], Vec::as_slice)
    }
}

/// Channels with their times.
type Timings<'a> = Vec<(&'a ChannelRun, Span)>;

/// A kernel of NCCL's.
struct Kernel {
    run: usize,
    span: Span,
}

/// The first NCCL that numbers a graph's works at each replay.
const NUMBERS_REPLAYS: u32 = 23_100;
/// Clocks and the order of telling agree to so much, ns: measured, channels begin 1.6–2.9 µs after their kernel and end 0.8–3.1 µs
/// before it.
const SLACK_NS: i64 = 20_000;
/// Looked back at so many kernels for one that still runs.
const LOOK_BACK: usize = 64;

/// Joins what ran on a device of a process.
pub(super) fn join<'a>(timed: &Timed<'a>, device: u32) -> Joined<'a> {
    let process = timed.process;
    let is_nccl = |kernel: &u32| process.kernels.get(kernel).is_some_and(|it| it.contains("nccl"));
    let own = process.runs.iter().enumerate().filter(|(_, run)| run.device == device);
    let own = own.filter(|(_, run)| is_nccl(&run.kernel));
    let mut by_launch: HashMap<u32, usize> = HashMap::new();
    let mut kernels: Vec<Kernel> = Vec::new();
    for (index, run) in own {
        if run.node.is_none() {
            by_launch.insert(run.correlation, index);
        }
        let span = timed.span(run.start_cupti_ns, run.end_cupti_ns);
        kernels.push(Kernel { run: index, span });
    }
    kernels.sort_by_key(|kernel| kernel.span.start_ns);
    let mut joined = Joined::default();
    let mut run_of: HashMap<u64, usize> = HashMap::new();
    for collective in &process.told {
        joined.by_id.insert(collective.id, collective);
        let launch = collective.correlation.and_then(|number| by_launch.get(&number));
        if let Some(&run) = launch {
            run_of.insert(collective.id, run);
            joined.collectives.entry(run).or_default().push(collective);
        }
    }
    let mut groups: BTreeMap<(Option<u64>, usize), Timings<'_>> = BTreeMap::new();
    for (index, (run, span)) in timed.channels(device).into_iter().enumerate() {
        // Each of those that belong to nothing for itself.
        let key = (run.collective, if run.collective.is_some() { 0 } else { index });
        groups.entry(key).or_default().push((run, span));
    }
    let spans: HashMap<usize, Span> = kernels.iter().map(|it| (it.run, it.span)).collect();
    let taken: HashSet<usize> = run_of.values().copied().collect();
    let mut seen = HashSet::new();
    for ((id, _), channels) in groups {
        let known = id.and_then(|id| run_of.get(&id).copied());
        let collective = id.and_then(|id| joined.by_id.get(&id).copied());
        let possible = match known {
            Some(run) => spans[&run],
            None => Span::new(collective.map_or(i64::MIN, |it| it.at_host_ns), i64::MAX),
        };
        let is_believed = known.is_some() || is_believed(process, collective);
        let count = channels.len() as u64;
        let channels: Timings<'_> = channels
            .into_iter()
            .filter(|(run, span)| {
                // Works that were launched together may begin in one tick; they are told their kernel.
                let is_new = seen.insert((run.communicator, run.channel, run.start_device_ns));
                is_believed && is_within(*span, possible) && (is_new || known.is_some())
            })
            .collect();
        joined.stale += count - channels.len() as u64;
        let run = known.or_else(|| {
            let found = in_the_middle(&kernels, &channels)?;
            // One whose collective is known ran no other.
            (!taken.contains(&found)).then_some(found)
        });
        if let (None, Some(run), Some(collective)) = (known, run, collective) {
            joined.collectives.entry(run).or_default().push(collective);
        }
        joined.channels.extend(channels.into_iter().map(|(channel, span)| (run, channel, span)));
    }
    joined
}

/// Whether times are a collective's own of which no kernel is known.
fn is_believed(process: &Process, collective: Option<&Collective>) -> bool {
    let versions = process.communicators.iter().map(|made| made.nccl);
    if versions.min().flatten().is_some_and(|version| version >= NUMBERS_REPLAYS) {
        return true;
    }
    match collective {
        // With CUPTI the kernel of all others is known.
        Some(collective) => !collective.is_late && process.runs.is_empty(),
        None => !process.told.iter().any(|told| told.is_late),
    }
}

fn is_within(span: Span, possible: Span) -> bool {
    span.start_ns >= possible.start_ns.saturating_sub(SLACK_NS)
        && span.end_ns <= possible.end_ns.saturating_add(SLACK_NS)
}

/// The only kernel that runs in the middle of all channels.
fn in_the_middle(kernels: &[Kernel], channels: &[(&ChannelRun, Span)]) -> Option<usize> {
    let hull = channels.iter().map(|(_, span)| *span).reduce(Span::hull)?;
    let middle_ns = i64::midpoint(hull.start_ns, hull.end_ns);
    let begun = kernels.partition_point(|kernel| kernel.span.start_ns <= middle_ns);
    let last = kernels[..begun].iter().rev().take(LOOK_BACK);
    let mut running = last.filter(|kernel| kernel.span.end_ns > middle_ns);
    let found = running.next()?.run;
    running.next().is_none().then_some(found)
}
