use super::AttentionShape;

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

/// The blocks of an attention op in launch order.
///
/// A sequence with at least a tile of queries has a block for each (query tile, head), the last tile (the one with
/// most keys) first, as FlashAttention-3 orders causal work. A shorter one packs the query heads that share a K/V
/// head into one tile and cuts its context into pieces of `kv_chunk` tokens instead.
pub fn attention_blocks(shape: &AttentionShape) -> impl Iterator<Item = AttentionBlock> + '_ {
    let &AttentionShape { heads, kv_heads, tile_rows, kv_chunk, .. } = shape;
    shape.sequences.iter().enumerate().flat_map(move |(index, &(cached, new))| {
        let group = heads / kv_heads.max(1);
        let sequence = index as u32;
        if packs(new, group, tile_rows) {
            Either::Packed(packed_blocks(sequence, (cached, new), (kv_heads, group), kv_chunk))
        } else {
            Either::Tiled(tiled_blocks(sequence, (cached, new), heads, tile_rows))
        }
    })
}

/// Blocks of an attention op, without listing them.
pub(super) fn num_attention_blocks(
    sequences: &[(u32, u32)],
    (heads, kv_heads): (u32, u32),
    tile_rows: u32,
    kv_chunk: u32,
) -> u32 {
    let group = heads / kv_heads.max(1);
    let blocks = |&(cached, new): &(u32, u32)| {
        if packs(new, group, tile_rows) {
            kv_heads * (cached + new).div_ceil(kv_chunk)
        } else {
            heads * new.div_ceil(tile_rows)
        }
    };
    sequences.iter().map(blocks).sum()
}

/// (query, key) pairs of `new` tokens after `cached`, one head, causal: Σ (cached + i) for i in 1..=new.
pub(crate) fn causal_pairs(cached: u32, new: u32) -> u64 {
    let (cached, new) = (u64::from(cached), u64::from(new));
    new * cached + new * (new + 1) / 2
}

/// Short enough that all query heads of a K/V head share a tile.
fn packs(new: u32, group: u32, tile_rows: u32) -> bool {
    new * group <= tile_rows
}

fn tiled_blocks(
    sequence: u32,
    (cached, new): (u32, u32),
    heads: u32,
    tile_rows: u32,
) -> impl Iterator<Item = AttentionBlock> {
    let tiles = new.div_ceil(tile_rows);
    (0..tiles).rev().flat_map(move |tile| {
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
    sequence: u32,
    (cached, new): (u32, u32),
    (kv_heads, group): (u32, u32),
    kv_chunk: u32,
) -> impl Iterator<Item = AttentionBlock> {
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
