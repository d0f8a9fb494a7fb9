//! Causal attention of tiles of queries, over rows or pages: `attention_sm90.cu` and its portable twin.

use cudarc::driver::CudaStream;

#[cfg(test)]
use super::arguments::List;
use super::{
    Loader, Matrix, TensorMap,
    arguments::{Entry, Pointer, arguments},
    heads,
    source::Source,
};
use crate::cuda::{
    driver::{CudaError, DevicePtr, KernelFamily, Shape},
    stamps::OpRecording,
};

/// Staging rows of Hopper's kernel, its barriers, and what aligning its panels may take.
const HOPPER_SMALL_BYTES: u32 = 18_432 + 80 + 1024;
const HOPPER_THREADS: u32 = 384;
const PORTABLE_THREADS: u32 = 256;
/// Queries a tile.
const TILE_ROWS: u32 = 128;
/// Columns of a box of the copy engine.
const BOX_COLUMNS: u32 = 64;

/// Keys that Hopper's kernel takes at a time: wider heads leave room for fewer.
const fn hopper_keys(head_dim: u32) -> u32 {
    if head_dim > 128 { 64 } else { 128 }
}

/// Dynamic shared memory of Hopper's kernel: queries, two stages of keys and of values, in panels of whole boxes.
fn hopper_smem_bytes(head_dim: u32) -> u32 {
    let row = head_dim.next_multiple_of(BOX_COLUMNS) * 2;
    let whole = (TILE_ROWS + 4 * hopper_keys(head_dim)) * row + HOPPER_SMALL_BYTES;
    whole.next_multiple_of(256)
}

/// Dynamic shared memory of the portable kernel, its rows padded by a vector: two stages of 64 keys and values, or where
/// heads are wide the queries and 32 keys and values.
const fn portable_smem_bytes(head_dim: u32) -> u32 {
    let rows = if head_dim > 128 { TILE_ROWS + 2 * 32 } else { 4 * 64 };
    rows * (head_dim * 2 + 16)
}

arguments! {
    HopperArguments of "attention_sm90.cu": "weft_attention";
    map_q: TensorMap,
    map_k: TensorMap,
    map_v: TensorMap,
    out: Pointer,
    pitch: u64,
    tiles: Pointer,
    count: u32,
    heads: u32,
    heads_per_key: u32,
    table: Pointer,
    table_pitch: u32,
    scale: f32,
    op: u32,
    ring: Pointer,
    error: Pointer,
}

arguments! {
    PortableArguments of "attention_mma.cu": "weft_attention";
    q: Pointer,
    q_pitch: u64,
    k: Pointer,
    v: Pointer,
    kv_pitch: u64,
    out: Pointer,
    pitch: u64,
    tiles: Pointer,
    count: u32,
    heads: u32,
    heads_per_key: u32,
    table: Pointer,
    table_pitch: u32,
    scale: f32,
    op: u32,
    ring: Pointer,
}

/// Dynamic shared memory of both twins.
#[cfg(test)]
pub(super) fn smem_bytes(head_dim: u32) -> (u32, u32) {
    (hopper_smem_bytes(head_dim), portable_smem_bytes(head_dim))
}

#[cfg(test)]
pub(super) const LISTS: &[List] = &[List::of::<HopperArguments>(), List::of::<PortableArguments>()];

/// Causal attention of tiles of queries, compiled for one head size and for keys in rows or in pages.
#[derive(Clone, Debug)]
pub(in crate::cuda) struct Prefill {
    twin: Twin,
    form: PrefillForm,
    gpu: u32,
}

#[derive(Clone, Debug)]
enum Twin {
    Hopper(Entry<HopperArguments>),
    Portable(Entry<PortableArguments>),
}

/// What is fixed when prefill attention is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cuda) struct PrefillForm {
    /// Tokens a page; 0: keys and values lie in rows.
    pub(in crate::cuda) page_tokens: u32,
    /// Hopper's kernel has [`HEAD_DIMS`](super::HEAD_DIMS), the portable one multiples of 16 up to 256.
    pub(in crate::cuda) head_dim: u32,
    pub(in crate::cuda) family: KernelFamily,
}

/// Pages by sequence.
#[derive(Clone, Copy, Debug)]
pub(in crate::cuda) struct PageTable<'a> {
    /// `[sequences, pitch]` u32.
    pub(in crate::cuda) pages: DevicePtr<'a>,
    pub(in crate::cuda) pitch: u32,
}

