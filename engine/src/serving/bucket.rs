//! Steps that cost nearly the same become the same batch, so that one simulation serves them all.
//!
//! | what | becomes | so that |
//! |---|---|---|
//! | decode steps | the next size that vLLM captures; the longest context to 1/32 and all others the same, which keeps their sum to 1/256 of what a step reads (1/16 and 1/64 beside prompts, which take longer) | keys and values to read, and the longest blocks of attention, stay |
//! | tokens in all | the nearest eighth of a tile of 128 rows | tiles and their waves stay, and so does who cuts |
//! | ends of prompts among them | the nearest multiple of 128, contexts before them to 128 or 1/64 | tiles of attention stay whole |

use super::Step;
use crate::batch::{Batch, Request, captured_size};

/// Rows of a tile, and of a tile of attention.
const ROWS: u32 = 128;
/// What tokens are rounded to.
const TOKENS: u32 = ROWS / 8;
/// What contexts of decode steps are rounded to at least, tokens.
const CONTEXT: u32 = 16;

/// How batches are rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Buckets {
    /// Tokens whose keys and values are as many bytes as the weights of a rank: what an iteration reads anyway.
    pub(super) weight_tokens: u64,
}

impl Buckets {
    /// The batch that stands for a step.
    pub(super) fn bucketed(self, step: &Step) -> Batch {
        let prefill = step.prefill_tokens();
        let decodes = step.chunks.iter().filter(|chunk| chunk.decodes);
        let contexts: Vec<u32> = decodes.map(|chunk| chunk.cached_tokens).collect();
        let mut requests = self.decodes(&contexts, prefill > 0);
        if prefill > 0 {
            let total = nearest_eighth(contexts.len() as u32 + prefill);
            // Decode steps may have been rounded up beyond the total: there is still a prompt.
            let left = total.saturating_sub(requests.len() as u32).max(1);
            requests.extend(chunks(step, left));
        }
        Batch { requests }
    }

    /// Decode steps at these contexts: one at the longest, the others all the same.
    fn decodes(self, contexts: &[u32], beside_prompts: bool) -> Vec<Request> {
        let Some(&longest) = contexts.iter().max() else { return Vec::new() };
        let size = captured_size(contexts.len() as u32);
        let longest = nearest(longest, CONTEXT, if beside_prompts { 3 } else { 4 }).max(1);
        let sum: u64 = contexts.iter().map(|&context| u64::from(context)).sum();
        let rest = self.nearest_sum(sum, beside_prompts).saturating_sub(u64::from(longest));
        let rest = rest.checked_div(u64::from(size) - 1).unwrap_or(0);
        let rest = rest.clamp(1, u64::from(longest)) as u32;
        let decode = |cached_tokens| Request { cached_tokens, new_tokens: 1 };
        let mut requests = vec![decode(rest); size as usize - 1];
        requests.push(decode(longest));
        requests
    }

    /// The nearest sum of contexts of a ladder: with the weights, each rung is 1/128 more than the one below, 1/32 beside prompts.
    fn nearest_sum(self, sum: u64, beside_prompts: bool) -> u64 {
        let rungs = if beside_prompts { 32.0 } else { 128.0 };
        let weights = self.weight_tokens.max(1) as f64;
        let rung = ((1.0 + sum as f64 / weights).ln() * rungs).round();
        (weights * (rung / rungs).exp_m1()).round() as u64
    }
}

/// The chunks of prompts, `total` tokens in all.
fn chunks(step: &Step, total: u32) -> Vec<Request> {
    let prefill: Vec<_> = step.chunks.iter().filter(|chunk| !chunk.decodes).collect();
    let (mut end, mut taken) = (0, 0);
    let mut requests = Vec::new();
    for (index, chunk) in prefill.iter().enumerate() {
        end += chunk.new_tokens;
        let is_last = index + 1 == prefill.len();
        let rounded = (end + ROWS / 2) / ROWS * ROWS;
        let until = if is_last { total } else { rounded.clamp(taken, total) };
        if until > taken {
            let cached_tokens = nearest(chunk.cached_tokens, ROWS, 5);
            requests.push(Request { cached_tokens, new_tokens: until - taken });
            taken = until;
        }
    }
    requests
}

