//! Iteration times without recording: other strategies for the same batch.

use std::sync::Arc;

use weftscope_engine::{
    executor::Executor,
    observer::NullObserver,
    plan::plan,
    spec::{RunSpec, StrategyKind},
};

use crate::record::RunError;

/// The time of an iteration of `spec`, ns: first op's start to last op's end over all ranks; on hardware the median of
/// a few.
///
/// # Errors
/// [`RunError::Plan`] or [`RunError::Exec`].
pub fn iteration_time(executor: &mut dyn Executor, spec: &RunSpec) -> Result<i64, RunError> {
    let plan = Arc::new(plan(spec)?);
    let time = executor.run(&plan, 0, &mut NullObserver)?;
    if !executor.provenance().measured {
        return Ok(time.end_ns - time.start_ns);
    }
    let times = executor.run_many(&plan, (1, MEASURED_ITERATIONS), &mut NullObserver)?;
    let mut times: Vec<i64> = times.iter().map(|time| time.end_ns - time.start_ns).collect();
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

/// Iterations behind one warm one; hardware never takes the same time twice.
const MEASURED_ITERATIONS: u32 = 5;

/// Times each strategy, in the order of [`StrategyKind::ALL`], for the batch, machine and other knobs of `spec`.
///
/// `on_baseline` is called after each with its time, ns, or with the cause why it cannot run. Returns early once
/// `cancelled` says so (asked before each run).
pub fn baselines(
    executor: &mut dyn Executor,
    spec: &RunSpec,
    on_baseline: &mut dyn FnMut(StrategyKind, Result<i64, RunError>),
    cancelled: &dyn Fn() -> bool,
) {
    for strategy in StrategyKind::ALL {
        if cancelled() {
            return;
        }
        let mut spec = spec.clone();
        spec.knobs.strategy = strategy;
        on_baseline(strategy, iteration_time(executor, &spec));
    }
}
