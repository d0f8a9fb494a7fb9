//! Steps that cost nearly the same become the same batch, so that one simulation serves them all.
//!
//! | what | becomes | so that |
//! |---|---|---|
//! | decode steps | the next size that vLLM captures; four groups of one context each, the longest sequence apart, each mean to 1/64 | keys and values to read stay within 1.6 % |
//! | tokens in all | the next multiple of 16 | tiles of 128 rows and their waves stay |
//! | ends of prompts among them | the nearest multiple of 128, contexts before them to 128 or 1/64 | tiles of attention stay whole |

use super::{Step, graphs::captured_size};
use crate::batch::{Batch, Request};

/// Groups of decode steps beside the one with the longest context.
const GROUPS: usize = 3;
/// What the tokens of a step are rounded up to.
const TOKENS: u32 = 16;
/// What chunks are rounded to, rows of a tile of attention.
const ROWS: u32 = 128;

/// The batch that stands for a step.
pub(super) fn bucketed(step: &Step) -> Batch {
    let decodes = step.chunks.iter().filter(|chunk| chunk.decodes);
    let mut contexts: Vec<u32> = decodes.map(|chunk| chunk.cached_tokens).collect();
    contexts.sort_unstable();
    let mut requests = decode_groups(&contexts);
    let prefill = step.prefill_tokens();
    if prefill > 0 {
        let total = (contexts.len() as u32 + prefill).next_multiple_of(TOKENS);
        let left = total.saturating_sub(requests.len() as u32).max(TOKENS);
        requests.extend(chunks(step, left));
    }
    Batch { requests }
}

/// Contexts in ascending order as few different ones, with as many sequences as a captured size has.
fn decode_groups(contexts: &[u32]) -> Vec<Request> {
    let Some((&longest, rest)) = contexts.split_last() else { return Vec::new() };
    let size = captured_size(contexts.len() as u32) as usize;
    let added = size - contexts.len();
    let mut requests = Vec::with_capacity(size);
    for group in 0..GROUPS {
        let (from, to) = (rest.len() * group / GROUPS, rest.len() * (group + 1) / GROUPS);
        // What is added shares the contexts of the first group: the sum stays.
        let count = to - from + if group == 0 { added } else { 0 };
        let sum: u64 = rest[from..to].iter().map(|&context| u64::from(context)).sum();
        let mean = sum.checked_div(count as u64).unwrap_or(0) as u32;
        let cached_tokens = nearest(mean, ROWS / 8).max(1);
        requests.extend(std::iter::repeat_n(Request { cached_tokens, new_tokens: 1 }, count));
    }
    requests.push(Request { cached_tokens: nearest(longest, ROWS / 8).max(1), new_tokens: 1 });
    requests
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
            let cached_tokens = nearest(chunk.cached_tokens, ROWS);
            requests.push(Request { cached_tokens, new_tokens: until - taken });
            taken = until;
        }
    }
    requests
}

/// The nearest multiple of `least` or, of large values, of about 1/32 of them: at most 1/64 away.
fn nearest(value: u32, least: u32) -> u32 {
    let step = (value.max(1).ilog2()).saturating_sub(5);
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

    /// By hand: 5 sequences are captured as 8; 100, 200, 300 in three groups, of which the first has three more; 1000 apart.
    #[test]
    fn an_example_by_hand() {
        let batch = bucketed(&step(&[1000, 100, 200, 300, 310], &[(0, 500), (130, 91)]));
        let text = batch.to_string();
        // 100 / 4 = 25 → 32; 200 → 208 (of 16); 305 → 304; 1000 → 1008 (of 16); 5 + 591 = 596 → 608 less 8.
        assert_eq!(text, "4xdecode@32, decode@208, 2xdecode@304, decode@1008, 512, 88@128");
    }

    proptest! {
        /// What decides the cost stays: tokens within a captured size and 16, tile rows, keys and values to read.
        #[test]
        fn what_costs_stays(
            decodes in prop::collection::vec(600u32..40_000, 0..300),
            prefill in prop::collection::vec((0u32..8000, 1u32..3000), 0..6),
        ) {
            prop_assume!(!decodes.is_empty() || !prefill.is_empty());
            let step = step(&decodes, &prefill);
            let (exact, bucketed) = (step.batch(), bucketed(&step));
            let more = bucketed.tokens() - exact.tokens();
            prop_assert!(more <= 16 + 8, "{more}");
            if prefill.iter().map(|chunk| chunk.1).sum::<u32>() >= 24 {
                let tile_rows = |batch: &Batch| batch.tokens().div_ceil(128);
                prop_assert_eq!(tile_rows(&exact), tile_rows(&bucketed));
            }
            let cached = |batch: &Batch| -> f64 {
                let decodes = batch.requests.iter().filter(|request| request.is_decode() && request.cached_tokens >= 64);
                decodes.map(|request| f64::from(request.cached_tokens)).sum()
            };
            if decodes.len() >= 8 && prefill.is_empty() {
                let error = cached(&bucketed) / cached(&exact) - 1.0;
                prop_assert!(error.abs() < 1.0 / 32.0, "{error}");
            }
        }
    }
}
