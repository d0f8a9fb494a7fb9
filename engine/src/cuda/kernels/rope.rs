use cudarc::driver::CudaStream;

#[cfg(test)]
use super::arguments::List;
use super::{
    Loader,
    arguments::{Entry, Pointer, arguments},
    heads,
    source::Source,
};
use crate::cuda::{
    driver::{CudaError, DevicePtr, Shape},
    stamps::OpRecording,
};

const THREADS: u32 = 256;

arguments! {
    RopeArguments of "rope.cu": "weft_rope";
    qkv: Pointer,
    table: Pointer,
    positions: Pointer,
    slots: Pointer,
    k_cache: Pointer,
    v_cache: Pointer,
    bias: Pointer,
    tokens: u32,
    q_heads: u32,
    k_heads: u32,
    op: u32,
    ring: Pointer,
}

#[cfg(test)]
pub(super) const LISTS: &[List] = &[List::of::<RopeArguments>()];

/// `rope.cu`: the bias of QKV, the rotary embedding of queries and keys, the write of keys and values to a cache.
#[derive(Clone, Debug)]
pub(in crate::cuda) struct Rope(Entry<RopeArguments>);

/// One launch over rows of QKV, in place.
#[derive(Clone, Copy, Debug)]
pub(in crate::cuda) struct RopeCall<'a> {
    /// `[tokens, (heads + 2 kv_heads) · head_dim]` bf16.
    pub(in crate::cuda) qkv: DevicePtr<'a>,
    /// `[positions, head_dim / 2]` of (cos, sin), f32.
    pub(in crate::cuda) table: DevicePtr<'a>,
    /// `[tokens]` u32, rows of `table`.
    pub(in crate::cuda) positions: DevicePtr<'a>,
    /// `[tokens]` u32, rows of the caches; `None`: nothing is written there.
    pub(in crate::cuda) slots: Option<DevicePtr<'a>>,
    /// `[rows, kv_heads · head_dim]` bf16.
    pub(in crate::cuda) keys: Option<DevicePtr<'a>>,
    /// As `keys`.
    pub(in crate::cuda) values: Option<DevicePtr<'a>>,
    /// `[(heads + 2 kv_heads) · head_dim]` bf16, added to every row first.
    pub(in crate::cuda) bias: Option<DevicePtr<'a>>,
    pub(in crate::cuda) tokens: u32,
    pub(in crate::cuda) heads: u32,
    pub(in crate::cuda) kv_heads: u32,
    /// Any number.
    pub(in crate::cuda) blocks: u32,
    pub(in crate::cuda) recording: OpRecording<'a>,
}

impl Rope {
    pub(in crate::cuda) fn load(loader: Loader<'_>, head_dim: u32) -> Result<Self, CudaError> {
        let source = Source::plain("rope.cu", "weft_rope");
        Entry::load(loader, Source { defines: &heads::defines(head_dim), ..source }).map(Self)
    }

    pub(in crate::cuda) fn launch(
        &self,
        stream: &CudaStream,
        call: &RopeCall<'_>,
    ) -> Result<(), CudaError> {
        let arguments = RopeArguments {
            qkv: call.qkv.into(),
            table: call.table.into(),
            positions: call.positions.into(),
            slots: call.slots.into(),
            k_cache: call.keys.into(),
            v_cache: call.values.into(),
            bias: call.bias.into(),
            tokens: call.tokens,
            q_heads: call.heads,
            k_heads: call.kv_heads,
            op: call.recording.op,
            ring: call.recording.ring.into(),
        };
        self.0.launch(stream, Shape::line(call.blocks, THREADS), arguments)
    }
}
