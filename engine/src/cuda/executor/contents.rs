//! What stands behind the batch of a plan in one iteration: ids, and where keys and values of its sequences lie.

use super::layout::{PAGE_TOKENS, pages_of};
use crate::batch::{Batch, Request};

/// The requests of one iteration, in the place of the plan's: as many, with as many new tokens each, and with at most as many
/// cached ones. Their keys and values lie in a cache that is [kept](crate::cuda::CudaExecutor::keep_cache).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// Ids of the new tokens, request by request.
    pub ids: Vec<u32>,
    /// By request.
    pub placed: Vec<Placed>,
}

/// One sequence and its pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Tokens whose keys and values are there already.
    pub cached_tokens: u32,
    /// Pages of [`PAGE_TOKENS`] tokens, in the order of the tokens: at least what cached and new ones take.
    pub pages: Vec<u32>,
}

impl Placed {
    /// Row of the cache of the token at `position` of the sequence.
    pub(super) fn slot(&self, position: u32) -> u32 {
        self.pages[(position / PAGE_TOKENS) as usize] * PAGE_TOKENS + position % PAGE_TOKENS
    }
}

impl Contents {
    /// The batch that they make of a plan's.
    ///
    /// # Errors
    /// In words, where they do not fit the plan's batch, its vocabulary, or a cache of so many pages.
    pub(super) fn batch(&self, of_plan: &Batch, vocab: u32, pages: u32) -> Result<Batch, String> {
        check_ids(&self.ids, of_plan, vocab)?;
        let (given, planned) = (self.placed.len(), of_plan.requests.len());
        if given != planned {
            return Err(format!("{given} sequences were given for a batch of {planned} requests"));
        }
        let request = |(planned, placed): (&Request, &Placed)| {
            let Request { new_tokens, cached_tokens: most } = *planned;
            let cached_tokens = placed.cached_tokens;
            if cached_tokens > most {
                return Err(format!("{cached_tokens} cached tokens where the plan has {most}"));
            }
            let needed = pages_of(cached_tokens + new_tokens) as usize;
            let held = placed.pages.len();
            if held < needed {
                return Err(format!("a sequence has {held} pages and needs {needed}"));
            }
            match placed.pages.iter().find(|&&page| page >= pages) {
                Some(page) => Err(format!("page {page} lies outside a cache of {pages}")),
                None => Ok(Request { cached_tokens, new_tokens }),
            }
        };
        let requests = of_plan.requests.iter().zip(&self.placed).map(request);
        Ok(Batch { requests: requests.collect::<Result<_, _>>()? })
    }
}

/// One id a token, each in the vocabulary.
pub(super) fn check_ids(ids: &[u32], batch: &Batch, vocab: u32) -> Result<(), String> {
    let (given, tokens) = (ids.len(), batch.tokens());
    if given != tokens as usize {
        return Err(format!("{given} token ids were given for a batch of {tokens} tokens"));
    }
    match ids.iter().find(|&&id| id >= vocab) {
        Some(id) => Err(format!("token id {id} lies outside the vocabulary of {vocab}")),
        None => Ok(()),
    }
}
