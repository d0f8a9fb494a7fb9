//! Iteration times without recording: other strategies for the same batch.

use std::sync::Arc;

use weftscope_engine::{
    choose::{Settled, plan, plan_settled},
    executor::Executor,
    observer::{NullObserver, Observer},
    plan::Plan,
    spec::{RunSpec, StrategyKind},
};

use crate::record::RunError;

/// What an iteration took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IterationTiming {
    /// First op's start to last op's end over all ranks, ns; on hardware the median of a few.
    pub time_ns: i64,
    /// Sum over the ops of a rank of their isolated durations, ns; `None` when one of them is not known.
    pub isolated_ns: Option<i64>,
}

/// Times an iteration of `spec`.
///
/// # Errors
/// [`RunError::Plan`] or [`RunError::Exec`].
pub fn iteration_time(
    executor: &mut dyn Executor,
    spec: &RunSpec,
) -> Result<IterationTiming, RunError> {
    planned_time(executor, &Arc::new(plan(spec)?))
}

fn planned_time(
    executor: &mut dyn Executor,
    plan: &Arc<Plan>,
) -> Result<IterationTiming, RunError> {
    let mut isolated = IsolatedSum(None);
    let time = executor.run(plan, 0, &mut isolated)?;
    let isolated_ns = isolated.0;
    if !executor.provenance().measured {
        return Ok(IterationTiming { time_ns: time.end_ns - time.start_ns, isolated_ns });
    }
    let times = executor.run_many(plan, (1, MEASURED_ITERATIONS), &mut NullObserver)?;
    let mut times: Vec<i64> = times.iter().map(|time| time.end_ns - time.start_ns).collect();
    times.sort_unstable();
    Ok(IterationTiming { time_ns: times[times.len() / 2], isolated_ns })
}

/// Keeps the sum of the isolated durations, which come with the begin of an iteration.
struct IsolatedSum(Option<i64>);

impl Observer for IsolatedSum {
    fn begin(&mut self, _: &Arc<Plan>, _: u64, isolated_ns: &[Option<i64>]) {
        self.0 = isolated_ns.iter().copied().sum();
    }
}

/// Iterations behind one warm one; hardware never takes the same time twice.
const MEASURED_ITERATIONS: u32 = 5;

/// Times each strategy, in the order of [`StrategyKind::slowest_first`], for the batch, machine and other knobs of `spec`.
///
/// `weave` is what simulation has chosen for the weave of `spec`; where that is not known it is asked.
///
/// `on_baseline` is called after each with what it took, or with the cause why it cannot run. Returns early once
/// `cancelled` says so (asked before each run).
pub fn baselines(
    executor: &mut dyn Executor,
    spec: &RunSpec,
    mut weave: Option<Settled>,
    on_baseline: &mut dyn FnMut(StrategyKind, Result<IterationTiming, RunError>),
    cancelled: &dyn Fn() -> bool,
) {
    for strategy in StrategyKind::slowest_first() {
        if cancelled() {
            return;
        }
        let mut spec = spec.clone();
        spec.knobs.strategy = strategy;
        let settled = weave.take_if(|_| strategy == StrategyKind::TokenWeave);
        let plan = settled.map_or_else(|| plan(&spec), |settled| plan_settled(&spec, settled));
        let timing = plan.map_err(RunError::from);
        on_baseline(strategy, timing.and_then(|plan| planned_time(executor, &Arc::new(plan))));
    }
}
