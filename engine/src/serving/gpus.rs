//! Requests served on the GPUs, as their time goes by.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use super::{
    Blocks, Chunk, CudaGraphs, Engine, KvCapacity, Ran, Scheduler, ServingError, ServingRequest,
    ServingSpec, Step,
};
use crate::{
    batch::{Batch, Request},
    cuda::{Batches, CudaExecutor, Launching, Next, PAGE_TOKENS, Placed, page_bytes},
    executor::ExecError,
    generate::{Sampler, Sampling, SamplingError},
    plan::plan,
    random::mix,
};

/// What requests ask.
#[derive(Clone, Debug)]
pub enum Prompts {
    /// Tokens at random, by a seed.
    Random(u64),
    /// These, by request.
    Given(Vec<Vec<u32>>),
}

/// The GPUs, serving.
#[derive(Debug)]
pub struct OnGpus<'a> {
    spec: &'a ServingSpec,
    batches: Batches,
    kv: KvCapacity,
    prompts: Prompts,
    sampling: Sampling,
    /// By request, since it began.
    requests: Vec<Answering>,
    began: Instant,
}

/// How far a request is.
#[derive(Debug)]
struct Answering {
    prompt_tokens: u32,
    /// The tokens so far.
    answer: Vec<u32>,
    sampler: Sampler,
}

impl<'a> OnGpus<'a> {
    /// Puts weights on the GPUs and gives the cache what is left of the share of their memory, `most_pages` at most.
    ///
    /// # Errors
    /// [`ServingError`]: settings out of range, no plan, no memory, GPUs that do not run it.
    pub fn new(
        mut executor: CudaExecutor,
        spec: &'a ServingSpec,
        prompts: Prompts,
        sampling: Sampling,
        most_pages: Option<u32>,
    ) -> Result<Self, ServingError> {
        spec.check()?;
        executor.set_recording(false);
        let run = spec.run_of(fullest(spec));
        let plan = Arc::new(plan(&run)?);
        let pages = executor.room_for_pages(&plan, spec.memory_share)?;
        // One is nobody's.
        let pages = pages.saturating_sub(1).min(most_pages.unwrap_or(u32::MAX));
        if pages == 0 {
            return Err(ServingError::Memory(format!(
                "{} and the activations of {} tokens leave no memory for keys and values in {:.0} % of a GPU's",
                spec.model.name,
                spec.limits.budget_tokens,
                100.0 * spec.memory_share
            )));
        }
        let token_bytes = page_bytes(&plan) / u64::from(PAGE_TOKENS);
        let kv = KvCapacity { blocks: Blocks { count: pages, tokens: PAGE_TOKENS }, token_bytes };
        let batches = Batches::new(executor, run, pages);
        let (requests, began) = (Vec::new(), Instant::now());
        Ok(Self { spec, batches, kv, prompts, sampling, requests, began })
    }

    /// Gives the GPUs back, with the weights on them.
    pub fn into_executor(self) -> CudaExecutor {
        self.batches.into_executor()
    }

    /// The tokens of each request's answer so far.
    pub fn answers(&self) -> impl Iterator<Item = &[u32]> {
        self.requests.iter().map(|request| request.answer.as_slice())
    }

