//! What recording makes of the run itself: the same iterations with it on and off, taking turns.

use std::sync::Arc;

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
    /// How long the last iteration took, ns, recorded or not.
    ///
    /// # Errors
    /// What went wrong on a device.
    fn last_event_ns(&self) -> Result<i64, ExecError>;
}

/// Iterations launched behind one another in a turn; the last one counts, since the first waits for the host.
const ITERATIONS: u32 = 4;
/// Turns of each that do not count: programs are compiled, memory is taken, clocks rise.
const WARM_UP: u32 = 1;

/// Runs `plan` `turns` times each way and compares the medians. Leaves recording on.
///
/// Who goes first changes from turn to turn, so that what drifts (clocks, heat) touches both alike.
///
/// # Errors
/// [`ExecError`] when an iteration does not finish.
pub fn slowdown(
    executor: &mut dyn Recording,
    plan: &Arc<Plan>,
    turns: u32,
) -> Result<Slowdown, ExecError> {
    let turns = turns.max(1);
    let mut times: [Vec<i64>; 2] = [Vec::new(), Vec::new()];
    for turn in 0..WARM_UP + turns {
        let first = turn % 2 == 0;
        for is_on in [first, !first] {
            executor.set_recording(is_on);
            let ran = executor.run_many(plan, (0, ITERATIONS), &mut NullObserver);
            if let Err(error) = ran {
                executor.set_recording(true);
                return Err(error);
            }
            if turn >= WARM_UP {
                times[usize::from(is_on)].push(executor.last_event_ns()?);
            }
        }
    }
    executor.set_recording(true);
    let [off, on] = times.map(median);
    Ok(Slowdown {
        percent: if off > 0.0 { 100.0 * (on / off - 1.0) } else { 0.0 },
        how: format!(
            "medians of {turns} turns of {ITERATIONS} iterations with recording on and off, interleaved, by device events: \
             {:.1} and {:.1} µs an iteration",
            on / 1e3,
            off / 1e3
        ),
    })
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
        runs: i64,
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
            self.runs += 1;
            Ok(IterationTime { start_ns: 0, end_ns: 1 })
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
            let turn = self.runs / (2 * i64::from(ITERATIONS));
            let base = 1_000_000 + 10_000 * turn;
            let stumble = if self.runs % 40 == 0 { 5_000_000 } else { 0 };
            Ok(if self.is_on { base * 103 / 100 } else { base } + stumble)
        }
    }

    #[test]
    fn drift_and_stumbles_do_not_count() {
        let plan = Arc::new(toy_plan(&toy_spec()).unwrap());
        let mut executor = Drifting::default();
        let found = slowdown(&mut executor, &plan, 11).unwrap();
        assert!((found.percent - 3.0).abs() < 1.2, "{found:?}");
        assert!(executor.is_on);
        assert!(found.how.starts_with("medians of 11 turns of 4 iterations"), "{}", found.how);
    }

    #[test]
    fn a_run_that_breaks_off_says_so_and_leaves_recording_on() {
        let plan = Arc::new(toy_plan(&toy_spec()).unwrap());
        let mut executor = Drifting { fail: true, ..Drifting::default() };
        assert!(slowdown(&mut executor, &plan, 3).is_err());
        assert!(executor.is_on);
    }

    #[test]
    fn medians_are_the_middle() {
        assert_eq!(median(vec![3, 1, 2]), 2.0);
        assert_eq!(median(vec![4, 1, 2, 9]), 3.0);
        assert_eq!(median(Vec::new()), 0.0);
    }
}
