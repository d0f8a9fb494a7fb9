//! Ranges of the host's threads that number iterations, and in which of them an op was launched.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use crate::analysis::idle::launch_calls;
use crate::model::{Kind, SliceRef, Span, Trace, TrackKind, numbers_an_iteration};
use crate::words::counted;

/// A process: of which rank, where that is known, and its number.
type Process = (Option<u32>, u32);

/// The steps of all processes of a trace.
#[derive(Debug, Default)]
pub(in crate::analysis) struct HostSteps<'a> {
    /// By process and start, none within another.
    steps: Vec<HostStep<'a>>,
    /// By op, when it was launched and by whom; empty without steps.
    launches: HashMap<SliceRef, (Process, i64)>,
}

/// A range of the host that numbers an iteration.
#[derive(Clone, Copy, Debug)]
pub(super) struct HostStep<'a> {
    process: Process,
    pub(super) name: &'a str,
    span: Span,
}

/// What is known of the launch of an op.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Launched {
    /// By a call in this step.
    In(usize),
    /// By a call outside all steps of a process that has some.
    Outside,
    /// Nothing that tells of steps.
    Unknown,
}

impl<'a> HostSteps<'a> {
    pub(in crate::analysis) fn of(trace: &'a Trace) -> Self {
        let steps = outer(ranges(trace), &marked(trace));
        if steps.is_empty() {
            return Self::default();
        }
        let launch = |(op, call): (SliceRef, SliceRef)| {
            Some((op, (process(trace, call)?, trace.span_of(call).start_ns)))
        };
        let launches = launch_calls(trace).into_iter().filter_map(launch).collect();
        Self { steps, launches }
    }

    pub(super) fn step(&self, index: usize) -> HostStep<'a> {
        self.steps[index]
    }

    /// That no iteration of a rank comes of them, in a sentence; `None` without any.
    pub(in crate::analysis) fn unused(&self, rank: u32) -> Option<String> {
        let steps = self.steps.iter().filter(|step| step.process.0.is_none_or(|of| of == rank));
        let count = steps.count() as u64;
        let steps = counted(count, "step");
        (count > 0).then(|| {
            format!(
                "The host numbers {steps}, but no launch is recorded that tells which ops of rank {rank} are part of one: its iterations are not known."
            )
        })
    }

    /// In which step an op was launched.
    pub(super) fn launched(&self, op: SliceRef) -> Launched {
        let Some(&(process, at_ns)) = self.launches.get(&op) else { return Launched::Unknown };
        let key = (process, at_ns);
        let after = self.steps.partition_point(|step| (step.process, step.span.start_ns) <= key);
        let before = after.checked_sub(1).filter(|&at| self.steps[at].process == process);
        let has_steps = || self.steps.get(after).is_some_and(|step| step.process == process);
        match before {
            // A range holds what is called at its very end, as the range of the next begins there at the earliest.
            Some(at) if at_ns <= self.steps[at].span.end_ns => Launched::In(at),
            Some(_) => Launched::Outside,
            None if has_steps() => Launched::Outside,
            None => Launched::Unknown,
        }
    }
}

fn process(trace: &Trace, slice: SliceRef) -> Option<Process> {
    match trace.track(trace.lane(slice.lane).track).kind {
        TrackKind::HostThread { rank, pid, .. } => Some((rank, pid)),
        _ => None,
    }
}

/// All such ranges, on whatever thread.
fn ranges(trace: &Trace) -> Vec<HostStep<'_>> {
    let is_step =
        |label: &crate::model::Label| label.kind == Kind::Mark && numbers_an_iteration(&label.name);
    let is_step: Vec<bool> = trace.labels.iter().map(is_step).collect();
    let mut ranges = Vec::new();
    if !is_step.contains(&true) {
        return ranges;
    }
    for track in &trace.tracks {
        let TrackKind::HostThread { rank, pid, .. } = track.kind else { continue };
        for slices in track.lanes.iter().map(|&lane| &trace.lane(lane).slices) {
            let rows = 0..slices.len();
            let steps = rows.filter(|&row| is_step[slices.label[row].0 as usize]);
            ranges.extend(steps.map(|row| HostStep {
                process: (rank, pid),
                name: &trace.label(slices.label[row]).name,
                span: slices.span(row),
            }));
        }
    }
    ranges
}

/// Sorted, without instants. Those that marks repeat on the GPU's time come first; of what is left, a range that lies within
/// another numbers something smaller, and one around others something larger.
fn outer<'a>(mut ranges: Vec<HostStep<'a>>, marks: &HashSet<&str>) -> Vec<HostStep<'a>> {
    ranges.retain(|range| !range.span.is_empty());
    ranges.sort_by_key(|range| {
        let Span { start_ns, end_ns } = range.span;
        (!marks.contains(range.name), range.process, start_ns, Reverse(end_ns))
    });
    let mut kept: BTreeMap<(Process, i64), HostStep<'a>> = BTreeMap::new();
    for range in ranges {
        // What is kept is disjoint: the last that starts before the end of this one is the only one that can lie beside it.
        let before = kept.range(..(range.process, range.span.end_ns)).next_back();
        let is_beside = before.is_some_and(|(_, other)| {
            other.process == range.process && range.span.start_ns < other.span.end_ns
        });
        if !is_beside {
            kept.insert((range.process, range.span.start_ns), range);
        }
    }
    kept.into_values().collect()
}

/// Names of the iterations that are marked.
fn marked(trace: &Trace) -> HashSet<&str> {
    let marks = trace.tracks.iter().filter(|track| matches!(track.kind, TrackKind::Marks { .. }));
    let lanes = marks.filter_map(|track| track.lanes.first());
    let labels = lanes.flat_map(|&lane| &trace.lane(lane).slices.label);
    labels.map(|&label| trace.label(label).name.as_str()).collect()
}
