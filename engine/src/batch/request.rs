use serde::{Deserialize, Serialize};

/// Most tokens that one iteration may compute; keeps every count in 32 bits.
pub const MAX_TOKENS: u32 = 1 << 22;
/// Most requests of an iteration; each costs memory in every attention op of a plan.
pub const MAX_REQUESTS: u32 = 8192;
/// Longest cached context of a request.
pub const MAX_CACHED_TOKENS: u32 = 1 << 24;

/// One sequence of the batch: `new_tokens` are computed now, `cached_tokens` have their K/V cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Request {
    /// Tokens whose K/V lie in the cache already (prefix of the sequence).
    pub cached_tokens: u32,
    /// Tokens computed in this iteration; 1 with a non-empty cache is a decode step.
    pub new_tokens: u32,
}

impl Request {
    /// Tokens with the new ones: what the last of them attends to.
    pub fn context_tokens(&self) -> u32 {
        self.cached_tokens + self.new_tokens
    }

    /// A decode step: one new token on a cached context.
    pub fn is_decode(&self) -> bool {
        self.new_tokens == 1 && self.cached_tokens > 0
    }
}

/// The requests of one iteration, in scheduler order (the split cuts this order at a token).
///
/// The text form, which `parse` reads and `to_string` writes, is a list of parts separated by commas:
///
/// | part              | meaning                                                        |
/// |-------------------|----------------------------------------------------------------|
/// | `8192`            | a prefill of 8192 tokens                                       |
/// | `8192/1024`       | 8192 tokens in sequences of 1024, the last one shorter if need be |
/// | `512@1024`        | a chunk of 512 tokens after 1024 cached ones                   |
/// | `decode@1500`     | one new token after 1500 cached ones                           |
/// | `d1500`           | the same                                                       |
/// | `4x…`             | four of what follows                                           |
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

    /// `count` decode steps, each after `context_tokens` cached tokens.
    pub fn decode(count: u32, context_tokens: u32) -> Self {
        let request = Request { cached_tokens: context_tokens, new_tokens: 1 };
        Self { requests: vec![request; count as usize] }
    }

    /// Chunked prefill with decode: the decode steps first, as vLLM orders running requests, then the chunk.
    pub fn hybrid(decode: &Self, chunk: Request) -> Self {
        let mut requests = decode.requests.clone();
        requests.push(chunk);
        Self { requests }
    }

    /// Tokens computed in this iteration (at most `u32::MAX`).
    pub fn tokens(&self) -> u32 {
        self.requests.iter().fold(0, |sum, request| sum.saturating_add(request.new_tokens))
    }

    /// Requests that are decode steps.
    pub fn num_decode(&self) -> u32 {
        self.requests.iter().filter(|request| request.is_decode()).count() as u32
    }
}
