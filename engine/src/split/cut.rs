use serde::{Deserialize, Serialize};

use crate::batch::{Batch, Request};

/// The weave pads the batch to a multiple of this many rows, so that halves are whole 128-row tiles (docs/tokenweave.md,
/// "Cutting a batch").
pub const PAD_TOKENS: u32 = 256;

/// `tokens` rounded up to a multiple of [`PAD_TOKENS`].
pub fn padded_tokens(tokens: u32) -> u32 {
    tokens.next_multiple_of(PAD_TOKENS)
}

/// A batch cut in two at a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Sequence parts of the prefix.
    pub first: Vec<Request>,
    /// Sequence parts of the suffix; the K/V of a cut request's left part count as cached.
    pub second: Vec<Request>,
    /// The request that straddles the cut.
    pub cut_request: Option<CutRequest>,
}

/// A request of which a cut puts some new tokens into either part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CutRequest {
    /// Its index in the batch.
    pub index: u32,
    /// Its new tokens before the cut.
    pub tokens_before: u32,
}

/// Cuts `batch` behind its first `first_tokens` tokens, in scheduler order (docs/tokenweave.md, "Cutting a batch").
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
            parts.first.push(Request { new_tokens: before, ..*request });
        }
        if after > 0 {
            let cached_tokens = request.cached_tokens + before;
            parts.second.push(Request { cached_tokens, new_tokens: after });
        }
        if before > 0 && after > 0 {
            parts.cut_request = Some(CutRequest { index: index as u32, tokens_before: before });
        }
    }
    parts
}
