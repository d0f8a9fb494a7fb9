//! Steps of a rank: what it launches inside NVTX ranges that number iterations; without any, from one wait of the host to the next,
//! where that is the same again and again.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use weftscope_traces::{Span, numbers_an_iteration};
use weftscope_wire::{HostRange, Launch};

use super::Process;

/// Fewer kernels between two waits are no step.
const LEAST_LAUNCHES: usize = 3;

/// What a rank does again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// As the program numbers it, or by its place.
    pub(super) name: String,
    /// Its launches, by number.
    pub(super) launches: Vec<u64>,
}

/// The steps of a rank, in order.
pub(super) fn steps(process: &Process, device: u32) -> Vec<Step> {
    let numbered = numbered(process, device);
    if !numbered.is_empty() {
        return numbered;
    }
    let before = process.steps_before.get(&device).map_or(0, |before| before.number);
    let by_waits = (before..).zip(between_waits(process, device));
    let step = |(number, launches): (usize, _)| Step { name: format!("step {number}"), launches };
    by_waits.map(step).collect()
}

/// Steps by ranges of the program's own; what other threads launch meanwhile is in them, as the backward pass is. A range inside
/// another numbers something smaller.
fn numbered(process: &Process, device: u32) -> Vec<Step> {
    let ranges = process.host_ranges.iter().filter(|range| numbers_an_iteration(&range.name));
    let mut ranges: Vec<_> = ranges.collect();
    ranges.sort_by_key(|range| (range.start_host_ns, -range.end_host_ns));
    let mut end_ns = i64::MIN;
    ranges.retain(|range| {
        let is_outer = range.start_host_ns >= end_ns;
        end_ns = end_ns.max(range.end_host_ns);
        is_outer
    });
    let mut launches: Vec<&Launch> =
        process.launches.iter().filter(|launch| launch.device == device).collect();
    launches.sort_by_key(|launch| (launch.at_host_ns, launch.id));
    let step = |range: &HostRange| {
        let from = launches.partition_point(|launch| launch.at_host_ns < range.start_host_ns);
        let to = launches.partition_point(|launch| launch.at_host_ns <= range.end_host_ns);
        let launches = launches[from..to].iter().map(|launch| launch.id).collect();
        Step { name: range.name.clone(), launches }
    };
    ranges.into_iter().map(step).filter(|step| !step.launches.is_empty()).collect()
}

/// Launches between two waits of the host, by number, of a step that occurs at least twice and as often as all others together;
/// in order. Empty where nothing does: a program that waits now and then has no steps.
fn between_waits(process: &Process, device: u32) -> Vec<Vec<u64>> {
    let stretches = stretches(process, device);
    let before = process.steps_before.get(&device).and_then(|before| before.kind);
    let Some(step) = before.or_else(|| most_often(&stretches)) else { return Vec::new() };
    let is_step = |launches: &&Vec<&Launch>| hash(launches) == step;
    let numbers = |launches: &Vec<&Launch>| launches.iter().map(|launch| launch.id).collect();
    stretches.iter().filter(is_step).map(numbers).collect()
}

/// The hash of what a step of a rank launches, where steps are told by waits.
pub(super) fn kind_of_step(process: &Process, device: u32) -> Option<u64> {
    let is_told = numbered(process, device).is_empty();
    is_told.then(|| most_often(&stretches(process, device))).flatten()
}

fn hash(launches: &[&Launch]) -> u64 {
    let mut hasher = DefaultHasher::new();
    launches.iter().for_each(|launch| (launch.kernel, launch.grid).hash(&mut hasher));
    hasher.finish()
}

/// What occurs at least twice, and as often as all others together.
fn most_often(stretches: &[Vec<&Launch>]) -> Option<u64> {
    let mut times: HashMap<u64, usize> = HashMap::new();
    stretches.iter().for_each(|launches| *times.entry(hash(launches)).or_default() += 1);
    let (&step, &count) = times.iter().max_by_key(|&(&hash, &count)| (count, hash))?;
    // The first and the last may have been cut short by the recording.
    (count >= 2 && 2 * count + 2 >= stretches.len()).then_some(step)
}

