//! What lies between the ops of an iteration on one rank.

use weftscope_kernels::abi::PAD_WORDS;

use super::{layout::Sizes, routing::ExpertBuffers};
use crate::cuda::{
    driver::{Buffer, CudaError, Device},
    kernels::padded,
};

/// Blocks of a collective at most, a pad each.
const MAX_COLLECTIVE_BLOCKS: usize = 256;

/// Activations. All bf16 matrices are row-major, and dense but for `gated`.
#[derive(Debug)]
pub(super) struct Activations {
    /// `[rows to a multiple of the ranks, hidden]`, reached by peers.
    pub(super) hidden: Buffer,
    /// `[rows, hidden]`; only the rank's token shard means anything once the stream is sharded.
    pub(super) residual: Buffer,
    /// `[rows, (heads + 2 kv_heads) · head_dim]`.
    pub(super) qkv: Buffer,
    /// `[rows, heads · head_dim]`.
    pub(super) attended: Buffer,
    /// `[rows of experts, 2 · intermediate]`, where no epilogue gates.
    pub(super) gate_up: Option<Buffer>,
    /// `[rows of experts, intermediate]`, [padded]: as many rows a token as it has experts, one in a dense model.
    pub(super) gated: Buffer,
    pub(super) experts: Option<ExpertBuffers>,
    /// `[sequences, hidden]`: the rows that get logits.
    pub(super) last: Buffer,
    /// `[sequences, vocabulary shard up to a multiple of 8]`.
    pub(super) logits: Buffer,
    /// `[sequences]` u64: the likeliest token of each in this rank's shard.
    pub(super) keys: Buffer,
    /// Signal pads of collectives, reached by peers.
    pub(super) pads: Buffer,
}

impl Activations {
    pub(super) fn new(device: &Device, sizes: &Sizes, sequences: u32) -> Result<Self, CudaError> {
        let (shard, routed) = (&sizes.shard, sizes.rows * sizes.routed());
        let bf16 =
            |rows: u32, columns: u32| Buffer::zeros(device, rows as usize * columns as usize * 2);
        Ok(Self {
            hidden: bf16(sizes.reached_rows, shard.hidden)?,
            residual: bf16(sizes.rows, shard.hidden)?,
            qkv: bf16(sizes.rows, shard.qkv_columns())?,
            attended: bf16(sizes.rows, shard.heads * shard.head_dim)?,
            gate_up: sizes.gates_apart.then(|| bf16(routed, 2 * sizes.intermediate)).transpose()?,
            gated: bf16(routed, padded(sizes.intermediate))?,
            experts: sizes.moe.map(|moe| ExpertBuffers::new(device, sizes, moe)).transpose()?,
            last: bf16(sequences, shard.hidden)?,
            logits: bf16(sequences, sizes.logit_columns())?,
            keys: Buffer::zeros(device, sequences as usize * 8)?,
            pads: Buffer::zeros(device, MAX_COLLECTIVE_BLOCKS * PAD_WORDS * 4)?,
        })
    }
}
