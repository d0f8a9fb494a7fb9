//! Continuous batching as vLLM V1 does it: which tokens of which requests the next iteration computes.

use std::collections::VecDeque;

use super::{Blocks, Chunk, Limits, ServingRequest, Step};

/// How far a request is.
#[derive(Clone, Debug, Default)]
struct Progress {
    /// Tokens with keys and values in the cache.
    computed: u32,
    /// Tokens of the answer.
    generated: u32,
    /// Numbers of the blocks that it holds, in the order of its tokens.
    blocks: Vec<u32>,
}

/// The requests that wait and run. It knows no time: who calls it says what has come.
#[derive(Debug)]
pub struct Scheduler<'a> {
    requests: &'a [ServingRequest],
    limits: Limits,
    blocks: Blocks,
    /// Blocks that somebody held and gave back.
    returned: Vec<u32>,
    /// From this number on nobody has held a block yet.
    fresh: u32,
    progress: Vec<Progress>,
    waiting: VecDeque<u32>,
    /// In the order in which they were let in.
    running: Vec<u32>,
}

impl<'a> Scheduler<'a> {
    /// Nothing has come yet. Each request that comes must fit into the `blocks` by itself.
    pub fn new(requests: &'a [ServingRequest], limits: Limits, blocks: Blocks) -> Self {
        Self {
            requests,
            limits,
            blocks,
            returned: Vec::new(),
            fresh: 0,
            progress: vec![Progress::default(); requests.len()],
            waiting: VecDeque::new(),
            running: Vec::new(),
        }
    }

    /// A request has come.
    pub fn arrive(&mut self, request: u32) {
        self.waiting.push_back(request);
    }

    /// Nobody waits or runs.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.running.is_empty()
    }

    /// Blocks that nobody holds.
    pub fn free_blocks(&self) -> u32 {
        self.blocks.count - self.fresh + self.returned.len() as u32
    }

    /// Numbers of the blocks that a request holds, in the order of its tokens.
    pub fn blocks_of(&self, request: u32) -> &[u32] {
        &self.progress[request as usize].blocks
    }

    /// The next step; without chunks only when nobody waits or runs.
    ///
    /// First come those that run, in order: each the tokens that it lacks, as far as the budget goes. Where blocks run out, the
    /// one let in last loses its cache and waits again, before all others. Then come those that wait, in order, unless somebody
    /// has just lost its cache.
    pub fn next_step(&mut self) -> Step {
        let mut step = Step::default();
        let mut budget = self.limits.budget_tokens;
        let mut place = 0;
        while place < self.running.len() && budget > 0 {
            let request = self.running[place];
            let chunk = self.chunk(request, budget);
            if !self.make_room(&chunk, &mut step) {
                break;
            }
            self.take_blocks(&chunk);
            budget -= chunk.new_tokens;
            step.chunks.push(chunk);
            place += 1;
        }
        if step.preempted == 0 {
            self.let_in(budget, &mut step);
        }
        step
    }

    /// The step has been computed. `token` is told of each request that has a token more: its index, how many it has by now,
    /// and whether that was its last.
    pub fn complete(&mut self, step: &Step, mut token: impl FnMut(u32, u32, bool)) {
        for chunk in &step.chunks {
            let request = self.requests[chunk.request as usize];
            let progress = &mut self.progress[chunk.request as usize];
            progress.computed += chunk.new_tokens;
            if progress.computed < request.prompt_tokens + progress.generated {
                continue;
            }
            progress.generated += 1;
            let is_last = progress.generated == request.output_tokens;
            token(chunk.request, progress.generated, is_last);
            if is_last {
                self.free(chunk.request);
            }
        }
        let (requests, progress) = (self.requests, &self.progress);
        self.running.retain(|&request| {
            progress[request as usize].generated < requests[request as usize].output_tokens
        });
    }

    /// The tokens that a request lacks, at most `budget`.
    fn chunk(&self, request: u32, budget: u32) -> Chunk {
        let Progress { computed, generated, .. } = &self.progress[request as usize];
        let (computed, generated) = (*computed, *generated);
        let lacks = self.requests[request as usize].prompt_tokens + generated - computed;
        let decodes = generated > 0 && lacks == 1;
        Chunk { request, cached_tokens: computed, new_tokens: lacks.min(budget), decodes }
    }

    fn missing_blocks(&self, chunk: &Chunk) -> u32 {
        let blocks = (chunk.cached_tokens + chunk.new_tokens).div_ceil(self.blocks.tokens);
        blocks - self.progress[chunk.request as usize].blocks.len() as u32
    }

    fn take_blocks(&mut self, chunk: &Chunk) {
        for _ in 0..self.missing_blocks(chunk) {
            let block = self.returned.pop().unwrap_or_else(|| {
                self.fresh += 1;
                self.fresh - 1
            });
            self.progress[chunk.request as usize].blocks.push(block);
        }
    }

    fn free(&mut self, request: u32) {
        self.returned.append(&mut self.progress[request as usize].blocks);
    }

    /// Preempts from the end until the chunk has its blocks; false when its own request had to go.
    fn make_room(&mut self, chunk: &Chunk, step: &mut Step) -> bool {
        while self.missing_blocks(chunk) > self.free_blocks() {
            let Some(last) = self.running.pop() else { return false };
            self.free(last);
            self.progress[last as usize].computed = 0;
            self.waiting.push_front(last);
            step.preempted += 1;
            if last == chunk.request {
                return false;
            }
        }
        true
    }

    fn let_in(&mut self, mut budget: u32, step: &mut Step) {
        while let Some(&request) = self.waiting.front() {
            if budget == 0 || self.running.len() as u32 >= self.limits.max_sequences {
                return;
            }
            let chunk = self.chunk(request, budget);
            if self.missing_blocks(&chunk) > self.free_blocks() {
                return;
            }
            self.waiting.pop_front();
            self.running.push(request);
            self.take_blocks(&chunk);
            budget -= chunk.new_tokens;
            step.chunks.push(chunk);
        }
    }
}
