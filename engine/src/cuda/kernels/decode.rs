//! Attention of single queries over pages, in split-KV chunks that are merged: `attention_decode.cu`.

use cudarc::driver::CudaStream;

#[cfg(test)]
use super::arguments::List;
use super::{
    Loader,
    arguments::{Entry, Pointer, arguments},
    heads,
    prefill::{PageTable, scale},
    source::Source,
};
use crate::cuda::{
    driver::{CudaError, DevicePtr, Shape},
    stamps::OpRecording,
};

/// Query heads of a key head that a block of the decode kernel holds.
const DECODE_HEADS: u32 = 8;

arguments! {
    DecodeArguments of "attention_decode.cu": "weft_attention_decode";
    q: Pointer,
    q_pitch: u64,
    k_cache: Pointer,
    v_cache: Pointer,
    table: Pointer,
    table_pitch: u32,
    page_shift: u32,
    lengths: Pointer,
    q_heads: u32,
    key_heads: u32,
    chunk: u32,
    state: Pointer,
    partial: Pointer,
    scale: f32,
    op: u32,
    ring: Pointer,
}

arguments! {
    MergeArguments of "attention_decode.cu": "weft_attention_merge";
    state: Pointer,
    partial: Pointer,
    out: Pointer,
    out_pitch: u64,
    splits: u32,
    scale: f32,
    first: u32,
    op: u32,
    ring: Pointer,
}

#[cfg(test)]
pub(super) const LISTS: &[List] = &[List::of::<DecodeArguments>(), List::of::<MergeArguments>()];

/// Warps of a block of the decode kernel: half as many for wide heads, whose stages take twice the memory.
const fn warps(head_dim: u32) -> u32 {
    if head_dim > 128 { 2 } else { 4 }
}

/// Dynamic shared memory of the decode kernel: three stages of sixteen keys and values for each warp, rows padded by a
/// vector where swizzling does not spread them over the banks.
pub(super) const fn smem_bytes(head_dim: u32) -> u32 {
    let padding = if head_dim.is_multiple_of(64) { 0 } else { 16 };
    warps(head_dim) * 3 * 2 * 16 * (head_dim * 2 + padding)
}

/// Blocks that share the query heads of a key head in the decode kernel.
pub(in crate::cuda) fn decode_blocks_per_key_head(heads: u32, kv_heads: u32) -> u32 {
    (heads / kv_heads).div_ceil(DECODE_HEADS)
}

/// `attention_decode.cu`: attention of single queries over pages, chunk by chunk of the keys, then merged.
#[derive(Clone, Debug)]
pub(in crate::cuda) struct Decode {
    head_dim: u32,
    chunks: Entry<DecodeArguments>,
    merge: Entry<MergeArguments>,
}

/// One launch over every split-KV chunk of a run of single queries.
#[derive(Clone, Copy, Debug)]
pub(in crate::cuda) struct DecodeCall<'a> {
    /// `[queries, heads · head_dim]` bf16, rows `q_pitch_bytes` apart.
    pub(in crate::cuda) q: DevicePtr<'a>,
    pub(in crate::cuda) q_pitch_bytes: u64,
    /// `[pages · page_tokens, kv_heads · head_dim]` bf16.
    pub(in crate::cuda) keys: DevicePtr<'a>,
    /// As `keys`.
    pub(in crate::cuda) values: DevicePtr<'a>,
    /// One row a query.
    pub(in crate::cuda) table: PageTable<'a>,
    /// A power of two, 16 or more.
    pub(in crate::cuda) page_tokens: u32,
    /// `[queries]` u32: keys that each query sees.
    pub(in crate::cuda) lengths: DevicePtr<'a>,
    pub(in crate::cuda) queries: u32,
    pub(in crate::cuda) heads: u32,
    pub(in crate::cuda) kv_heads: u32,
    /// Keys a chunk, a multiple of 64.
    pub(in crate::cuda) chunk_tokens: u32,
    /// Chunks of the longest query.
    pub(in crate::cuda) chunks: u32,
    /// `[queries, heads, chunks, 2]` f32.
    pub(in crate::cuda) state: DevicePtr<'a>,
    /// `[queries, heads, chunks, head_dim]` f32.
    pub(in crate::cuda) partial: DevicePtr<'a>,
    pub(in crate::cuda) recording: OpRecording<'a>,
}

