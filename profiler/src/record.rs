//! A few iterations, start to end, as one trace.

use std::{sync::Arc, thread};

use thiserror::Error;
use weftscope_engine::{
    choose::plan,
    executor::{ExecError, Executor},
    plan::{Plan, PlanError},
    spec::RunSpec,
};
use weftscope_traces::Trace;

use crate::{
    collect::{CollectError, Collector},
    recorder::{self, Inbox, Overflow},
};

/// Why a run gave nothing.
#[derive(Debug, Error)]
pub enum RunError {
    /// It cannot be planned.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// It broke off.
    #[error(transparent)]
    Exec(#[from] ExecError),
    /// Its records make no trace.
    #[error(transparent)]
    Collect(#[from] CollectError),
    /// The system gave no thread.
    #[error("cannot start the collector thread")]
    Thread(#[from] std::io::Error),
    /// It was asked to stop.
    #[error("cancelled")]
    Cancelled,
}

/// Iterations of hardware that run back to back before the run can be stopped.
const AT_ONCE: u32 = 8;

/// Runs `iterations` of `spec` and gives them as one trace, one after another on one time line.
///
/// The progress callback `on_iteration` is called after each with how many are done, and stops the run with `false`. The trace is built on a second
/// thread while the executor runs; nothing is dropped, the executor waits when it is ahead.
///
/// # Errors
/// [`RunError`]; nothing is kept of a run that breaks off.
pub fn record(
    executor: &mut dyn Executor,
    spec: &RunSpec,
    iterations: u32,
    on_iteration: &mut dyn FnMut(u32) -> bool,
) -> Result<Trace, RunError> {
    let plan = Arc::new(plan(spec)?);
    record_plan(executor, &plan, iterations, on_iteration)
}

/// The same for a plan that is there already: an executor that has run it keeps its memory and programs.
///
/// # Errors
/// As [`record`].
pub fn record_plan(
    executor: &mut dyn Executor,
    plan: &Arc<Plan>,
    iterations: u32,
    on_iteration: &mut dyn FnMut(u32) -> bool,
) -> Result<Trace, RunError> {
    if cfg!(target_arch = "wasm32") {
        return record_here(executor, plan, iterations, on_iteration);
    }
    let (mut recorder, inbox) = recorder::channel(Overflow::Wait);
    let collector = Collector::new(executor.provenance());
    thread::scope(|scope| {
        let collecting = thread::Builder::new()
            .name("weftscope-collect".to_owned())
            .spawn_scoped(scope, move || collect(collector, &inbox))?;
        let mut outcome = Ok(());
        let mut done = 0;
        while done < iterations && outcome.is_ok() {
            let info = executor.provenance();
            // Hardware runs them as they would run in earnest: behind one another.
            let count = if info.measured { AT_ONCE.min(iterations - done) } else { 1 };
            if info.measured {
                recorder.expect(info);
            }
            let ran = executor.run_many(plan, (u64::from(done), count), &mut recorder);
            recorder.seal(executor.provenance());
            done += count;
            let mut go_on = || on_iteration(done).then_some(()).ok_or(RunError::Cancelled);
            outcome = ran.map_err(RunError::from).and_then(|_| go_on());
        }
        drop(recorder);
        let trace = collecting.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        outcome?;
        Ok(trace?)
    })
}

/// The same without a second thread: the trace is built while the executor waits.
fn record_here(
    executor: &mut dyn Executor,
    plan: &Arc<Plan>,
    iterations: u32,
    on_iteration: &mut dyn FnMut(u32) -> bool,
) -> Result<Trace, RunError> {
    let mut collector = Collector::new(executor.provenance());
    for done in 0..iterations {
        executor.run_many(plan, (u64::from(done), 1), &mut collector)?;
        collector.ran_on(executor.provenance());
        if !on_iteration(done + 1) {
            return Err(RunError::Cancelled);
        }
    }
    Ok(collector.finish()?)
}

fn collect(mut collector: Collector, inbox: &Inbox) -> Result<Trace, CollectError> {
    while let Some(message) = inbox.next() {
        collector.take(message, inbox);
    }
    collector.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Toy, toy_plan, toy_spec};

    fn run(toy: &mut Toy, iterations: u32, stop_after: u32) -> Result<Trace, RunError> {
        let plan = Arc::new(toy_plan(&toy_spec()).unwrap());
        record_plan(toy, &plan, iterations, &mut |done| done < stop_after)
    }

    #[test]
    fn iterations_lie_one_after_another() {
        let trace = run(&mut Toy::default(), 3, 99).unwrap();
        assert_eq!(trace.span().len_ns(), 3 * 310);
        assert!(trace.diagnostics.is_clean());
    }

    #[test]
    fn without_a_second_thread_the_same_is_recorded() {
        let plan = Arc::new(toy_plan(&toy_spec()).unwrap());
        let here = record_here(&mut Toy::default(), &plan, 3, &mut |_| true).unwrap();
        let beside = run(&mut Toy::default(), 3, 99).unwrap();
        assert_eq!(here.lanes, beside.lanes);
        assert_eq!((&here.labels, &here.tracks), (&beside.labels, &beside.tracks));
        let stopped = record_here(&mut Toy::default(), &plan, 3, &mut |done| done < 2);
        assert!(matches!(stopped, Err(RunError::Cancelled)));
    }

    #[test]
    fn a_run_that_breaks_off_or_is_stopped_says_so() {
        let broken = run(&mut Toy { fail_at: Some(1) }, 3, 99);
        assert!(matches!(broken, Err(RunError::Exec(_))));
        assert!(matches!(run(&mut Toy::default(), 3, 1), Err(RunError::Cancelled)));
        assert!(matches!(
            run(&mut Toy::default(), 0, 1),
            Err(RunError::Collect(CollectError::Empty))
        ));
    }

    #[test]
    fn a_spec_that_cannot_be_planned_is_an_error() {
        let mut spec = toy_spec();
        spec.batch.requests.clear();
        let result = record(&mut Toy::default(), &spec, 1, &mut |_| true);
        assert!(matches!(result, Err(RunError::Plan(PlanError::NoTokens))));
    }
}
