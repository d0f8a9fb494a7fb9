//! Simulates a neighbour, off the thread of the window.

use std::sync::Arc;

use weftscope_engine::{
    neighbours::{Outcome, Run, Settings, neighbour},
    plan::Plan,
    sim::Simulator,
};
use weftscope_profiler::record::record_plan;
use weftscope_traces::Trace;

use super::{NeighbourRun, NeighbourShown};
use crate::{
    app::{Document, JobResult},
    jobs::{Cancelled, JobControl},
};

/// Steps of a job: the figures, and of two runs the trace and what draws it.
const STEPS: u64 = 5;

/// Simulates it with its idea and without, and makes both ready to be drawn.
pub(crate) fn run_neighbour(settings: &Settings, control: &JobControl) -> JobResult {
    match made_ready(settings, control) {
        Ok(Ok(run)) => JobResult::Neighbour(Box::new(run)),
        Ok(Err(cause)) => JobResult::Failed(cause),
        Err(Cancelled) => JobResult::Cancelled,
    }
}

fn made_ready(
    settings: &Settings,
    control: &JobControl,
) -> Result<Result<NeighbourRun, String>, Cancelled> {
    let (shown, runs) = match simulate(settings, control)? {
        Ok(simulated) => simulated,
        Err(cause) => return Ok(Err(cause)),
    };
    let mut documents = Vec::new();
    for (at, (plan, trace)) in runs.into_iter().enumerate() {
        let stem = format!("{}-{}", shown.name, if at == 0 { "with" } else { "without" });
        drop(plan);
        documents.push(Arc::new(Document::prepare(Arc::new(trace), stem)));
        control.step(4 + at as u64, STEPS)?;
    }
    let documents: Result<[Arc<Document>; 2], _> = documents.try_into();
    Ok(documents
        .map(|documents| NeighbourRun { shown, documents })
        .map_err(|_odd| "two runs were expected".to_owned()))
}

/// What was simulated: what the tab shows, and the runs with the idea and without.
pub(crate) type Simulated = (NeighbourShown, [(Arc<Plan>, Trace); 2]);

/// Simulates both runs, and records them.
pub(crate) fn simulate(
    settings: &Settings,
    control: &JobControl,
) -> Result<Result<Simulated, String>, Cancelled> {
    let Some(neighbour) = neighbour(settings.of()) else {
        return Ok(Err("there is no such neighbour".to_owned()));
    };
    let is_stopped = || control.is_cancelled();
    let Outcome { figures, runs } = match neighbour.simulate(settings, &is_stopped) {
        Ok(outcome) => outcome,
        Err(_) if control.is_cancelled() => return Err(Cancelled),
        Err(error) => return Ok(Err(error.to_string())),
    };
    control.step(1, STEPS)?;
    let record = |run: &Run| {
        let mut simulator = Simulator::new(&run.plan.spec.machine);
        let trace = record_plan(&mut simulator, &run.plan, 1, &mut |_| !is_stopped());
        trace.map(|trace| (Arc::clone(&run.plan), trace)).map_err(|error| error.to_string())
    };
    let with = record(&runs.with);
    control.step(2, STEPS)?;
    let without = record(&runs.without);
    control.step(3, STEPS)?;
    let shown = NeighbourShown {
        name: neighbour.name.to_owned(),
        knobs: settings.texts(),
        figures: figures.iter().map(Into::into).collect(),
    };
    Ok(with.and_then(|with| Ok((shown, [with, without?]))))
}
