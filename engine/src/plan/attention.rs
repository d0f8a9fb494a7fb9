//! The thread blocks of causal attention.
//!
//! A sequence with at least a tile of queries has a block for each (query tile, head), the last tile (the one with
//! most keys) first, as FlashAttention-3 orders causal work. A shorter one packs the query heads that share a K/V
//! head into one tile and cuts its context into chunks of `kv_chunk` tokens instead.

use serde::{Deserialize, Serialize};

use crate::batch::Request;

/// Causal attention over sequences.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttentionShape {
    /// Query heads on this rank.
    pub heads: u32,
    /// Key/value heads on this rank.
    pub kv_heads: u32,
    /// Width of a head, elements.
    pub head_dim: u32,
    /// Query rows a block works on.
    pub tile_rows: u32,
    /// K/V tokens a block of a short sequence (decode) reads; longer contexts are cut into several blocks.
    pub kv_chunk: u32,
    /// The parts of sequences in this op, in scheduler order; what a cut put before a part counts as cached.
    pub sequences: Vec<Request>,
}

/// One thread block of an attention op.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttentionBlock {
    /// Index into the op's sequences.
    pub sequence: u32,
    /// First query token of the block, counted in the sequence's new tokens.
    pub first_query: u32,
    /// Query rows: tokens of one head, or tokens × heads of a group where a short sequence packs them.
    pub query_rows: u32,
    /// K/V tokens the block reads.
    pub kv_tokens: u32,
    /// (query, key) pairs under the causal mask, over all its rows; 4 · head_dim FLOP each.
    pub pairs: u64,
}

impl AttentionShape {
    /// Thread blocks, without listing them.
    pub fn grid(&self) -> u32 {
        let blocks = |request: &Request| {
            if self.packs(request) {
                self.kv_heads * (request.cached_tokens + request.new_tokens).div_ceil(self.kv_chunk)
            } else {
                self.heads * request.new_tokens.div_ceil(self.tile_rows)
            }
        };
        self.sequences.iter().map(blocks).sum()
    }

    /// Thread blocks in launch order.
    pub fn blocks(&self) -> impl Iterator<Item = AttentionBlock> + '_ {
        (0..).zip(&self.sequences).flat_map(|(sequence, request)| {
            if self.packs(request) {
                Either::Packed(self.packed_blocks(sequence, *request))
            } else {
                Either::Tiled(self.tiled_blocks(sequence, *request))
            }
        })
    }

    /// Query heads that share a K/V head.
    fn group(&self) -> u32 {
        self.heads / self.kv_heads.max(1)
    }

    /// Short enough that all query heads of a K/V head share a tile.
    fn packs(&self, request: &Request) -> bool {
        request.new_tokens * self.group() <= self.tile_rows
    }

    fn tiled_blocks(
        &self,
        sequence: u32,
        request: Request,
    ) -> impl Iterator<Item = AttentionBlock> + use<> {
        let (heads, tile_rows) = (self.heads, self.tile_rows);
        let Request { cached_tokens: cached, new_tokens: new } = request;
        (0..new.div_ceil(tile_rows)).rev().flat_map(move |tile| {
            let first_query = tile * tile_rows;
            let query_rows = tile_rows.min(new - first_query);
            let block = AttentionBlock {
                sequence,
                first_query,
                query_rows,
                kv_tokens: cached + first_query + query_rows,
                pairs: causal_pairs(cached + first_query, query_rows),
            };
            std::iter::repeat_n(block, heads as usize)
        })
    }

    fn packed_blocks(
        &self,
        sequence: u32,
        request: Request,
    ) -> impl Iterator<Item = AttentionBlock> + use<> {
        let (kv_heads, kv_chunk, group) = (self.kv_heads, self.kv_chunk, self.group());
        let Request { cached_tokens: cached, new_tokens: new } = request;
        let context = cached + new;
        (0..context.div_ceil(kv_chunk)).flat_map(move |chunk| {
            let (from, to) = (chunk * kv_chunk, context.min((chunk + 1) * kv_chunk));
            // Query i (from 0) sees keys [0, cached + i]; count those inside [from, to).
            let seen = |query: u32| u64::from((cached + query + 1).clamp(from, to) - from);
            let block = AttentionBlock {
                sequence,
                first_query: 0,
                query_rows: new * group,
                kv_tokens: to - from,
                pairs: u64::from(group) * (0..new).map(seen).sum::<u64>(),
            };
            std::iter::repeat_n(block, kv_heads as usize)
        })
    }
}

/// (query, key) pairs a head of sequence parts, causal.
pub(crate) fn pairs_a_head(sequences: &[Request]) -> u64 {
    let pairs = |request: &Request| causal_pairs(request.cached_tokens, request.new_tokens);
    sequences.iter().map(pairs).sum()
}

/// (query, key) pairs of `new` tokens after `cached`, one head, causal: Σ (cached + i) for i in 1..=new.
fn causal_pairs(cached: u32, new: u32) -> u64 {
    let (cached, new) = (u64::from(cached), u64::from(new));
    new * cached + new * (new + 1) / 2
}

/// One of two iterators.
enum Either<L, R> {
    Packed(L),
    Tiled(R),
}

impl<L, R> Iterator for Either<L, R>
where
    L: Iterator<Item = AttentionBlock>,
    R: Iterator<Item = AttentionBlock>,
{
    type Item = AttentionBlock;

    fn next(&mut self) -> Option<AttentionBlock> {
        match self {
            Self::Packed(blocks) => blocks.next(),
            Self::Tiled(blocks) => blocks.next(),
        }
    }
}
