//! What attention ops need on the device: tiles of queries, and decode runs with their pages.

use super::{
    cache::Pages,
    layout::{HEAD_DIM, Sizes},
    tiles::{Queries, Run},
};
use crate::{
    cuda::{
        driver::{Buffer, CudaError, Device},
        kernels::{PageTable, decode_blocks_per_key_head},
    },
    plan::{OpRole, Plan, Split},
};

/// Keys of a split-KV chunk, at least and at most; from 1024 on the decode kernel reads at full rate (`kernels/NOTES.md`),
/// shorter chunks are for filling the GPU.
const CHUNK_TOKENS: (u32, u32) = (256, 2048);

/// What attention ops need on the device, by split.
#[derive(Debug)]
pub(super) struct AttentionWork {
    splits: [Option<SplitWork>; 3],
    /// Pages of every request, when there is a cache.
    table: Option<Table>,
    /// Partial results of the decode kernel: of each query, head and chunk {top, total}, and 128 floats.
    pub(super) state: Buffer,
    pub(super) partial: Buffer,
}

/// Queries of a split.
#[derive(Debug)]
pub(super) struct SplitWork {
    pub(super) tiles: Buffer,
    pub(super) num_tiles: u32,
    pub(super) runs: Vec<DecodeRun>,
}

/// Pages by request or query.
#[derive(Debug)]
pub(super) struct Table {
    /// `[requests, pitch]` u32.
    pages: Buffer,
    pitch: u32,
}

/// Single queries in rows that follow one another.
#[derive(Debug)]
pub(super) struct DecodeRun {
    pub(super) first: u32,
    pub(super) queries: u32,
    pub(super) lengths: Buffer,
    /// One row a query.
    pub(super) table: Table,
    /// Keys of a split-KV chunk.
    pub(super) chunk_tokens: u32,
    /// Chunks of the longest query.
    pub(super) chunks: u32,
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
        let mut chunks = 0;
        for op in plan.ops.iter().filter(|op| op.role == OpRole::Attention) {
            if splits[op.split as usize].is_some() {
                continue;
            }
            let rows = sizes.live(sizes.rows_of(op));
            let work = match pages {
                None => SplitWork::new(device, &Queries::in_rows(batch, rows), Vec::new())?,
                Some(pages) => {
                    let queries = Queries::in_pages(batch, rows);
                    let (heads, kv_heads) = (sizes.shard.heads, sizes.shard.kv_heads);
                    let blocks_per_query = kv_heads * decode_blocks_per_key_head(heads, kv_heads);
                    let sms = plan.spec.machine.gpu.sms;
                    let fill = Filling { blocks_per_query, sms };
                    let runs = queries.runs.iter();
                    let runs = runs
                        .map(|run| DecodeRun::new(device, run, pages, fill))
                        .collect::<Result<Vec<_>, _>>()?;
                    SplitWork::new(device, &queries, runs)?
                }
            };
            let most = work.runs.iter().map(|run| run.queries * run.chunks).max().unwrap_or(0);
            chunks = chunks.max(most as usize * sizes.shard.heads as usize);
            splits[op.split as usize] = Some(work);
        }
        let requests = 0..batch.requests.len() as u32;
        let table = pages.map(|pages| Table::new(device, pages, requests));
        Ok(Self {
            splits,
            table: table.transpose()?,
            state: Buffer::zeros(device, chunks * 8)?,
            partial: Buffer::zeros(device, chunks * HEAD_DIM as usize * 4)?,
        })
    }

    /// Pages of every request.
    pub(super) fn table(&self) -> Option<PageTable<'_>> {
        self.table.as_ref().map(Table::of)
    }

    pub(super) fn of(&self, split: Split) -> &SplitWork {
        self.splits[split as usize].as_ref().expect("prepared for every attention op of the plan")
    }
}

impl Table {
    fn new(
        device: &Device,
        pages: &Pages,
        requests: impl Iterator<Item = u32>,
    ) -> Result<Self, CudaError> {
        let table = Buffer::from_host(device, &pages.table(requests))?;
        Ok(Self { pages: table, pitch: pages.pitch() })
    }

    /// As kernels take it.
    pub(super) fn of(&self) -> PageTable<'_> {
        PageTable { pages: self.pages.ptr(), pitch: self.pitch }
    }
}

/// What a decode run has to fill.
#[derive(Clone, Copy, Debug)]
struct Filling {
    /// Blocks of one query and chunk.
    blocks_per_query: u32,
    sms: u32,
}

impl SplitWork {
    fn new(device: &Device, queries: &Queries, runs: Vec<DecodeRun>) -> Result<Self, CudaError> {
        let words: Vec<u32> =
            queries.tiles.iter().flat_map(|t| [t.first, t.rows, t.position, t.sequence]).collect();
        let num_tiles = queries.tiles.len() as u32;
        Ok(Self { tiles: Buffer::from_host(device, &words)?, num_tiles, runs })
    }
}

impl DecodeRun {
    fn new(device: &Device, run: &Run, pages: &Pages, fill: Filling) -> Result<Self, CudaError> {
        let queries = run.requests.len() as u32;
        let longest = run.lengths.iter().copied().max().unwrap_or(1);
        let chunk_tokens = chunk_tokens(longest, queries * fill.blocks_per_query, fill.sms);
        Ok(Self {
            first: run.first,
            queries,
            lengths: Buffer::from_host(device, &run.lengths)?,
            table: Table::new(device, pages, run.requests.iter().copied())?,
            chunk_tokens,
            chunks: longest.div_ceil(chunk_tokens),
        })
    }
}

/// Keys of a chunk, a multiple of 64: so that some four blocks an SM are there, within [`CHUNK_TOKENS`].
fn chunk_tokens(longest: u32, blocks: u32, sms: u32) -> u32 {
    let chunks = (4 * sms).div_ceil(blocks.max(1));
    let (least, most) = CHUNK_TOKENS;
    longest.div_ceil(chunks).next_multiple_of(64).clamp(least, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Few queries are cut into chunks that fill the GPU, many keep long ones.
    #[test]
    fn chunks_fill_the_gpu() {
        assert_eq!(chunk_tokens(8192, 64 * 8, 132), 2048);
        assert_eq!(chunk_tokens(32_768, 8, 132), 512);
        assert_eq!(chunk_tokens(1, 1, 132), 256);
        assert_eq!(chunk_tokens(100_000, 1, 132), 256);
    }
}
