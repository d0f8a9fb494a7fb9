use std::sync::Arc;

use weftscope_engine::{
    executor::Executor,
    observer::{BlockRecord, CounterRecord, IterationEnd, Observer, OpRecord},
    plan::{Plan, plan},
    spec::{RunSpec, StrategyKind},
};
use weftscope_profiler::{
    baselines::baselines,
    sweep::{SweepAxis, sweep},
};

use super::{Backend, Baseline, CurvePoint, LiveEvent};
use crate::{
    app::{Event, JobResult},
    jobs::{EventSender, JobControl},
};

/// Runs the baselines of `spec`, telling each as it is done. On the job's own thread.
pub(crate) fn run_baselines(
    backend: &Backend,
    spec: &Arc<RunSpec>,
    events: &EventSender,
    control: &JobControl,
) -> JobResult {
    let executor = &mut *backend.executor(&spec.machine);
    let mut done = 0;
    let mut tell = |strategy, outcome: Result<i64, _>| {
        done += 1;
        let outcome =
            outcome.map_err(|error: weftscope_profiler::record::RunError| error.to_string());
        let baseline = Baseline { strategy, outcome };
        events.send(live(LiveEvent::Baseline { of: Arc::clone(spec), baseline }));
        // Cancelling is asked for before each run; here only the bar moves.
        control.step(done, StrategyKind::ALL.len() as u64).ok();
    };
    baselines(executor, spec, &mut tell, &|| control.is_cancelled());
    if let Some(ns) = unsplit_alone(executor, spec).filter(|_| !control.is_cancelled()) {
        events.send(live(LiveEvent::UnsplitAlone { of: Arc::clone(spec), ns }));
    }
    JobResult::Done
}

/// Runs the points of a curve, telling each as it is done. On the job's own thread.
pub(crate) fn run_curve(
    backend: &Backend,
    spec: &Arc<RunSpec>,
    axis: SweepAxis,
    events: &EventSender,
    control: &JobControl,
) -> JobResult {
    let executor = &mut *backend.executor(&spec.machine);
    let points = axis.points(spec);
    let mut done = 0;
    let mut tell = |x, outcome: Result<i64, weftscope_profiler::record::RunError>| {
        done += 1;
        let point =
            outcome.map(|time_ns| CurvePoint { x, time_ns }).map_err(|error| error.to_string());
        events.send(live(LiveEvent::CurvePoint { of: Arc::clone(spec), axis, point }));
        control.step(done, points.len() as u64).ok();
    };
    sweep(executor, spec, (axis, &points), &mut tell, &|| control.is_cancelled());
    JobResult::Done
}

/// Sum of the durations alone of the ops of `nocomm`, which computes everything and splits nothing.
fn unsplit_alone(executor: &mut dyn Executor, spec: &RunSpec) -> Option<i64> {
    let mut spec = spec.clone();
    spec.knobs.strategy = StrategyKind::NoComm;
    let plan = Arc::new(plan(&spec).ok()?);
    let mut heard = AloneSum(None);
    executor.run(&plan, 0, &mut heard).ok()?;
    heard.0
}

/// Hears the durations alone of a run's ops and nothing else.
struct AloneSum(Option<i64>);

impl Observer for AloneSum {
    fn begin(&mut self, _: &Arc<Plan>, _: u64, alone_ns: &[Option<i64>]) {
        self.0 = alone_ns.iter().copied().sum();
    }
    fn blocks(&mut self, _: &[BlockRecord]) {}
    fn op(&mut self, _: OpRecord) {}
    fn counters(&mut self, _: &[CounterRecord]) {}
    fn end(&mut self, _: &IterationEnd) {}
}

fn live(event: LiveEvent) -> Event {
    Event::Live(Box::new(event))
}
