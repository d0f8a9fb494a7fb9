//! Batch after batch of sequences whose keys and values stay in pages on the GPUs.
//!
//! Steps that only decode are captured as CUDA graphs of a [few sizes](captured_size) and [contexts](captured_context), each
//! by itself prepared once: a step fills up the next larger one. Other batches have plans of their own.

use std::{collections::HashMap, sync::Arc};

use super::{Contents, CudaExecutor, Launching, PAGE_TOKENS, Placed, pages_of};
use crate::{
    batch::{Batch, MAX_CACHED_TOKENS, Request, captured_context, captured_size},
    choose::ChosenByTokens,
    executor::{ExecError, Executor},
    observer::NullObserver,
    plan::{Plan, PlanError, plan},
    spec::{RunSpec, StrategyKind},
};

/// New tokens of a sequence in a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// Ids of the new tokens, at least one.
    pub ids: Vec<u32>,
    /// Tokens before them, and pages for all.
    pub placed: Placed,
}

/// What a batch took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchRan {
    /// Time of the GPUs, ns.
    pub gpu_ns: i64,
    /// What the strategy did with it.
    pub runs: StrategyKind,
    /// Launched as one graph a rank.
    pub in_graph: bool,
}

/// Runs batches of one model over a cache that is kept.
#[derive(Debug)]
pub struct Batches {
    executor: CudaExecutor,
    /// Everything but the batch.
    spec: RunSpec,
    chosen: ChosenByTokens,
    /// Plans of decode steps, by sequences and context.
    captured: HashMap<(u32, u32), Arc<Plan>>,
    /// Sequences of the batch that ran last, those of nobody's among them.
    rows: usize,
    /// The page that sequences write to which only fill a graph up.
    nobodys: u32,
}

impl Batches {
    /// With a cache of so many pages; the weights are the executor's.
    pub fn new(mut executor: CudaExecutor, spec: RunSpec, pages: u32) -> Self {
        executor.set_recording(false);
        executor.keep_cache(Some(pages + 1));
        let chosen = ChosenByTokens::default();
        Self { executor, spec, chosen, captured: HashMap::new(), rows: 0, nobodys: pages }
    }

    /// Gives the GPUs back, with the weights on them.
    pub fn into_executor(mut self) -> CudaExecutor {
        self.executor.keep_cache(None);
        self.executor.keep_ready(1);
        self.executor
    }

    /// Makes ready what batches will need, so that none waits for it: cuts for up to so many tokens, and memory for as many.
    ///
    /// # Errors
    /// No plan, or a run that fails.
    pub fn make_ready(&mut self, tokens: u32) -> Result<(), ExecError> {
        let spec = self.spec.clone();
        self.chosen.fill(&spec, tokens, false).map_err(|error| cannot(&error))?;
        // The tiles of products differ with the number of rows.
        for rows in ChosenByTokens::entries(tokens) {
            let plan = self.plan(Batch::prefill(rows, rows), Launching::Direct)?;
            self.executor.load_kernels(&plan)?;
        }
        let ids = vec![0; tokens.min(PAGE_TOKENS * self.nobodys) as usize];
        let pages = (0..pages_of(ids.len() as u32)).collect();
        let next = Next { ids, placed: Placed { cached_tokens: 0, pages } };
        self.run(vec![next], Launching::Direct).map(|_| ())
    }

    /// Captures the graphs that decode up to so many sequences of up to so many tokens; says how many those are.
    ///
    /// # Errors
    /// No plan, or a run that fails.
    pub fn capture(&mut self, sequences: u32, tokens: u32) -> Result<usize, ExecError> {
        let mut sizes: Vec<u32> = (1..=sequences).map(captured_size).collect();
        sizes.dedup();
        let mut contexts = vec![captured_context(1)];
        while let Some(&last) = contexts.last().filter(|&&last| last < tokens) {
            contexts.push(captured_context(last + 1));
        }
        let graphs = sizes.len() * contexts.len();
        self.executor.keep_ready(graphs + 1);
        // The largest first: smaller ones work in its memory.
        for &context in contexts.iter().rev() {
            for &size in sizes.iter().rev() {
                self.decode(vec![self.nobody()], (size, context))?;
            }
        }
        Ok(graphs)
    }

