//! What stamps cost a program, by itself: windows in which launches leave stamps beside windows in which they leave none.
//!
//! A program does as much from one wait for the GPU to the next, on average over a window. So the time from wait to wait in a
//! window with stamps, against that of the windows before and behind it, is what stamps cost; each pair of neighbours is held against
//! itself alone, so that clocks and loads which change slowly do not count.

use super::Process;

/// Waits that a window must hold, to say how long it takes from one to the next.
const LEAST_WAITS: usize = 4;
/// Pairs of windows from which a figure is drawn.
const LEAST_PAIRS: usize = 3;

/// What stamps cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alternating {
    /// Pairs of windows.
    pub pairs: usize,
    /// How much longer it takes from wait to wait with stamps, as a share: lower quartile, median, upper quartile of the pairs.
    pub cost: [f64; 3],
}

impl Alternating {
    /// Of the thread of a process that waits most. `None`: too few waits fall into its windows.
    pub fn of(process: &Process) -> Option<Self> {
        let waits_ns = most_waits_ns(process);
        let windows: Vec<(bool, f64)> = windows(process)
            .filter_map(|(span, is_on)| Some((is_on, pace_ns(&waits_ns, span)?)))
            .collect();
        let mut ratios: Vec<f64> = windows
            .windows(2)
            .filter_map(|pair| match pair {
                &[(true, on), (false, off)] | &[(false, off), (true, on)] => Some(on / off - 1.0),
                _ => None,
            })
            .collect();
        ratios.sort_by(f64::total_cmp);
        let at = |share: f64| ratios[((ratios.len() - 1) as f64 * share).round() as usize];
        (ratios.len() >= LEAST_PAIRS)
            .then(|| Self { pairs: ratios.len(), cost: [at(0.25), at(0.5), at(0.75)] })
    }
}

/// When the waits of the thread that waits most have returned, in order.
fn most_waits_ns(process: &Process) -> Vec<i64> {
    let mut threads: Vec<u32> = process.waits.iter().map(|wait| wait.tid).collect();
    threads.sort_unstable();
    let most = threads.chunk_by(|one, other| one == other).max_by_key(|waits| waits.len());
    let tid = most.and_then(|waits| waits.first().copied());
    let of_thread = process.waits.iter().filter(|wait| Some(wait.tid) == tid);
    let mut waits_ns: Vec<i64> = of_thread.map(|wait| wait.returned_host_ns).collect();
    waits_ns.sort_unstable();
    waits_ns
}

/// Windows between two changes: from, to, and whether there were stamps. What is before the first and behind the last is cut off by
/// the beginning and the end of the program, and left out.
fn windows(process: &Process) -> impl Iterator<Item = ((i64, i64), bool)> {
    process.stamped_from_host_ns.windows(2).filter_map(|pair| {
        let &[(from_ns, is_on), (to_ns, _)] = pair else { return None };
        Some(((from_ns, to_ns), is_on))
    })
}

/// Mean time from wait to wait inside of a window. The first wait may still be for launches from before it.
fn pace_ns(waits_ns: &[i64], (from_ns, to_ns): (i64, i64)) -> Option<f64> {
    let first = waits_ns.partition_point(|&at_ns| at_ns < from_ns);
    let end = waits_ns.partition_point(|&at_ns| at_ns < to_ns);
    let inside = waits_ns.get(first..end).filter(|inside| inside.len() >= LEAST_WAITS)?;
    Some((inside[inside.len() - 1] - inside[0]) as f64 / (inside.len() - 1) as f64)
}

#[cfg(test)]
mod tests {
    use super::{super::made::wait, *};

    /// Windows of a second, without stamps first; a step takes so long with and without them, and 1 % longer from second to second.
    fn process(windows: i64, [off_ns, on_ns]: [i64; 2]) -> Process {
        let mut process = Process::default();
        for window in 0..windows {
            let (from_ns, is_on) = (window * 1_000_000_000, window % 2 == 1);
            process.stamped_from_host_ns.push((from_ns, is_on));
            let step_ns = (if is_on { on_ns } else { off_ns }) * (100 + window) / 100;
            let waits = (from_ns..from_ns + 990_000_000).step_by(step_ns as usize);
            process.waits.extend(waits.map(|at_ns| wait(1, at_ns, 10)));
        }
        // A thread that waits now and then.
        process.waits.extend((0..windows).map(|window| wait(2, window * 1_000_000_000 + 7, 10)));
        process
    }

    #[test]
    fn the_cost_is_that_of_neighbours_though_all_grows_slower() {
        let told = Alternating::of(&process(21, [10_000_000, 10_300_000])).unwrap();
        assert_eq!(told.pairs, 19);
        let [low, median, high] = told.cost;
        assert!((median - 0.03).abs() < 0.011, "{told:?}");
        assert!(low <= median && median <= high && high - low < 0.03, "{told:?}");
    }

    #[test]
    fn what_cannot_be_known_is_not_said() {
        // Too few windows; too few waits in each; none.
        assert_eq!(Alternating::of(&process(4, [10_000_000, 10_300_000])), None);
        assert_eq!(Alternating::of(&process(21, [400_000_000, 410_000_000])), None);
        assert_eq!(Alternating::of(&Process::default()), None);
    }
}