    /// Ns since the first arrival.
    fn now_ns(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_nanos()).unwrap_or(i64::MAX)
    }

    /// The token at this place of a request: of its prompt, or of what was answered.
    fn token(&self, request: u32, position: u32) -> u32 {
        let Answering { prompt_tokens, answer, .. } = &self.requests[request as usize];
        if let Some(answered) = position.checked_sub(*prompt_tokens) {
            return answer[answered as usize];
        }
        match &self.prompts {
            Prompts::Given(prompts) => prompts[request as usize][position as usize],
            Prompts::Random(seed) => {
                let bits = mix(mix(*seed) ^ (u64::from(request) << 32 | u64::from(position)));
                (bits % u64::from(self.spec.model.vocab)) as u32
            }
        }
    }

    fn next(&self, chunk: &Chunk, pages: &[u32]) -> Next {
        let Chunk { request, cached_tokens, new_tokens, .. } = *chunk;
        let positions = cached_tokens..cached_tokens + new_tokens;
        let ids = positions.map(|position| self.token(request, position)).collect();
        Next { ids, placed: Placed { cached_tokens, pages: pages.to_vec() } }
    }

    /// Gives a token to each request whose last one has been computed.
    fn pick(&mut self, step: &Step) -> Result<(), ServingError> {
        let ends = |chunk: &Chunk| {
            let request = &self.requests[chunk.request as usize];
            let known = request.prompt_tokens + request.answer.len() as u32;
            chunk.cached_tokens + chunk.new_tokens == known
        };
        let ended: Vec<(usize, u32)> = (0..)
            .zip(&step.chunks)
            .filter(|(_, chunk)| ends(chunk))
            .map(|(at, chunk)| (at, chunk.request))
            .collect();
        let sequences = step.chunks.len();
        // Logits stay on the GPUs where the likeliest token is all that is asked for.
        let tokens: Vec<Option<u32>> = if self.sampling.temperature == 0.0 {
            let likeliest = self.batches.likeliest(sequences)?;
            ended.iter().map(|&(at, _)| likeliest[at]).collect()
        } else {
            let logits = self.batches.logits(sequences)?;
            self.draw(&ended, &logits)
        };
        for (&(_, request), token) in ended.iter().zip(tokens) {
            let no_number = || {
                let why = format!("no logit of request {request} is a number");
                ServingError::Run(ExecError::Unsupported(why))
            };
            self.requests[request as usize].answer.push(token.ok_or_else(no_number)?);
        }
        Ok(())
    }

    /// A token for each of these requests by its row of logits, on all cores: a vocabulary takes a millisecond.
    fn draw(&mut self, ended: &[(usize, u32)], logits: &[Vec<f32>]) -> Vec<Option<u32>> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let share = ended.len().div_ceil(cores).max(1);
        let mut tokens = vec![None; ended.len()];
        let mut samplers: Vec<Sampler> = ended
            .iter()
            .map(|&(_, request)| self.requests[request as usize].sampler.clone())
            .collect();
        thread::scope(|scope| {
            let parts = ended.chunks(share).zip(samplers.chunks_mut(share));
            for ((ended, samplers), tokens) in parts.zip(tokens.chunks_mut(share)) {
                scope.spawn(move || {
                    for ((&(at, _), sampler), token) in ended.iter().zip(samplers).zip(tokens) {
                        *token = sampler.pick(&logits[at]);
                    }
                });
            }
        });
        for (&(_, request), sampler) in ended.iter().zip(samplers) {
            self.requests[request as usize].sampler = sampler;
        }
        tokens
    }

    fn launching(&self, step: &Step) -> Launching {
        if self.spec.graphs.captures(step) { Launching::Graphs } else { Launching::Direct }
    }
}

/// An iteration as large as there may be one.
fn fullest(spec: &ServingSpec) -> Batch {
    let budget = spec.limits.budget_tokens;
    let decodes = spec.limits.max_sequences.min(budget) - 1;
    let mut requests = vec![Request { cached_tokens: 1, new_tokens: 1 }; decodes as usize];
    requests.push(Request { cached_tokens: 0, new_tokens: budget - decodes });
    Batch { requests }
}

impl Engine for OnGpus<'_> {
    fn capacity(&self) -> KvCapacity {
        self.kv
    }

    fn begin(&mut self, requests: &[ServingRequest]) -> Result<(), ServingError> {
        let answering = |(index, request): (u64, &ServingRequest)| {
            let sampling = Sampling { seed: mix(self.sampling.seed) ^ index, ..self.sampling };
            Ok(Answering {
                prompt_tokens: request.prompt_tokens,
                answer: Vec::with_capacity(request.output_tokens as usize),
                sampler: Sampler::new(sampling)?,
            })
        };
        let requests_of = (0..).zip(requests).map(answering);
        self.requests = requests_of
            .collect::<Result<_, SamplingError>>()
            .map_err(|error| ServingError::Run(ExecError::Unsupported(error.to_string())))?;
        self.batches.make_ready(self.spec.limits.budget_tokens)?;
        if self.spec.graphs != CudaGraphs::Never {
            let longest = requests.iter().map(ServingRequest::context_tokens).max().unwrap_or(1);
            let at_once = self.spec.limits.max_sequences.min(requests.len() as u32);
            let captured = at_once.min(CudaGraphs::MOST_CAPTURED);
            self.batches.capture(captured, longest)?;
        }
        self.began = Instant::now();
        Ok(())
    }

    fn iterate(
        &mut self,
        start_ns: i64,
        step: &Step,
        scheduler: &Scheduler<'_>,
    ) -> Result<Ran, ServingError> {
        let chunks = step.chunks.iter();
        let batch: Vec<Next> =
            chunks.map(|chunk| self.next(chunk, scheduler.blocks_of(chunk.request))).collect();
        let ran = self.batches.run(batch, self.launching(step))?;
        self.pick(step)?;
        // All that the GPUs were not busy for is the host's.
        let host_ns = (self.now_ns() - start_ns - ran.gpu_ns).max(0);
        Ok(Ran { host_ns, gpu_ns: ran.gpu_ns, comm: None, runs: ran.runs, in_graph: ran.in_graph })
    }

    fn idle_until(&mut self, time_ns: i64) {
        let left_ns = u64::try_from(time_ns - self.now_ns()).unwrap_or(0);
        thread::sleep(Duration::from_nanos(left_ns));
    }

    fn simulated(&self) -> Option<u64> {
        None
    }
}