    /// Runs a batch: as one graph a rank, which a batch of decode steps may find ready, or op by op.
    ///
    /// # Errors
    /// No plan, or a run that fails.
    pub fn run(&mut self, batch: Vec<Next>, launching: Launching) -> Result<BatchRan, ExecError> {
        let decodes = batch.iter().all(|next| next.ids.len() == 1);
        if decodes && launching == Launching::Graphs {
            let longest = batch.iter().map(|next| next.placed.cached_tokens + 1).max();
            let size = captured_size(batch.len() as u32);
            return self.decode(batch, (size, captured_context(longest.unwrap_or(1))));
        }
        let request = |next: &Next| Request {
            cached_tokens: next.placed.cached_tokens,
            new_tokens: next.ids.len() as u32,
        };
        let plan = self.plan(Batch { requests: batch.iter().map(request).collect() }, launching)?;
        self.iterate(&plan, batch, launching)
    }

    /// Logits of the batch that ran last, `[sequences, vocabulary]`.
    ///
    /// # Errors
    /// What went wrong on a device since.
    pub fn logits(&self, sequences: usize) -> Result<Vec<Vec<f32>>, ExecError> {
        let ranks = self.executor.logits()?;
        let shard = |shard: &Vec<f32>, at: usize| {
            let own = shard.len() / self.rows.max(1);
            shard[at * own..(at + 1) * own].to_vec()
        };
        let joined = |at| ranks.iter().flat_map(|rank| shard(rank, at)).collect();
        Ok((0..sequences.min(self.rows)).map(joined).collect())
    }

    /// The likeliest token of each sequence of the batch that ran last; of equals the first. `None` where no logit is a number.
    ///
    /// # Errors
    /// What went wrong on a device since.
    pub fn likeliest(&self, sequences: usize) -> Result<Vec<Option<u32>>, ExecError> {
        let mut tokens = self.executor.likeliest()?;
        tokens.truncate(sequences);
        Ok(tokens)
    }

    fn decode(&mut self, mut batch: Vec<Next>, key: (u32, u32)) -> Result<BatchRan, ExecError> {
        let plan = match self.captured.get(&key) {
            Some(plan) => plan.clone(),
            None => {
                let (sequences, tokens) = key;
                let cached_tokens = (tokens - 1).min(MAX_CACHED_TOKENS);
                let request = Request { cached_tokens, new_tokens: 1 };
                let batch = Batch { requests: vec![request; sequences as usize] };
                let plan = self.plan(batch, Launching::Graphs)?;
                self.captured.insert(key, plan.clone());
                plan
            }
        };
        batch.resize(key.0 as usize, self.nobody());
        self.iterate(&plan, batch, Launching::Graphs)
    }

    /// The first token of a sequence that nobody asked for.
    fn nobody(&self) -> Next {
        let placed = Placed { cached_tokens: 0, pages: vec![self.nobodys] };
        Next { ids: vec![0], placed }
    }

    fn plan(&mut self, batch: Batch, launching: Launching) -> Result<Arc<Plan>, ExecError> {
        let spec = RunSpec { batch, ..self.spec.clone() };
        let in_graph = launching == Launching::Graphs;
        let spec = self.chosen.applied(&spec, in_graph).map_err(|error| cannot(&error))?;
        Ok(Arc::new(plan(&spec).map_err(|error| cannot(&error))?))
    }

    fn iterate(
        &mut self,
        plan: &Arc<Plan>,
        batch: Vec<Next>,
        launching: Launching,
    ) -> Result<BatchRan, ExecError> {
        self.rows = batch.len();
        let (ids, placed): (Vec<_>, _) =
            batch.into_iter().map(|next| (next.ids, next.placed)).unzip();
        self.executor.set_contents(Contents { ids: ids.concat(), placed });
        self.executor.set_launching(launching);
        self.executor.run(plan, 0, &mut NullObserver)?;
        let in_graph = self.executor.launches_graphs(plan);
        Ok(BatchRan { gpu_ns: self.executor.last_event_ns()?, runs: plan.decision.runs, in_graph })
    }
}

fn cannot(error: &PlanError) -> ExecError {
    ExecError::Unsupported(error.to_string())
}
