//! Serving on this computer's GPUs, whose iterations are seen as they come.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use weftscope_engine::{
    cuda::CudaExecutor,
    generate::Sampling,
    serving::{
        Distribution, Engine, Iteration, KvCapacity, OnGpus, Prompts, Served, ServingError,
        ServingSpec, serve,
    },
    spec::StrategyKind,
};

use super::{
    ServedRun, ServedStrategy, ServingEvent, ServingRun,
    tell::{head, send, tell},
};
use crate::{app::live::open_plain, jobs::EventSender, serving::Workload};

/// Time between two pictures of iterations so far.
const PICTURE: Duration = Duration::from_millis(250);

/// Serves by each strategy in turn, and sends the iterations so far some times a second. `step` is told how many requests of how many
/// have their answers, and says whether to go on. Where GPUs are run.
pub(super) fn serve_on_gpus(
    run: &Arc<ServingRun>,
    workload: &Workload,
    weights: Option<&Path>,
    events: &EventSender,
    step: &dyn Fn(u64, u64) -> bool,
) {
    let strategies = &run.asked.strategies;
    let total = (workload.requests.len() * strategies.len()) as u64;
    let mut kept = None;
    for (turn, &strategy) in (0..).zip(strategies) {
        let spec = run.by(strategy);
        let before = turn * workload.requests.len() as u64;
        let mut so_far =
            SoFar { strategy, run, events, iterations: Vec::new(), shown: Instant::now() };
        let served = opened(kept.take(), &spec, weights).and_then(|mut engine| {
            send(events, run, ServingEvent::Head(head(workload, engine.capacity())));
            let kv = engine.capacity();
            let served =
                serve(&spec, &workload.requests, &mut engine, &mut |iteration, answered| {
                    so_far.take(*iteration, kv);
                    step(before + answered, total)
                });
            kept = Some(engine.into_executor());
            served
        });
        let is_over = matches!(served, Err(ServingError::Stopped));
        tell(events, run, strategy, served);
        if is_over {
            return;
        }
    }
}

/// The GPUs with a strategy's weights on them: those that served before, or opened anew.
fn opened<'a>(
    kept: Option<CudaExecutor>,
    spec: &'a ServingSpec,
    weights: Option<&Path>,
) -> Result<OnGpus<'a>, ServingError> {
    let executor = match kept {
        Some(kept) => kept,
        None => open_plain(spec.knobs.tp, weights)?,
    };
    OnGpus::new(executor, spec, Prompts::Random(spec.knobs.seed), Sampling::default(), None)
}

/// Iterations of a strategy under way.
struct SoFar<'a> {
    strategy: StrategyKind,
    run: &'a Arc<ServingRun>,
    events: &'a EventSender,
    iterations: Vec<Iteration>,
    /// When they were last sent.
    shown: Instant,
}

impl SoFar<'_> {
    fn take(&mut self, iteration: Iteration, kv: KvCapacity) {
        self.iterations.push(iteration);
        if self.shown.elapsed() < PICTURE {
            return;
        }
        let served = Served {
            iterations: self.iterations.clone(),
            outcomes: Vec::new(),
            between_tokens: Distribution::default(),
            idle_ns: 0,
            refused: Vec::new(),
            kv,
            simulated: None,
        };
        let outcome = Ok(ServedRun::of(self.strategy, served, false));
        let strategy = self.strategy;
        send(self.events, self.run, ServingEvent::Served(ServedStrategy { strategy, outcome }));
        self.shown = Instant::now();
    }
}