/// One launch over all tiles of a batch.
#[derive(Clone, Copy, Debug)]
pub(in crate::cuda) struct PrefillCall<'a> {
    /// `[queries, heads · head_dim]`.
    pub(in crate::cuda) q: Matrix<'a>,
    /// `[keys, kv_heads · head_dim]`, rows or pages behind one another.
    pub(in crate::cuda) k: Matrix<'a>,
    /// As `k`, with rows as far apart.
    pub(in crate::cuda) v: Matrix<'a>,
    /// `[queries, heads · head_dim]` bf16.
    pub(in crate::cuda) out: DevicePtr<'a>,
    pub(in crate::cuda) out_pitch_bytes: u64,
    /// `[num_tiles, 4]` u32: first query, queries, position of the first, first key row or row of the page table.
    pub(in crate::cuda) tiles: DevicePtr<'a>,
    pub(in crate::cuda) num_tiles: u32,
    pub(in crate::cuda) heads: u32,
    pub(in crate::cuda) kv_heads: u32,
    /// Where keys lie in pages.
    pub(in crate::cuda) table: Option<PageTable<'a>>,
    /// Any number; each walks its items.
    pub(in crate::cuda) blocks: u32,
    pub(in crate::cuda) recording: OpRecording<'a>,
}

impl Prefill {
    pub(in crate::cuda) fn load(loader: Loader<'_>, form: PrefillForm) -> Result<Self, CudaError> {
        let mut defines = heads::defines(form.head_dim);
        defines.push(format!("WEFT_PAGE={}", form.page_tokens));
        let source = |file, smem_bytes| {
            let (entry, defines) = ("weft_attention", defines.as_slice());
            Source { file, entry, defines, smem_bytes }
        };
        let twin = match form.family {
            KernelFamily::Hopper => {
                let smem_bytes = hopper_smem_bytes(form.head_dim);
                Twin::Hopper(Entry::load(loader, source("attention_sm90.cu", smem_bytes))?)
            }
            KernelFamily::Portable => {
                let smem_bytes = portable_smem_bytes(form.head_dim);
                Twin::Portable(Entry::load(loader, source("attention_mma.cu", smem_bytes))?)
            }
        };
        Ok(Self { twin, form, gpu: loader.device().info().index })
    }

    pub(in crate::cuda) fn launch(
        &self,
        stream: &CudaStream,
        call: &PrefillCall<'_>,
    ) -> Result<(), CudaError> {
        match &self.twin {
            Twin::Hopper(entry) => {
                let shape = Shape::line(call.blocks, HOPPER_THREADS);
                entry.launch(stream, shape, self.hopper(call)?)
            }
            Twin::Portable(entry) => {
                let shape = Shape::line(call.blocks, PORTABLE_THREADS);
                entry.launch(stream, shape, self.portable(call))
            }
        }
    }

    fn hopper(&self, call: &PrefillCall<'_>) -> Result<HopperArguments, CudaError> {
        let key_rows = match (self.form.page_tokens, hopper_keys(self.form.head_dim)) {
            (0, keys) => keys,
            (page, keys) => page.min(keys),
        };
        let map = |matrix, rows| TensorMap::bf16(matrix, rows, BOX_COLUMNS, self.gpu);
        Ok(HopperArguments {
            map_q: map(call.q, TILE_ROWS)?,
            map_k: map(call.k, key_rows)?,
            map_v: map(call.v, key_rows)?,
            out: call.out.into(),
            pitch: call.out_pitch_bytes,
            tiles: call.tiles.into(),
            count: call.num_tiles,
            heads: call.heads,
            heads_per_key: call.heads / call.kv_heads,
            table: call.table.map(|table| table.pages).into(),
            table_pitch: call.table.map_or(0, |table| table.pitch),
            scale: scale(self.form.head_dim),
            op: call.recording.op,
            ring: call.recording.ring.into(),
            error: call.recording.error.into(),
        })
    }

    fn portable(&self, call: &PrefillCall<'_>) -> PortableArguments {
        PortableArguments {
            q: call.q.data.into(),
            q_pitch: call.q.pitch_bytes,
            k: call.k.data.into(),
            v: call.v.data.into(),
            kv_pitch: call.k.pitch_bytes,
            out: call.out.into(),
            pitch: call.out_pitch_bytes,
            tiles: call.tiles.into(),
            count: call.num_tiles,
            heads: call.heads,
            heads_per_key: call.heads / call.kv_heads,
            table: call.table.map(|table| table.pages).into(),
            table_pitch: call.table.map_or(0, |table| table.pitch),
            scale: scale(self.form.head_dim),
            op: call.recording.op,
            ring: call.recording.ring.into(),
        }
    }
}

/// log2(e) / √head_dim: the kernels take powers of two.
pub(super) fn scale(head_dim: u32) -> f32 {
    std::f32::consts::LOG2_E / (head_dim as f32).sqrt()
}
