//! What the jobs of the tab do, each on a thread of its own.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use weftscope_engine::{
    batch::Batch,
    plan::plan,
    serving::{
        Iteration, KvCapacity, Pricing, ServingError, ServingReport, Simulated, serve, step_of,
    },
    spec::StrategyKind,
};

use super::{Profile, ServedRun, ServedStrategy, ServingEvent, ServingHead, ServingRun};
use crate::{
    app::{Event, JobResult, live::LiveEvent},
    jobs::{EventSender, JobControl, spread},
    serving::Workload,
};

/// Serves by each strategy, side by side, and sends each as it is done.
pub(crate) fn run_serving(
    run: &Arc<ServingRun>,
    events: &EventSender,
    control: &JobControl,
) -> JobResult {
    let workload = match checked(run) {
        Ok((head, workload)) => {
            send(events, run, ServingEvent::Head(head));
            workload
        }
        Err(cause) => {
            send(events, run, ServingEvent::Failed(cause));
            return JobResult::Done;
        }
    };
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
        let outcome = match served {
            Err(ServingError::Stopped) => return,
            Err(error) => Err(error.to_string()),
            Ok(served) => {
                let report = ServingReport::of(strategy, &served);
                let profile = Profile::of(&served.iterations);
                Ok(Arc::new(ServedRun { report, served, profile }))
            }
        };
        send(events, run, ServingEvent::Served(ServedStrategy { strategy, outcome }));
    });
    if control.is_cancelled() { JobResult::Cancelled } else { JobResult::Done }
}

/// The requests and the room for them, or what is wrong with what is asked for: said before anything runs.
fn checked(run: &ServingRun) -> Result<(ServingHead, Workload), String> {
    let first = *run.asked.strategies.first().ok_or("no strategy is to serve")?;
    let spec = run.by(first);
    spec.check().map_err(|error| error.to_string())?;
    let kv = KvCapacity::of(&spec).map_err(|error| error.to_string())?;
    plan(&spec.run_of(Batch::prefill(1, 1))).map_err(|error| error.to_string())?;
    let workload = run.asked.demand.workload().map_err(|error| error.to_string())?;
    let head = ServingHead {
        words: workload.words.clone(),
        empty_rows: workload.empty_rows,
        kv_tokens: kv.tokens(),
        kv_bytes: kv.bytes(),
    };
    Ok((head, workload))
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

fn send(events: &EventSender, of: &Arc<ServingRun>, event: ServingEvent) {
    let event = LiveEvent::Serving { of: Arc::clone(of), event: Box::new(event) };
    events.send(Event::Live(Box::new(event)));
}
