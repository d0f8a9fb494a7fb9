use crate::batch::Batch;

/// The weave pads the batch to a multiple of this, so that halves are whole 128-row tiles (tokenweave.md §1.3).
pub const PAD_TOKENS: u32 = 256;

/// `tokens` rounded up to a multiple of [`PAD_TOKENS`].
pub fn padded_tokens(tokens: u32) -> u32 {
    tokens.next_multiple_of(PAD_TOKENS)
}

/// A batch cut in two at a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Sequence parts of the prefix as (cached tokens, new tokens).
    pub first: Vec<(u32, u32)>,
    /// Sequence parts of the suffix; the K/V of a cut request's left part count as cached.
    pub second: Vec<(u32, u32)>,
    /// The request that straddles the cut: its index and how many of its new tokens lie before it.
    pub cut_request: Option<(u32, u32)>,
}

/// Cuts `batch` behind its first `first_tokens` tokens, in scheduler order (tokenweave.md §1.3).
///
/// A request that straddles the cut comes last in the prefix, with its left part, and first in the suffix, with
/// its full K/V length. `first_tokens` beyond the batch leave the suffix empty.
pub fn cut(batch: &Batch, first_tokens: u32) -> Cut {
    let mut parts = Cut { first: Vec::new(), second: Vec::new(), cut_request: None };
    let mut left = first_tokens;
    for (index, request) in batch.requests.iter().enumerate() {
        let before = left.min(request.new_tokens);
        let after = request.new_tokens - before;
        left -= before;
        if before > 0 {
            parts.first.push((request.cached_tokens, before));
        }
        if after > 0 {
            parts.second.push((request.cached_tokens + before, after));
        }
        if before > 0 && after > 0 {
            parts.cut_request = Some((index as u32, before));
        }
    }
    parts
}
