//! What one iteration is asked to compute.

use serde::{Deserialize, Serialize};

/// One sequence of the batch: `new_tokens` are computed now, `cached_tokens` have their K/V cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Tokens whose K/V lie in the cache already (prefix of the sequence).
    pub cached_tokens: u32,
    /// Tokens computed in this iteration; 1 with a non-empty cache is a decode step.
    pub new_tokens: u32,
}

impl Request {
    /// A decode step: one new token on a cached context.
    pub fn is_decode(&self) -> bool {
        self.new_tokens == 1 && self.cached_tokens > 0
    }
}

/// The requests of one iteration, in scheduler order (the split cuts this order at a token).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// In order.
    pub requests: Vec<Request>,
}

impl Batch {
    /// `tokens` of prefill in sequences of `seq` tokens (the last one shorter when it does not divide).
    pub fn prefill(tokens: u32, seq: u32) -> Self {
        let seq = seq.clamp(1, tokens.max(1));
        let mut requests = Vec::new();
        let mut left = tokens;
        while left > 0 {
            let new_tokens = left.min(seq);
            requests.push(Request { cached_tokens: 0, new_tokens });
            left -= new_tokens;
        }
        Self { requests }
    }

    /// Tokens computed in this iteration.
    pub fn tokens(&self) -> u32 {
        self.requests.iter().map(|request| request.new_tokens).sum()
    }

    /// Requests that are decode steps.
    pub fn num_decode(&self) -> u32 {
        self.requests.iter().filter(|request| request.is_decode()).count() as u32
    }
}
