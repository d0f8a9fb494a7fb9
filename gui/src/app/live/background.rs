use std::sync::Arc;

use weftscope_engine::{
    choose::{Settled, settle},
    spec::{RunSpec, StrategyKind},
};
use weftscope_profiler::{
    baselines::{IterationTiming, baselines},
    record::RunError,
    shared::Look,
    sweep::{SweepAxis, sweep},
};

use super::{Backend, Baseline, CurvePoint, Executors, LiveEvent};
use crate::{
    app::{Event, JobResult},
    jobs::{EventSender, JobControl},
};

/// GPUs that were idle a moment ago are faster than they will be: what was timed first is timed again once all has been, and the newer
/// times count.
const PASSES_ON_GPUS: u64 = 2;

/// Runs the baselines of `spec` and sends each as it is done. On the job's own thread.
pub(crate) fn run_baselines(
    executors: &Executors,
    backend: &Backend,
    spec: &Arc<RunSpec>,
    events: &EventSender,
    control: &JobControl,
) -> JobResult {
    let mut executor = match executors.executor(backend, &spec.machine, Look::Times, control) {
        Ok(executor) => executor,
        Err(error) => return JobResult::Failed(error.to_string()),
    };
    let measured = executor.provenance().measured;
    let weave = settled_weave(spec);
    if let Some(answer) = weave.as_ref().map(cut_of) {
        events.send(live(LiveEvent::Simulated { of: Arc::clone(spec), answer }));
    }
    let passes = if measured { PASSES_ON_GPUS } else { 1 };
    let (mut done, all) = (0, passes * StrategyKind::ALL.len() as u64);
    let mut tell = |strategy, timing: Result<IterationTiming, RunError>| {
        done += 1;
        // `nocomm` computes everything and splits nothing.
        if let (StrategyKind::NoComm, Ok(IterationTiming { isolated_ns: Some(ns), .. })) =
            (strategy, &timing)
        {
            events.send(live(LiveEvent::UnsplitAlone { of: Arc::clone(spec), ns: *ns }));
        }
        let outcome = timing.map(|timing| timing.time_ns).map_err(|error| error.to_string());
        let baseline = Baseline { strategy, outcome, measured };
        events.send(live(LiveEvent::Baseline { of: Arc::clone(spec), baseline }));
        // Cancelling is asked for before each run; here only the bar moves.
        control.step(done, all).ok();
    };
    for _ in 0..passes {
        baselines(executor.as_mut(), spec, weave.clone(), &mut tell, &|| control.is_cancelled());
    }
    JobResult::Done
}

/// What simulation chooses for the weave of `spec`; `None` where it has no say.
fn settled_weave(spec: &RunSpec) -> Option<Settled> {
    let mut open = spec.clone();
    open.knobs.strategy = StrategyKind::TokenWeave;
    settle(&open).ok()?
}

/// Where it would cut, or why it would not.
fn cut_of(weave: &Settled) -> Result<u32, String> {
    weave.candidate.cut().map(|cut| cut.first_tokens).ok_or_else(|| weave.reason.clone())
}

/// Runs the points of a curve and sends each as it is done. On the job's own thread.
pub(crate) fn run_curve(
    executors: &Executors,
    backend: &Backend,
    spec: &Arc<RunSpec>,
    axis: SweepAxis,
    events: &EventSender,
    control: &JobControl,
) -> JobResult {
    let mut executor = match executors.executor(backend, &spec.machine, Look::Times, control) {
        Ok(executor) => executor,
        Err(error) => return JobResult::Failed(error.to_string()),
    };
    let points = axis.points(spec);
    let mut done = 0;
    let mut tell = |at, timing: Result<IterationTiming, RunError>| {
        done += 1;
        let point = timing
            .map(|timing| CurvePoint { at, time_ns: timing.time_ns })
            .map_err(|error| error.to_string());
        events.send(live(LiveEvent::CurvePoint { of: Arc::clone(spec), axis, point }));
        control.step(done, points.len() as u64).ok();
    };
    sweep(executor.as_mut(), spec, &points, &mut tell, &|| control.is_cancelled());
    JobResult::Done
}

fn live(event: LiveEvent) -> Event {
    Event::Live(Box::new(event))
}
