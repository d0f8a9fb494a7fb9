//! From iteration to iteration until every request has its answer.

use serde::{Deserialize, Serialize};

use super::{
    CommTime, Distribution, Engine, KvCapacity, Ran, Scheduler, ServingError, ServingRequest,
    ServingSpec, Step,
};
use crate::{memory::size, spec::StrategyKind};

/// One iteration.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Iteration {
    /// When the host began to schedule it, ns from the first arrival.
    pub start_ns: i64,
    /// Time of the host before the GPUs have it, ns.
    pub host_ns: i64,
    /// Time of the GPUs, ns.
    pub gpu_ns: i64,
    /// Collectives in that; `None` where nobody looked.
    pub comm: Option<CommTime>,
    /// Decode steps.
    pub decode_tokens: u32,
    /// Tokens of prompts, and of what preemptions lost.
    pub prefill_tokens: u32,
    /// Sequences.
    pub sequences: u32,
    /// Blocks of keys and values in use.
    pub kv_blocks: u32,
    /// Requests that lost their cache for it.
    pub preempted: u32,
    /// What the strategy did.
    pub runs: StrategyKind,
    /// Launched as one CUDA graph.
    pub in_graph: bool,
}

impl Iteration {
    /// When its tokens are there, ns from the first arrival.
    pub fn end_ns(&self) -> i64 {
        self.start_ns + self.host_ns + self.gpu_ns
    }

    /// Tokens computed.
    pub fn tokens(&self) -> u32 {
        self.decode_tokens + self.prefill_tokens
    }
}

/// When a request got what it asked for, ns from the first arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The request.
    pub request: ServingRequest,
    /// When its first token was there.
    pub first_token_ns: i64,
    /// When its last token was there.
    pub finished_ns: i64,
}

/// Requests served.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Served {
    /// In order.
    pub iterations: Vec<Iteration>,
    /// Of every request that was not refused, in order of arrival.
    pub outcomes: Vec<Outcome>,
    /// Times from a token of a request to its next.
    pub between_tokens: Distribution,
    /// Time in which nobody waited or ran, ns.
    pub idle_ns: i64,
    /// Requests that no cache of this size can hold.
    pub refused: Vec<ServingRequest>,
    /// Memory of keys and values.
    pub kv: KvCapacity,
    /// Different batches that were simulated; `None` where none was.
    pub simulated: Option<u64>,
}

/// Serves requests, which are in order of arrival; `progress` hears of each iteration, and of how many requests have been answered
/// since the first, and stops it with `false`.
///
/// # Errors
/// [`ServingError`]: no request that fits, an iteration that fails; it was stopped.
pub fn serve(
    spec: &ServingSpec,
    requests: &[ServingRequest],
    engine: &mut dyn Engine,
    progress: &mut dyn FnMut(&Iteration, u64) -> bool,
) -> Result<Served, ServingError> {
    spec.check()?;
    let kv = engine.capacity();
    let fits = |request: &ServingRequest| {
        request.context_tokens().div_ceil(kv.blocks.tokens) <= kv.blocks.count
    };
    let (accepted, refused): (Vec<_>, Vec<_>) = requests.iter().partition(|&request| fits(request));
    if accepted.is_empty() {
        return Err(no_request(&refused, &kv));
    }
    engine.begin(&accepted)?;
    let mut server = Server {
        kv,
        scheduler: Scheduler::new(&accepted, spec.limits, kv.blocks),
        engine,
        answers: vec![Answer::default(); accepted.len()],
        between_tokens: Distribution::default(),
        answered: 0,
    };
    let (mut now_ns, mut idle_ns, mut arrived) = (0, 0, 0);
    let mut iterations = Vec::new();
    loop {
        while accepted.get(arrived).is_some_and(|request| request.arrival_ns <= now_ns) {
            server.scheduler.arrive(arrived as u32);
            arrived += 1;
        }
        if !server.scheduler.is_idle() {
            let iteration = server.iterate(now_ns)?;
            now_ns = iteration.end_ns();
            iterations.push(iteration);
            if !progress(&iteration, server.answered) {
                return Err(ServingError::Stopped);
            }
        } else if let Some(next) = accepted.get(arrived) {
            server.engine.idle_until(next.arrival_ns);
            idle_ns += next.arrival_ns - now_ns;
            now_ns = next.arrival_ns;
        } else {
            break;
        }
    }
    let Server { answers, engine, between_tokens, .. } = server;
    let outcome = |(&request, answer): (&ServingRequest, &Answer)| Outcome {
        request,
        first_token_ns: answer.first_ns,
        finished_ns: answer.last_ns,
    };
    let outcomes = accepted.iter().zip(&answers).map(outcome).collect();
    let simulated = engine.simulated();
    Ok(Served { iterations, outcomes, between_tokens, idle_ns, refused, kv, simulated })
}

/// When the tokens of a request came, so far.
#[derive(Clone, Copy, Default)]
struct Answer {
    first_ns: i64,
    last_ns: i64,
}

struct Server<'a> {
    kv: KvCapacity,
    scheduler: Scheduler<'a>,
    engine: &'a mut dyn Engine,
    answers: Vec<Answer>,
    between_tokens: Distribution,
    answered: u64,
}

impl Server<'_> {
    fn iterate(&mut self, start_ns: i64) -> Result<Iteration, ServingError> {
        let step = self.scheduler.next_step();
        let kv_blocks = self.kv.blocks.count - self.scheduler.free_blocks();
        let Ran { host_ns, gpu_ns, comm, runs, in_graph } =
            self.engine.iterate(start_ns, &step, &self.scheduler)?;
        let iteration = Iteration {
            start_ns,
            host_ns,
            gpu_ns,
            comm,
            decode_tokens: step.decode_tokens(),
            prefill_tokens: step.prefill_tokens(),
            sequences: step.chunks.len() as u32,
            kv_blocks,
            preempted: step.preempted,
            runs,
            in_graph,
        };
        self.take_tokens(&step, iteration.end_ns());
        Ok(iteration)
    }

    fn take_tokens(&mut self, step: &Step, at_ns: i64) {
        let Self { scheduler, answers, between_tokens, answered, .. } = self;
        scheduler.complete(step, |request, generated, is_last| {
            let answer = &mut answers[request as usize];
            if generated == 1 {
                answer.first_ns = at_ns;
            } else {
                between_tokens.add(at_ns - answer.last_ns);
            }
            answer.last_ns = at_ns;
            *answered += u64::from(is_last);
        });
    }
}

fn no_request(refused: &[ServingRequest], kv: &KvCapacity) -> ServingError {
    let shortest = refused.iter().map(ServingRequest::context_tokens).min();
    ServingError::NoRequest(match shortest {
        None => "there are no requests".to_owned(),
        Some(tokens) => format!(
            "no request fits: the shortest needs keys and values of {tokens} tokens, and there is room for {} tokens ({} of each GPU)",
            kv.tokens(),
            size(kv.bytes())
        ),
    })
}
