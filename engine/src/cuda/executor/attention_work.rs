//! What attention ops need on the device: tiles of queries, and runs of single queries with their pages.

use super::{
    cache::Pages,
    layout::{HEAD_DIM, Sizes},
    tiles::{Queries, Run},
};
use crate::{
    cuda::driver::{Buffer, CudaError, Device},
    plan::{OpRole, Plan, Split},
};

/// Keys that a block of the decode kernel takes, at most and at least; from 1024 on it reads at full rate
/// (`kernels/NOTES.md`), shorter pieces are for filling the GPU.
const CHUNK_TOKENS: (u32, u32) = (256, 2048);
/// Query heads of a key head that a block of the decode kernel holds.
const DECODE_HEADS: u32 = 8;

/// What attention ops need on the device, by split.
#[derive(Debug)]
pub(super) struct AttentionWork {
    splits: [Option<SplitWork>; 3],
    /// `[requests, pitch]` pages of every request, when there is a cache.
    pub(super) table: Option<(Buffer, u32)>,
    /// Partial results of the decode kernel: of each query, head and piece {top, total}, then 128 floats.
    pub(super) state: Buffer,
    pub(super) partial: Buffer,
}

/// Queries of a split.
#[derive(Debug)]
pub(super) struct SplitWork {
    pub(super) tiles: Buffer,
    pub(super) num_tiles: u32,
    pub(super) runs: Vec<RunWork>,
}

/// A run of single queries.
#[derive(Debug)]
pub(super) struct RunWork {
    pub(super) first: u32,
    pub(super) queries: u32,
    pub(super) lengths: Buffer,
    /// `[queries, pitch]` pages.
    pub(super) table: Buffer,
    pub(super) chunk: u32,
    pub(super) pieces: u32,
}

impl AttentionWork {
    pub(super) fn new(
        plan: &Plan,
        device: &Device,
        sizes: &Sizes,
        pages: Option<&Pages>,
    ) -> Result<Self, CudaError> {
        let batch = &plan.spec.batch;
        let mut splits = [None, None, None];
        let mut pieces = 0;
        for op in plan.ops.iter().filter(|op| op.role == OpRole::Attention) {
            if splits[op.split as usize].is_some() {
                continue;
            }
            let rows = sizes.live(sizes.rows_of(op));
            let work = match pages {
                None => SplitWork::new(device, &Queries::in_rows(batch, rows), Vec::new())?,
                Some(pages) => {
                    let queries = Queries::in_pages(batch, rows);
                    let blocks = sizes.shard.kv_heads * heads_parts(sizes);
                    let sms = plan.spec.machine.gpu.sms;
                    let runs = queries.runs.iter();
                    let runs = runs
                        .map(|run| RunWork::new(device, run, pages, (blocks, sms)))
                        .collect::<Result<Vec<_>, _>>()?;
                    SplitWork::new(device, &queries, runs)?
                }
            };
            let most = work.runs.iter().map(|run| run.queries * run.pieces).max().unwrap_or(0);
            pieces = pieces.max(most as usize * sizes.shard.heads as usize);
            splits[op.split as usize] = Some(work);
        }
        let requests = 0..batch.requests.len() as u32;
        let table = pages.map(|pages| {
            Ok::<_, CudaError>((Buffer::from_host(device, &pages.table(requests))?, pages.pitch()))
        });
        Ok(Self {
            splits,
            table: table.transpose()?,
            state: Buffer::zeros(device, pieces * 8)?,
            partial: Buffer::zeros(device, pieces * HEAD_DIM as usize * 4)?,
        })
    }

    pub(super) fn of(&self, split: Split) -> &SplitWork {
        self.splits[split as usize].as_ref().expect("prepared for every attention op of the plan")
    }
}

impl SplitWork {
    fn new(device: &Device, queries: &Queries, runs: Vec<RunWork>) -> Result<Self, CudaError> {
        let words: Vec<u32> =
            queries.tiles.iter().flat_map(|t| [t.first, t.rows, t.position, t.sequence]).collect();
        let num_tiles = queries.tiles.len() as u32;
        Ok(Self { tiles: Buffer::from_host(device, &words)?, num_tiles, runs })
    }
}

impl RunWork {
    fn new(
        device: &Device,
        run: &Run,
        pages: &Pages,
        (blocks, sms): (u32, u32),
    ) -> Result<Self, CudaError> {
        let queries = run.requests.len() as u32;
        let longest = run.lengths.iter().copied().max().unwrap_or(1);
        let chunk = chunk_tokens(longest, queries * blocks, sms);
        Ok(Self {
            first: run.first,
            queries,
            lengths: Buffer::from_host(device, &run.lengths)?,
            table: Buffer::from_host(device, &pages.table(run.requests.iter().copied()))?,
            chunk,
            pieces: longest.div_ceil(chunk),
        })
    }
}

/// Keys of a piece, a multiple of 64: so that some four blocks an SM are there, within [`CHUNK_TOKENS`].
fn chunk_tokens(longest: u32, blocks: u32, sms: u32) -> u32 {
    let pieces = (4 * sms).div_ceil(blocks.max(1));
    let (least, most) = CHUNK_TOKENS;
    longest.div_ceil(pieces).next_multiple_of(64).clamp(least, most)
}

/// Blocks that share the query heads of a key head.
pub(super) fn heads_parts(sizes: &Sizes) -> u32 {
    (sizes.shard.heads / sizes.shard.kv_heads).div_ceil(DECODE_HEADS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Few queries are cut into pieces that fill the GPU, many keep long ones.
    #[test]
    fn pieces_fill_the_gpu() {
        assert_eq!(chunk_tokens(8192, 64 * 8, 132), 2048);
        assert_eq!(chunk_tokens(32_768, 8, 132), 512);
        assert_eq!(chunk_tokens(1, 1, 132), 256);
        assert_eq!(chunk_tokens(100_000, 1, 132), 256);
    }
}
