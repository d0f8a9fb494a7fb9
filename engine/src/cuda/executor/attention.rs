//! Attention of one op: tiles of queries over rows or pages, and single queries over pages.

use super::{
    attention_work::{RunWork, SplitWork, heads_parts},
    cache::KvCache,
    compute::Compute,
    layout::{HEAD_DIM, PAGE_TOKENS},
};
use crate::{
    cuda::{
        driver::{Args, Buffer, CudaError, KernelFamily, Shape},
        kernels::{Matrix, TensorMap},
    },
    plan::Op,
};

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
