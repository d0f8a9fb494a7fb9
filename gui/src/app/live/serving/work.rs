//! What the jobs of the tab do, each on a thread of its own.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use weftscope_engine::{
    batch::Batch,
    plan::plan,
    serving::{Iteration, KvCapacity, Pricing, Simulated, serve, step_of},
    spec::StrategyKind,
};

#[cfg(feature = "gpus")]
use super::gpus::serve_on_gpus;
use super::{
    ServedRun, ServingEvent, ServingRun,
    tell::{head, send, tell},
};
use crate::{
    app::{
        JobResult,
        live::{Backend, Executors},
    },
    jobs::{EventSender, JobControl, spread},
    serving::Workload,
};

/// Serves by each strategy and sends each as it is done: simulated ones side by side, on GPUs one after the other.
pub(crate) fn run_serving(
    executors: &Executors,
    run: &Arc<ServingRun>,
    events: &EventSender,
    control: &JobControl,
) -> JobResult {
    let workload = match checked(run) {
        Ok(workload) => workload,
        Err(cause) => {
            send(events, run, ServingEvent::Failed(cause));
            return JobResult::Done;
        }
    };
    match &run.backend {
        #[cfg(not(feature = "gpus"))]
        Backend::Gpus(..) => {
            let _none = executors;
            JobResult::Done
        }
        Backend::Simulated => serve_simulated(run, &workload, events, control),
        #[cfg(feature = "gpus")]
        Backend::Gpus(_, how) => {
            let (run, events, control) = (Arc::clone(run), events.clone(), control.clone());
            let weights = how.weights.clone();
            let work = {
                let (run, events) = (Arc::clone(&run), events.clone());
                move |closes: &dyn Fn() -> bool| {
                    serve_on_gpus(&run, &workload, weights.as_deref(), &events, &|done, of| {
                        !closes() && control.step(done, of).is_ok()
                    });
                    control.is_cancelled()
                }
            };
            match executors.alone(work) {
                Ok(true) => JobResult::Cancelled,
                Ok(false) => JobResult::Done,
                Err(cause) => {
                    send(&events, &run, ServingEvent::Failed(cause));
                    JobResult::Done
                }
            }
        }
    }
}

fn serve_simulated(
    run: &Arc<ServingRun>,
    workload: &Workload,
    events: &EventSender,
    control: &JobControl,
) -> JobResult {
    let first = run.asked.strategies.first().map(|&strategy| run.by(strategy));
    if let Some(Ok(kv)) = first.as_ref().map(KvCapacity::of) {
        send(events, run, ServingEvent::Head(head(workload, kv)));
    }
    let strategies = &run.asked.strategies;
    let total = (workload.requests.len() * strategies.len()) as u64;
    let answered = AtomicU64::new(0);
    // Those that cut batches take longest and stand last.
    spread(strategies.len(), |from_last| {
        let strategy = strategies[strategies.len() - 1 - from_last];
        let mut before = 0;
        let mut progress = |_: &Iteration, done: u64| {
            let all = answered.fetch_add(done - before, Ordering::Relaxed) + done - before;
            before = done;
            control.step(all, total).is_ok()
        };
        let spec = run.by(strategy);
        let served = Simulated::new(&spec, Pricing::Bucketed)
            .and_then(|mut engine| serve(&spec, &workload.requests, &mut engine, &mut progress));
        tell(events, run, strategy, served);
    });
    if control.is_cancelled() { JobResult::Cancelled } else { JobResult::Done }
}

/// The requests, or what is wrong with what is asked for: said before anything runs.
fn checked(run: &ServingRun) -> Result<Workload, String> {
    let first = *run.asked.strategies.first().ok_or("no strategy is to serve")?;
    let spec = run.by(first);
    spec.check().map_err(|error| error.to_string())?;
    if run.backend == Backend::Simulated {
        KvCapacity::of(&spec).map_err(|error| error.to_string())?;
    }
    plan(&spec.run_of(Batch::prefill(1, 1))).map_err(|error| error.to_string())?;
    run.asked.demand.workload().map_err(|error| error.to_string())
}

/// Asks what an iteration computed.
pub(crate) fn run_lookup(
    run: &Arc<ServingRun>,
    served: &ServedRun,
    number: usize,
    events: &EventSender,
) -> JobResult {
    let strategy: StrategyKind = served.report.strategy;
    if let Some(step) = step_of(&served.served, run.asked.limits, number) {
        send(events, run, ServingEvent::Batch(strategy, number, step.batch()));
    }
    JobResult::Done
}
