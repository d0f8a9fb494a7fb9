//! What recording makes of the run itself: the same iterations with it on and off, taking turns.

use std::{sync::Arc, thread, time::Duration};

use weftscope_engine::{
    executor::{ExecError, Executor},
    observer::NullObserver,
    plan::Plan,
};
use weftscope_traces::Slowdown;

/// An executor that can run without being recorded, and times iterations either way by the same means.
pub trait Recording: Executor {
    /// Whether the next iterations are recorded.
    fn set_recording(&mut self, recording: bool);
    /// Whether what watches it, if anything does, looks on while it is recorded; after
    /// [`set_recording`](Self::set_recording), which turns both.
    fn set_watching(&mut self, _watching: bool) {}
    /// Whether the next iterations are launched as graphs, where they can be; else op by op.
    fn set_in_graphs(&mut self, _in_graphs: bool) {}
    /// How long the last iteration took, ns, recorded or not.
    ///
    /// # Errors
    /// What went wrong on a device.
    fn last_event_ns(&self) -> Result<i64, ExecError>;
}

/// Iterations launched behind one another in a turn, at least and at most; the last one counts, since the first waits for the
/// host, and since a GPU at its power limit lowers its clocks for tens of milliseconds before they stay.
const ITERATIONS: std::ops::RangeInclusive<u32> = 4..=16;
/// So long a turn is to take.
const TURN_NS: i64 = 100_000_000;
/// Rest before every turn: without it each way would start as hot as the other has left the GPU, and reading out a recording
/// is a rest.
pub(crate) const REST: Duration = Duration::from_millis(60);
/// Turns of each that do not count: programs are compiled, memory is taken, clocks rise.
const WARM_UP: u32 = 1;

/// Runs `plan` `turns` times each way and compares the medians. Leaves recording on.
///
/// Who goes first changes from turn to turn, so that what drifts (clocks, heat) touches both alike. On one H200 the same
/// layers took 0.6 % less to 6.9 % more recorded when turns were short and without a rest, by what the clocks were at; with
/// both, 0.3 % to 0.6 % less.
///
/// # Errors
/// [`ExecError`] when an iteration does not finish, or is not timed.
pub fn slowdown(
    executor: &mut dyn Recording,
    plan: &Arc<Plan>,
    turns: u32,
) -> Result<Slowdown, ExecError> {
    rested(executor, plan, turns, REST)
}

fn rested(
    executor: &mut dyn Recording,
    plan: &Arc<Plan>,
    turns: u32,
    rest: Duration,
) -> Result<Slowdown, ExecError> {
    let turns = turns.max(1);
    let mut times: [Vec<i64>; 2] = [Vec::new(), Vec::new()];
    let mut iterations = *ITERATIONS.start();
    for turn in 0..WARM_UP + turns {
        let first = turn % 2 == 0;
        for is_on in [first, !first] {
            executor.set_recording(is_on);
            thread::sleep(rest);
            let ran = executor.run_many(plan, (0, iterations), &mut NullObserver);
            if let Err(error) = ran {
                executor.set_recording(true);
                return Err(error);
            }
            if turn >= WARM_UP {
                times[usize::from(is_on)].push(executor.last_event_ns()?);
            }
        }
        if turn < WARM_UP {
            iterations = fitting(executor.last_event_ns()?);
        }
    }
    executor.set_recording(true);
    let [off, on] = times.map(median);
    if off <= 0.0 {
        return Err(ExecError::Unsupported("iterations without recording have no time".to_owned()));
    }
    Ok(Slowdown {
        percent: 100.0 * (on / off - 1.0),
        how: format!(
            "medians of {turns} turns of {iterations} iterations with recording on and off, interleaved, by device events: \
             {:.1} and {:.1} µs an iteration",
            on / 1e3,
            off / 1e3
        ),
    })
}

/// Iterations of a turn, when one takes so long.
pub(crate) fn fitting(iteration_ns: i64) -> u32 {
    let fill = TURN_NS / iteration_ns.max(1);
    u32::try_from(fill).unwrap_or(u32::MAX).clamp(*ITERATIONS.start(), *ITERATIONS.end())
}

/// Mean of the two in the middle when there are two.
fn median(mut times: Vec<i64>) -> f64 {
    times.sort_unstable();
    let middle = times.len() / 2;
    let upper = times.get(middle).copied().unwrap_or(0);
    let lower =
        if times.len().is_multiple_of(2) { times.get(middle.wrapping_sub(1)) } else { None };
    i64::midpoint(upper, lower.copied().unwrap_or(upper)) as f64
}

#[cfg(test)]
mod tests {
    use weftscope_engine::{
        executor::{ExecutorInfo, IterationTime},
        observer::Observer,
    };

    use super::*;
    use crate::testing::{toy_plan, toy_spec};

    /// Takes 3 % longer when recorded, drifts by 1 % a turn, and stumbles now and then.
    #[derive(Default)]
    struct Drifting {
        is_on: bool,
        calls: i64,
        fail: bool,
    }

    impl Executor for Drifting {
        fn run(
            &mut self,
            _: &Arc<Plan>,
            _: u64,
            _: &mut dyn Observer,
        ) -> Result<IterationTime, ExecError> {
            if self.fail {
                return Err(ExecError::Unsupported("told to fail".to_owned()));
            }
            Ok(IterationTime { start_ns: 0, end_ns: 1 })
        }
        fn run_many(
            &mut self,
            plan: &Arc<Plan>,
            (first, count): (u64, u32),
            observer: &mut dyn Observer,
        ) -> Result<Vec<IterationTime>, ExecError> {
            self.calls += 1;
            (0..u64::from(count)).map(|i| self.run(plan, first + i, observer)).collect()
        }
        fn provenance(&self) -> ExecutorInfo {
            ExecutorInfo::modelled("drifting")
        }
    }

    impl Recording for Drifting {
        fn set_recording(&mut self, recording: bool) {
            self.is_on = recording;
        }
        fn last_event_ns(&self) -> Result<i64, ExecError> {
            let turn = self.calls / 2;
            let base = 10_000_000 + 100_000 * turn;
            let stumble = if self.calls % 10 == 0 { 50_000_000 } else { 0 };
            Ok(if self.is_on { base * 103 / 100 } else { base } + stumble)
        }
    }

    #[test]
    fn drift_and_stumbles_do_not_count() {
        let plan = Arc::new(toy_plan(&toy_spec()).unwrap());
        let mut executor = Drifting::default();
        let found = rested(&mut executor, &plan, 11, Duration::ZERO).unwrap();
        assert!((found.percent - 3.0).abs() < 1.2, "{found:?}");
        assert!(executor.is_on);
        assert!(found.how.starts_with("medians of 11 turns of 9 iterations"), "{}", found.how);
    }

    #[test]
    fn a_run_that_breaks_off_says_so_and_leaves_recording_on() {
        let plan = Arc::new(toy_plan(&toy_spec()).unwrap());
        let mut executor = Drifting { fail: true, ..Drifting::default() };
        assert!(slowdown(&mut executor, &plan, 3).is_err());
        assert!(executor.is_on);
    }

    #[test]
    fn turns_last_while_iterations_are_neither_too_few_nor_too_many() {
        assert_eq!([0, 1_000, 10_000_000, 90_000_000].map(fitting), [16, 16, 10, 4]);
    }

    #[test]
    fn medians_are_the_middle() {
        assert_eq!(median(vec![3, 1, 2]), 2.0);
        assert_eq!(median(vec![4, 1, 2, 9]), 3.0);
        assert_eq!(median(Vec::new()), 0.0);
    }
}
