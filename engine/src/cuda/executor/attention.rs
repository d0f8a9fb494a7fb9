//! Attention of one op: tiles of queries over rows or pages, and single queries over pages.

use super::{
    cache::{KvCache, PAGE_TOKENS, Pages},
    compute::{Compute, HEAD_DIM},
    layout::Sizes,
    tiles::{Queries, Run},
};
use crate::{
    cuda::{Args, Buffer, CudaError, Device, KernelFamily, Matrix, Shape, TensorMap},
    plan::{Op, OpWork, Plan, Split},
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
    table: Option<(Buffer, u32)>,
    /// Partial results of the decode kernel: of each query, head and piece {top, total}, then 128 floats.
    state: Buffer,
    partial: Buffer,
}

/// Queries of a split.
#[derive(Debug)]
struct SplitWork {
    tiles: Buffer,
    num_tiles: u32,
    runs: Vec<RunWork>,
}

/// A run of single queries.
#[derive(Debug)]
struct RunWork {
    first: u32,
    queries: u32,
    lengths: Buffer,
    /// `[queries, pitch]` pages.
    table: Buffer,
    chunk: u32,
    pieces: u32,
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
        for op in plan.ops.iter().filter(|op| matches!(op.work, OpWork::Attention { .. })) {
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

    fn of(&self, split: Split) -> &SplitWork {
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
fn heads_parts(sizes: &Sizes) -> u32 {
    (sizes.shard.heads / sizes.shard.kv_heads).div_ceil(DECODE_HEADS)
}

/// log2(e) / √128: the kernels take powers of two.
fn scale() -> f32 {
    std::f32::consts::LOG2_E / (HEAD_DIM as f32).sqrt()
}

/// Queries, keys and values, described to the copy engine or by address: keys and values have rows of one length.
fn operands(family: KernelFamily, [q, k, v]: [Matrix; 3], gpu: u32) -> Result<Args, CudaError> {
    let map = |matrix| TensorMap::bf16(matrix, 128, 64, gpu);
    Ok(match family {
        KernelFamily::Hopper => Args::new().with(map(q)?).with(map(k)?).with(map(v)?),
        KernelFamily::Portable => Args::new()
            .with(q.address)
            .with(q.pitch_bytes)
            .with(k.address)
            .with(v.address)
            .with(k.pitch_bytes),
    })
}

impl Compute<'_> {
    pub(super) fn attention(&self, op: &Op, layer: u32) -> Result<(), CudaError> {
        let work = self.rank.attention.of(op.split);
        if work.num_tiles > 0 {
            self.tiled(op, work, layer)?;
        }
        let Some(cache) = &self.rank.cache else { return Ok(()) };
        work.runs.iter().try_for_each(|run| self.decode(op, run, (cache, layer)))
    }

    fn tiled(&self, op: &Op, work: &SplitWork, layer: u32) -> Result<(), CudaError> {
        let (rank, shard) = (self.rank, &self.rank.sizes.shard);
        let gpu = rank.device.info().index;
        let in_rows = |first_head: u32, heads: u32| Matrix {
            address: rank.act.qkv.address() + u64::from(first_head * HEAD_DIM) * 2,
            rows: rank.sizes.rows,
            columns: heads * HEAD_DIM,
            pitch_bytes: u64::from(shard.qkv_columns()) * 2,
        };
        let [keys, values] = match &rank.cache {
            Some(cache) => cache.layer(layer),
            None => [shard.heads, shard.heads + shard.kv_heads]
                .map(|first| in_rows(first, shard.kv_heads)),
        };
        let table = rank.attention.table.as_ref();
        let family = rank.device.family();
        let args = operands(family, [in_rows(0, shard.heads), keys, values], gpu)?
            .with(rank.act.attended.address())
            .with(u64::from(shard.heads * HEAD_DIM) * 2)
            .with(work.tiles.address())
            .with(work.num_tiles)
            .with(shard.heads)
            .with(shard.heads / shard.kv_heads)
            .with(table.map_or(0, |(table, _)| table.address()))
            .with(table.map_or(0, |(_, pitch)| *pitch))
            .with(scale())
            .with(op.id.0)
            .with(rank.recording.ring_address());
        let (args, threads) = match family {
            KernelFamily::Hopper => (args.with(rank.recording.error_address()), 384),
            KernelFamily::Portable => (args, 256),
        };
        let blocks = (work.num_tiles * shard.heads).clamp(1, self.sms);
        let shape = Shape { blocks, threads };
        // SAFETY: the arguments are those of the family's weft_attention; operands and tiles are live buffers of this rank.
        unsafe { rank.programs.attention.launch(rank.device.compute(), shape, args) }
    }

    /// Single queries: every piece of their keys by itself, then the pieces joined.
    fn decode(
        &self,
        op: &Op,
        run: &RunWork,
        (cache, layer): (&KvCache, u32),
    ) -> Result<(), CudaError> {
        let (rank, shard) = (self.rank, &self.rank.sizes.shard);
        let (pitch, out_pitch) = (shard.qkv_columns() * 2, shard.heads * HEAD_DIM * 2);
        let row = |buffer: &Buffer, pitch: u32| {
            buffer.address() + u64::from(run.first) * u64::from(pitch)
        };
        let [keys, values] = cache.layer(layer);
        let table = rank.attention.table.as_ref();
        let kernels = rank.programs.decode.as_ref().expect("loaded where there is a cache");
        let args = Args::new()
            .with(row(&rank.act.qkv, pitch))
            .with(u64::from(pitch))
            .with(keys.address)
            .with(values.address)
            .with(run.table.address())
            .with(table.map_or(0, |(_, pitch)| *pitch))
            .with(PAGE_TOKENS.ilog2())
            .with(run.lengths.address())
            .with(shard.heads)
            .with(shard.kv_heads)
            .with(run.chunk)
            .with(rank.attention.state.address())
            .with(rank.attention.partial.address())
            .with(scale())
            .with(op.id.0)
            .with(rank.recording.ring_address());
        let stream = rank.device.compute();
        let grid = (run.pieces, shard.kv_heads * heads_parts(&rank.sizes), run.queries);
        // SAFETY: the arguments are those of weft_attention_decode over live buffers of this rank; partial results have
        // room for the longest run, and runs follow one another on the stream.
        unsafe { kernels.pieces.launch_grid(stream, (grid, 128), args) }?;
        let args = Args::new()
            .with(rank.attention.state.address())
            .with(rank.attention.partial.address())
            .with(row(&rank.act.attended, out_pitch))
            .with(u64::from(out_pitch))
            .with(run.pieces)
            .with(scale());
        // SAFETY: as above, of weft_attention_merge.
        unsafe { kernels.merge.launch_grid(stream, ((shard.heads, run.queries, 1), 128), args) }
    }
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