/// The nearest eighth of a tile with as many tiles. Only whole tiles become whole tiles: from so many tokens on, strategies cut.
fn nearest_eighth(tokens: u32) -> u32 {
    let tiles = (tokens - 1) / ROWS * ROWS;
    match tokens - tiles {
        ROWS => tokens,
        beyond => tiles + ((beyond + TOKENS / 2) / TOKENS * TOKENS).clamp(TOKENS / 2, ROWS - 1),
    }
}

/// The nearest multiple of `least` or, of large values, of the power of two that is between 1/2^bits and half of that of them.
fn nearest(value: u32, least: u32, bits: u32) -> u32 {
    let step = value.max(1).ilog2().saturating_sub(bits);
    let step = (1_u32 << step).max(least);
    value.saturating_add(step / 2) / step * step
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::serving::Chunk;

    fn step(decodes: &[u32], prefill: &[(u32, u32)]) -> Step {
        let decode = |&cached_tokens: &u32| Chunk {
            request: 0,
            cached_tokens,
            new_tokens: 1,
            decodes: true,
        };
        let chunk = |&(cached_tokens, new_tokens): &(u32, u32)| Chunk {
            request: 0,
            cached_tokens,
            new_tokens,
            decodes: false,
        };
        let chunks = decodes.iter().map(decode).chain(prefill.iter().map(chunk)).collect();
        Step { chunks, preempted: 0 }
    }

    /// As Llama-3.3-70B on eight GPUs.
    const BUCKETS: Buckets = Buckets { weight_tokens: 430_000 };

    /// By hand: 5 sequences are captured as 8; of 1000 the nearest multiple of 32 is 992; 1910 in all, beside 430 000, are 0.57 rungs of
    /// 1/128, so 1 rung, 3373: 2381 among seven are 340. Beside prompts 1000 is 1024, of 64, and 0.14 rungs are none; 5 + 591 tokens are 592,
    /// less 8 for prompts, of which 500 are nearly 512.
    #[test]
    fn an_example_by_hand() {
        let batch = BUCKETS.bucketed(&step(&[1000, 100, 200, 300, 310], &[]));
        assert_eq!(batch.to_string(), "7xdecode@340, decode@992");
        let mixed = BUCKETS.bucketed(&step(&[1000, 100, 200, 300, 310], &[(0, 500), (130, 91)]));
        assert_eq!(mixed.to_string(), "7xdecode@1, decode@1024, 512, 72@128");
    }

    #[test]
    fn tokens_stay_within_their_tiles() {
        let found = [1, 40, 49, 128, 129, 144, 1000, 1023, 2048].map(nearest_eighth);
        assert_eq!(found, [8, 48, 48, 128, 136, 144, 1008, 1023, 2048]);
    }

    proptest! {
        /// What decides the cost stays: tiles, tokens within 8 and a captured size, the longest context to 1/32, and bytes to read, weights
        /// among them, to 1/256 and a token a sequence; 1/16 and 1/64 beside prompts.
        #[test]
        fn what_costs_stays(
            decodes in prop::collection::vec(600u32..40_000, 0..300),
            prefill in prop::collection::vec((0u32..8000, 1u32..3000), 0..6),
        ) {
            prop_assume!(!decodes.is_empty() || !prefill.is_empty());
            let step = step(&decodes, &prefill);
            let (exact, bucketed) = (step.batch(), BUCKETS.bucketed(&step));
            let new: u32 = prefill.iter().map(|chunk| chunk.1).sum();
            prop_assert!(bucketed.tokens().abs_diff(exact.tokens()) <= 8 + 8);
            if new >= 40 {
                prop_assert_eq!(exact.tokens().div_ceil(128), bucketed.tokens().div_ceil(128));
            }
            let count = captured_size(decodes.len() as u32) as usize;
            let found: Vec<u32> =
                bucketed.requests[..count].iter().map(|request| request.cached_tokens).collect();
            let Some(longest) = decodes.iter().max() else { return Ok(()) };
            let (share, of_longest) = if prefill.is_empty() { (256.0, 32) } else { (64.0, 16) };
            prop_assert!(found.last().unwrap().abs_diff(*longest) <= longest / of_longest + 1);
            let read = |contexts: &[u32]| -> f64 {
                contexts.iter().map(|&context| f64::from(context)).sum::<f64>() + 430_000.0
            };
            // One sequence alone has its own rounding.
            if decodes.len() > 1 {
                let slack = read(&decodes) / share * 1.01 + count as f64;
                let off = (read(&found) - read(&decodes)).abs();
                prop_assert!(off <= slack, "{off} {slack}");
            }
        }
    }
}
