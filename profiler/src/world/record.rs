//! Iterations of a run that is one of several processes': the whole of it, and closed stretches while it goes on.

use std::sync::Arc;

use weftscope_engine::{
    executor::Executor,
    observer::{
        BlockRecord, ClockResidual, CounterRecord, IterationEnd, LaunchRecord, Observer, OpRecord,
    },
    plan::Plan,
};
use weftscope_traces::Trace;

use crate::{collect::Collector, record::RunError};

/// Iterations of hardware that run back to back before anybody is met.
const AT_ONCE: u64 = 8;

/// What is to be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretches {
    /// Iterations in all.
    pub iterations: u64,
    /// Iterations of a stretch; `None`: no stretches are wanted.
    pub each: Option<u64>,
    /// The whole of it is wanted, too.
    pub whole: bool,
}

/// Runs a plan. `step` is called with the number of the next iteration before it begins, and `closed` with the trace of every
/// stretch once its iterations have ended; either may end the run. Gives the whole trace, where it is wanted.
///
/// # Errors
/// What the executor, `step` or `closed` says; stretches that were closed stay closed.
pub fn record<E: From<RunError>>(
    executor: &mut dyn Executor,
    plan: &Arc<Plan>,
    stretches: Stretches,
    step: &mut dyn FnMut(u64) -> Result<(), E>,
    closed: &mut dyn FnMut(Trace) -> Result<(), E>,
) -> Result<Option<Trace>, E> {
    let new = |executor: &dyn Executor| Collector::new(executor.provenance());
    let mut whole = stretches.whole.then(|| new(executor));
    let mut done = 0;
    while done < stretches.iterations {
        let end = stretches.each.map_or(stretches.iterations, |each| done + each.max(1));
        let end = end.min(stretches.iterations);
        let mut stretch = stretches.each.map(|_| new(executor));
        while done < end {
            step(done)?;
            let at_once = if executor.provenance().measured { AT_ONCE } else { 1 };
            let count = at_once.min(end - done);
            let mut both = Both([stretch.as_mut(), whole.as_mut()]);
            let ran = executor.run_many(plan, (done, count as u32), &mut both);
            ran.map_err(RunError::from)?;
            for collector in [&mut stretch, &mut whole].into_iter().flatten() {
                collector.ran_on(executor.provenance());
            }
            done += count;
        }
        if let Some(stretch) = stretch {
            closed(stretch.finish().map_err(RunError::from)?)?;
        }
    }
    let finished = whole.map(Collector::finish).transpose();
    Ok(finished.map_err(RunError::from)?)
}

/// One or two that are told the same.
struct Both<'a>([Option<&'a mut Collector>; 2]);

impl Both<'_> {
    fn each(&mut self, tell: impl Fn(&mut Collector)) {
        self.0.iter_mut().flatten().for_each(|collector| tell(collector));
    }
}

impl Observer for Both<'_> {
    fn begin(&mut self, plan: &Arc<Plan>, iteration: u64, isolated_ns: &[Option<i64>]) {
        self.each(|collector| collector.begin(plan, iteration, isolated_ns));
    }

    fn blocks(&mut self, records: &[BlockRecord]) {
        self.each(|collector| collector.blocks(records));
    }

    fn op(&mut self, record: OpRecord) {
        self.each(|collector| collector.op(record));
    }

    fn counters(&mut self, records: &[CounterRecord]) {
        self.each(|collector| collector.counters(records));
    }

    fn launches(&mut self, records: &[LaunchRecord]) {
        self.each(|collector| collector.launches(records));
    }

    fn clocks(&mut self, residuals: &[ClockResidual]) {
        self.each(|collector| collector.clocks(residuals));
    }

    fn end(&mut self, end: &IterationEnd) {
        self.each(|collector| collector.end(end));
    }
}
