//! Recording on GPUs: weights, CUPTI, what recording costs, the run.

use std::sync::Arc;

use weftscope_engine::{
    choose::plan,
    cuda::{Checkpoint, CudaExecutor},
    plan::Plan,
    spec::RunSpec,
};
use weftscope_profiler::{
    instrument::{Options, open_or_plain},
    overhead::{Recording, slowdown},
    record::record_plan,
};
use weftscope_traces::{Slowdown, Trace};

use super::RecordArgs;
use crate::cli::{Failure, progress::ProgressLine, run_spec::run_failure, weights};

/// Shortest and longest interval that CUPTI's sampler takes, ns: below, the H200's buffer overflows; above, an
/// iteration has no sample.
const INTERVALS_NS: std::ops::RangeInclusive<i64> = 500..=100_000_000;

/// The interval asked for, ns.
fn counters_ns(args: &RecordArgs) -> Result<Option<u64>, Failure> {
    let Some(interval) = args.pm_interval else { return Ok(None) };
    if !INTERVALS_NS.contains(&interval.ns) {
        return Err(Failure::misuse("the interval must lie in 500ns to 100ms", "--pm-interval"));
    }
    Ok(Some(interval.ns.unsigned_abs()))
}

/// Runs `spec` as the arguments say.
pub(super) fn run(
    args: &RecordArgs,
    spec: &RunSpec,
    checkpoint: Option<Arc<Checkpoint>>,
) -> Result<Trace, Failure> {
    let counters_ns = counters_ns(args)?;
    let plan = Arc::new(plan(spec).map_err(|error| run_failure(error.into()))?);
    let executor = loaded(&plan, checkpoint)?;
    let mut executor: Box<dyn Recording> = if args.no_cupti {
        Box::new(executor)
    } else {
        open_or_plain(executor, Options { counters_ns })
    };
    executor.set_in_graphs(!args.no_graphs);
    let cost = cost(executor.as_mut(), &plan, args.overhead_turns)?;
    let mut line = ProgressLine::new("running");
    let trace = record_plan(executor.as_mut(), &plan, args.iterations, &mut |done| {
        line.step(u64::from(done), Some(u64::from(args.iterations)));
        true
    })
    .map_err(run_failure)?;
    drop(line);
    let trace = trace.with_meta(|meta| meta.overhead.slowdown = cost);
    Ok(trace)
}

/// The GPUs with the weights on them.
fn loaded(plan: &Plan, checkpoint: Option<Arc<Checkpoint>>) -> Result<CudaExecutor, Failure> {
    let is_own = checkpoint.is_some();
    let opened = weights::executor(plan.spec.knobs.tp, true, checkpoint);
    let mut executor = opened.map_err(|error| Failure::failed(error, "--backend cuda"))?;
    if is_own {
        weights::load(&mut executor, plan)?;
    }
    Ok(executor)
}

fn cost(
    executor: &mut dyn Recording,
    plan: &Arc<Plan>,
    turns: u32,
) -> Result<Option<Slowdown>, Failure> {
    if turns == 0 {
        return Ok(None);
    }
    let measured = slowdown(executor, plan, turns);
    measured.map(Some).map_err(|error| Failure::failed(error, "the run"))
}
