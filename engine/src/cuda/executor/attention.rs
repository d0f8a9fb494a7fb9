//! Attention of one op: tiles of queries over rows or pages, and decode runs over pages.

use super::{
    layout::{PAGE_TOKENS, Sizes},
    places::{DecodeRun, SplitWork},
    rank::Rank,
};
use crate::{
    cuda::{
        driver::CudaError,
        kernels::{
            Decode, DecodeCall, Loader, Matrix, MergeCall, Prefill, PrefillCall, PrefillForm,
        },
    },
    plan::Op,
};

/// Kernels of attention.
#[derive(Debug)]
pub(super) struct AttentionKernels {
    /// Over rows or over pages, as the plan's keys lie.
    prefill: Prefill,
    /// Where keys lie in pages.
    decode: Option<Decode>,
}

impl AttentionKernels {
    pub(super) fn load(loader: Loader<'_>, sizes: &Sizes) -> Result<Self, CudaError> {
        let (head_dim, family) = (sizes.shard.head_dim, loader.device().family());
        let page_tokens = if sizes.paged { PAGE_TOKENS } else { 0 };
        Ok(Self {
            prefill: Prefill::load(loader, PrefillForm { page_tokens, head_dim, family })?,
            decode: sizes.paged.then(|| Decode::load(loader, head_dim)).transpose()?,
        })
    }

    /// Launches an attention op on the compute stream, its tiles on `sms` SMs at most.
    ///
    /// # Errors
    /// What the driver refuses.
    pub(super) fn launch(
        &self,
        rank: &Rank,
        op: &Op,
        layer: u32,
        sms: u32,
    ) -> Result<(), CudaError> {
        let work = rank.inputs.places.of_split(op.split);
        if work.num_tiles > 0 {
            let blocks = (work.num_tiles * rank.sizes.shard.heads).clamp(1, sms);
            tiled(&self.prefill, rank, op, work, &keys_and_values(rank, layer), blocks)?;
        }
        let (Some(cache), Some(kernels)) = (&rank.cache, &self.decode) else { return Ok(()) };
        work.runs.iter().try_for_each(|run| decode(kernels, rank, op, run, &cache.layer(layer)))
    }
}

/// Columns of QKV from a head on, all rows.
fn heads_of_qkv(rank: &Rank, first_head: u32, heads: u32) -> Matrix<'_> {
    let head_dim = rank.sizes.shard.head_dim;
    Matrix {
        data: rank.act().qkv.ptr_at(u64::from(first_head * head_dim) * 2),
        rows: rank.sizes.rows,
        columns: heads * head_dim,
        pitch_bytes: u64::from(rank.sizes.shard.qkv_columns()) * 2,
    }
}

/// In the pages of a layer's cache, or in the batch's rows of QKV.
fn keys_and_values(rank: &Rank, layer: u32) -> [Matrix<'_>; 2] {
    let shard = &rank.sizes.shard;
    match &rank.cache {
        Some(cache) => cache.layer(layer),
        None => [shard.heads, shard.heads + shard.kv_heads]
            .map(|first| heads_of_qkv(rank, first, shard.kv_heads)),
    }
}

fn tiled(
    kernel: &Prefill,
    rank: &Rank,
    op: &Op,
    work: &SplitWork,
    [keys, values]: &[Matrix<'_>; 2],
    blocks: u32,
) -> Result<(), CudaError> {
    let shard = &rank.sizes.shard;
    let call = PrefillCall {
        q: heads_of_qkv(rank, 0, shard.heads),
        k: *keys,
        v: *values,
        out: rank.act().attended.ptr(),
        out_pitch_bytes: u64::from(shard.heads * shard.head_dim) * 2,
        tiles: rank.inputs.list(work.tiles, 0),
        num_tiles: work.num_tiles,
        heads: shard.heads,
        kv_heads: shard.kv_heads,
        table: rank.inputs.table(),
        blocks,
        recording: rank.recording.of(op.id.0),
    };
    kernel.launch(rank.device.compute(), &call)
}

/// Single queries: every split-KV chunk by itself, then the chunks merged. Partial results have room for the longest run,
/// and runs follow one another on the stream.
fn decode(
    kernels: &Decode,
    rank: &Rank,
    op: &Op,
    run: &DecodeRun,
    [keys, values]: &[Matrix<'_>; 2],
) -> Result<(), CudaError> {
    let shard = &rank.sizes.shard;
    let (pitch_bytes, out_pitch_bytes) =
        (u64::from(shard.qkv_columns() * 2), u64::from(shard.heads * shard.head_dim * 2));
    let first = u64::from(run.first);
    let (state, partial) = (rank.scratch.state.ptr(), rank.scratch.partial.ptr());
    let call = DecodeCall {
        q: rank.act().qkv.ptr_at(first * pitch_bytes),
        q_pitch_bytes: pitch_bytes,
        keys: keys.data,
        values: values.data,
        table: rank.inputs.table_of(run),
        page_tokens: PAGE_TOKENS,
        lengths: rank.inputs.list(run.lengths, 0),
        queries: run.queries,
        heads: shard.heads,
        kv_heads: shard.kv_heads,
        chunk_tokens: run.chunk_tokens,
        chunks: run.chunks,
        state,
        partial,
        recording: rank.recording.of(op.id.0),
    };
    kernels.launch(rank.device.compute(), &call)?;
    let first_block = call.blocks();
    let call = MergeCall {
        state,
        partial,
        out: rank.act().attended.ptr_at(first * out_pitch_bytes),
        out_pitch_bytes,
        queries: run.queries,
        heads: shard.heads,
        chunks: run.chunks,
        first_block,
        recording: rank.recording.of(op.id.0),
    };
    kernels.merge(rank.device.compute(), &call)
}
