//! What one iteration computes, and the most that it may.

use serde::{Deserialize, Serialize};

use crate::batch::{Batch, Request};

/// Tokens of a block of the cache, as vLLM's.
pub const BLOCK_TOKENS: u32 = 16;

/// The cache of keys and values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocks {
    /// How many there are.
    pub count: u32,
    /// Tokens of each.
    pub tokens: u32,
}

/// Most of an iteration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Tokens that it computes (vLLM's `max_num_batched_tokens`).
    pub budget_tokens: u32,
    /// Sequences that run at a time (vLLM's `max_num_seqs`).
    pub max_sequences: u32,
}

/// Tokens of one request in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Index of the request.
    pub request: u32,
    /// Tokens whose keys and values are cached.
    pub cached_tokens: u32,
    /// Tokens computed.
    pub new_tokens: u32,
    /// It computes the token that came last: a decode step. Else prompt, or what a preemption lost.
    pub decodes: bool,
}

/// What one iteration computes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Running requests in the order in which they were let in, then those let in now.
    pub chunks: Vec<Chunk>,
    /// Requests that lost their cache for it.
    pub preempted: u32,
}

impl Step {
    /// Tokens of decode steps.
    pub fn decode_tokens(&self) -> u32 {
        self.chunks.iter().filter(|chunk| chunk.decodes).count() as u32
    }

    /// Tokens of prompts, and of what preemptions lost.
    pub fn prefill_tokens(&self) -> u32 {
        let prefill = self.chunks.iter().filter(|chunk| !chunk.decodes);
        prefill.map(|chunk| chunk.new_tokens).sum()
    }

    /// As a batch.
    pub fn batch(&self) -> Batch {
        let request = |chunk: &Chunk| Request {
            cached_tokens: chunk.cached_tokens,
            new_tokens: chunk.new_tokens,
        };
        Batch { requests: self.chunks.iter().map(request).collect() }
    }
}