/// Launches on a device between waits of the thread that launches most there.
fn stretches(process: &Process, device: u32) -> Vec<Vec<&Launch>> {
    let launches = || process.launches.iter().filter(|launch| launch.device == device);
    let mut by_thread: HashMap<u32, usize> = HashMap::new();
    launches().for_each(|launch| *by_thread.entry(launch.tid).or_default() += 1);
    let Some((&tid, _)) = by_thread.iter().max_by_key(|&(&tid, &count)| (count, tid)) else {
        return Vec::new();
    };
    let mut waits_ns: Vec<i64> =
        process.waits.iter().filter(|wait| wait.tid == tid).map(|wait| wait.at_host_ns).collect();
    waits_ns.sort_unstable();
    let mut stretches: Vec<Vec<&Launch>> = Vec::new();
    let mut waited = usize::MAX;
    for launch in launches().filter(|launch| launch.tid == tid) {
        let before = waits_ns.partition_point(|&at_ns| at_ns < launch.at_host_ns);
        if before != waited {
            stretches.push(Vec::new());
            waited = before;
        }
        stretches.last_mut().expect("just pushed").push(launch);
    }
    stretches.retain(|launches| launches.len() >= LEAST_LAUNCHES);
    stretches
}

/// Spans of steps that follow each other, out of when their ops ran: of two that overlap the later begins when the earlier
/// ends.
pub(super) fn spans(
    steps: Vec<Step>,
    span_of: impl Fn(u64) -> Option<Span>,
) -> Vec<(String, Span)> {
    let mut spans: Vec<(String, Span)> = Vec::new();
    for step in steps {
        let ran = step.launches.iter().filter_map(|&launch| span_of(launch));
        let Some(span) = ran.reduce(Span::hull) else { continue };
        let free_ns = spans.last().map_or(i64::MIN, |(_, last)| last.end_ns);
        let span = Span { start_ns: span.start_ns.max(free_ns), ..span };
        if !span.is_empty() {
            spans.push((step.name, span));
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::{
        super::made::{launch, wait},
        *,
    };

    /// Kernels by number, `w` for a wait; a µs each.
    fn process(calls: &str) -> Process {
        let mut process = Process::default();
        for (at, call) in (0..).zip(calls.chars()) {
            let at_host_ns = at * 1000;
            match call.to_digit(10) {
                Some(kernel) => {
                    process.launches.push(Launch { kernel, ..launch(at as u64, at_host_ns) });
                }
                None => process.waits.push(wait(1, at_host_ns, 500)),
            }
        }
        process
    }

    #[test]
    fn what_is_the_same_from_wait_to_wait_is_a_step() {
        assert_eq!(
            between_waits(&process("23w123w123w123w12"), 0),
            [vec![3, 4, 5], vec![7, 8, 9], vec![11, 12, 13]]
        );
        // Two waits in a row, and a kernel by itself between two.
        assert_eq!(between_waits(&process("123ww123w9w123"), 0).len(), 3);
    }

    #[test]
    fn what_differs_is_none() {
        for calls in ["123w456w789", "123", "", "123w124w125w123w126w127w128w129"] {
            assert!(between_waits(&process(calls), 0).is_empty(), "{calls}");
        }
        assert!(between_waits(&process("123w123"), 1).is_empty());
    }

    #[test]
    fn steps_follow_each_other() {
        let span_of = |launch: u64| {
            let start_ns = launch as i64 * 10;
            (launch != 3).then(|| Span::new(start_ns, start_ns + 25))
        };
        let step = |name: &str, launches| Step { name: name.to_owned(), launches };
        let steps = vec![step("a", vec![0, 1]), step("b", vec![2, 3]), step("c", vec![3])];
        let expected = [("a", Span::new(0, 35)), ("b", Span::new(35, 45))];
        let spans = spans(steps, span_of);
        let spans: Vec<_> = spans.iter().map(|(name, span)| (name.as_str(), *span)).collect();
        assert_eq!(spans, expected);
    }

    #[test]
    fn ranges_that_number_iterations_are_the_steps() {
        let mut process = process("123w123w123w");
        let range = |name: &str, start_host_ns, end_host_ns| HostRange {
            name: name.to_owned(),
            domain: String::new(),
            tid: 9,
            start_host_ns,
            end_host_ns,
        };
        let named = |process: &Process| {
            let steps = steps(process, 0).into_iter();
            steps.map(|step| (step.name, step.launches)).collect::<Vec<_>>()
        };
        assert_eq!(named(&process)[1], ("step 1".to_owned(), vec![4, 5, 6]));
        process.host_ranges = vec![
            range("layer 3", 0, 3_000),
            // Inside of the next one, which was told later.
            range("step 0", 4_000, 4_500),
            range("iteration 7", 3_500, 8_500),
            range("iteration 8", 8_500, 8_600),
        ];
        assert_eq!(named(&process), [("iteration 7".to_owned(), vec![4, 5, 6, 8])]);
    }
}