/// One launch that merges what [`DecodeCall`] left.
#[derive(Clone, Copy, Debug)]
pub(in crate::cuda) struct MergeCall<'a> {
    /// `[queries, heads, chunks, 2]` f32.
    pub(in crate::cuda) state: DevicePtr<'a>,
    /// `[queries, heads, chunks, head_dim]` f32.
    pub(in crate::cuda) partial: DevicePtr<'a>,
    /// `[queries, heads · head_dim]` bf16, rows `out_pitch_bytes` apart.
    pub(in crate::cuda) out: DevicePtr<'a>,
    pub(in crate::cuda) out_pitch_bytes: u64,
    pub(in crate::cuda) queries: u32,
    pub(in crate::cuda) heads: u32,
    pub(in crate::cuda) chunks: u32,
    /// Number of its first block among those of the op.
    pub(in crate::cuda) first_block: u32,
    pub(in crate::cuda) recording: OpRecording<'a>,
}

impl DecodeCall<'_> {
    fn grid(&self) -> [u32; 3] {
        let key_head_blocks = decode_blocks_per_key_head(self.heads, self.kv_heads);
        [self.chunks, self.kv_heads * key_head_blocks, self.queries]
    }

    /// Blocks of the launch.
    pub(in crate::cuda) fn blocks(&self) -> u32 {
        self.grid().iter().product()
    }
}

impl Decode {
    pub(in crate::cuda) fn load(loader: Loader<'_>, head_dim: u32) -> Result<Self, CudaError> {
        let (file, defines) = ("attention_decode.cu", &heads::defines(head_dim));
        let source = |entry, smem_bytes| Source { file, entry, defines, smem_bytes };
        Ok(Self {
            head_dim,
            chunks: Entry::load(loader, source("weft_attention_decode", smem_bytes(head_dim)))?,
            merge: Entry::load(loader, source("weft_attention_merge", 0))?,
        })
    }

    pub(in crate::cuda) fn launch(
        &self,
        stream: &CudaStream,
        call: &DecodeCall<'_>,
    ) -> Result<(), CudaError> {
        let arguments = DecodeArguments {
            q: call.q.into(),
            q_pitch: call.q_pitch_bytes,
            k_cache: call.keys.into(),
            v_cache: call.values.into(),
            table: call.table.pages.into(),
            table_pitch: call.table.pitch,
            page_shift: call.page_tokens.ilog2(),
            lengths: call.lengths.into(),
            q_heads: call.heads,
            key_heads: call.kv_heads,
            chunk: call.chunk_tokens,
            state: call.state.into(),
            partial: call.partial.into(),
            scale: scale(self.head_dim),
            op: call.recording.op,
            ring: call.recording.ring.into(),
        };
        let grid = call.grid();
        let threads = 32 * warps(self.head_dim);
        self.chunks.launch(stream, Shape { grid, threads }, arguments)
    }

    pub(in crate::cuda) fn merge(
        &self,
        stream: &CudaStream,
        call: &MergeCall<'_>,
    ) -> Result<(), CudaError> {
        let arguments = MergeArguments {
            state: call.state.into(),
            partial: call.partial.into(),
            out: call.out.into(),
            out_pitch: call.out_pitch_bytes,
            splits: call.chunks,
            scale: scale(self.head_dim),
            first: call.first_block,
            op: call.recording.op,
            ring: call.recording.ring.into(),
        };
        let grid = [call.heads, call.queries, 1];
        self.merge.launch(stream, Shape { grid, threads: self.head_dim }, arguments)
    }
}
