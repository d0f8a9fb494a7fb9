//! Steps of a rank: what it launches from one wait of the host to the next, where that is the same again and again.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use weftscope_traces::Span;
use weftscope_wire::Launch;

use super::Process;

/// Fewer kernels between two waits are no step.
const LEAST_LAUNCHES: usize = 3;

/// Launches between two waits of the host, by number, of a step that occurs at least twice and as often as all others together;
/// in order. Empty where nothing does: a program that waits now and then has no steps.
pub(super) fn steps(process: &Process, device: u32) -> Vec<Vec<u64>> {
    let stretches = stretches(process, device);
    let hash = |launches: &[&Launch]| {
        let mut hasher = DefaultHasher::new();
        launches.iter().for_each(|launch| (launch.kernel, launch.grid).hash(&mut hasher));
        hasher.finish()
    };
    let mut times: HashMap<u64, usize> = HashMap::new();
    stretches.iter().for_each(|launches| *times.entry(hash(launches)).or_default() += 1);
    let Some((&step, &count)) = times.iter().max_by_key(|&(&hash, &count)| (count, hash)) else {
        return Vec::new();
    };
    // The first and the last may have been cut short by the recording.
    if count < 2 || 2 * count + 2 < stretches.len() {
        return Vec::new();
    }
    let is_step = |launches: &&Vec<&Launch>| hash(launches) == step;
    let numbers = |launches: &Vec<&Launch>| launches.iter().map(|launch| launch.id).collect();
    stretches.iter().filter(is_step).map(numbers).collect()
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
pub(super) fn spans(steps: &[Vec<u64>], span_of: impl Fn(u64) -> Option<Span>) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for step in steps {
        let Some(span) = step.iter().filter_map(|&launch| span_of(launch)).reduce(Span::hull)
        else {
            continue;
        };
        let free_ns = spans.last().map_or(i64::MIN, |last| last.end_ns);
        let span = Span { start_ns: span.start_ns.max(free_ns), ..span };
        if !span.is_empty() {
            spans.push(span);
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{launch, wait},
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
            steps(&process("23w123w123w123w12"), 0),
            [vec![3, 4, 5], vec![7, 8, 9], vec![11, 12, 13]]
        );
        // Two waits in a row, and a kernel by itself between two.
        assert_eq!(steps(&process("123ww123w9w123"), 0).len(), 3);
    }

    #[test]
    fn what_differs_is_none() {
        for calls in ["123w456w789", "123", "", "123w124w125w123w126w127w128w129"] {
            assert!(steps(&process(calls), 0).is_empty(), "{calls}");
        }
        assert!(steps(&process("123w123"), 1).is_empty());
    }

    #[test]
    fn steps_follow_each_other() {
        let span_of = |launch: u64| {
            let start_ns = launch as i64 * 10;
            (launch != 3).then(|| Span::new(start_ns, start_ns + 25))
        };
        let spans = spans(&[vec![0, 1], vec![2, 3], vec![3]], span_of);
        assert_eq!(spans, [Span::new(0, 35), Span::new(35, 45)]);
    }
}
