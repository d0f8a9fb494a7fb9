//! One rank: its GPU and its memory there.

use std::sync::Arc;

use cudarc::driver::CudaStream;
use weftscope_kernels::abi::PAD_WORDS;

use super::{
    cache::KvCache,
    inputs::Inputs,
    layout::{Rows, Sizes, norms_before},
    places::Places,
    routing::ExpertBuffers,
    weights::RankWeights,
    workspace::Scratch,
};
use crate::{
    cuda::{
        driver::{Buffer, CudaError, Device, DevicePtr},
        kernels::Matrix,
        stamps::Recording,
    },
    plan::{Op, Plan, StreamId},
};

/// Blocks of a collective at most, a pad each.
const MAX_COLLECTIVE_BLOCKS: usize = 256;

/// Activations. All bf16 matrices are dense and row-major.
#[derive(Debug)]
pub(super) struct Activations {
    /// `[rows to a multiple of the ranks, hidden]`, reached by peers.
    pub(super) hidden: Buffer,
    /// `[rows, hidden]`; only the rank's token shard means anything once the stream is sharded.
    pub(super) residual: Buffer,
    /// `[rows, (heads + 2 kv_heads) · 128]`.
    pub(super) qkv: Buffer,
    /// `[rows, heads · 128]`.
    pub(super) attended: Buffer,
    /// `[rows of experts, 2 · intermediate]`, where no epilogue gates.
    pub(super) gate_up: Option<Buffer>,
    /// `[rows of experts, intermediate]`: as many rows a token as it has experts, one in a dense model.
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

/// One rank.
#[derive(Debug)]
pub(super) struct Rank {
    pub(super) device: Device,
    pub(super) scratch: Arc<Scratch>,
    pub(super) inputs: Inputs,
    /// `[positions, 64]` of (cos, sin).
    pub(super) rope: Arc<Buffer>,
    pub(super) weights: Arc<RankWeights>,
    /// For each op, how many norms its tokens have seen before it: the index of a norm op's weights.
    norms_before: Vec<u32>,
    /// Keys and values of earlier tokens; `None`: all keys are in the batch's rows.
    pub(super) cache: Option<Arc<KvCache>>,
    pub(super) recording: Arc<Recording>,
    pub(super) sizes: Sizes,
    /// Ranks of the plan.
    pub(super) ranks: u32,
}

/// What a rank has from elsewhere.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) device: Device,
    pub(super) scratch: Arc<Scratch>,
    pub(super) rope: Arc<Buffer>,
    pub(super) weights: Arc<RankWeights>,
    pub(super) cache: Option<Arc<KvCache>>,
    pub(super) recording: Arc<Recording>,
}

impl Rank {
    /// With its parts in place; only what describes the batch is allocated.
    pub(super) fn new(
        plan: &Plan,
        sizes: Sizes,
        places: Arc<Places>,
        parts: Parts,
    ) -> Result<Self, CudaError> {
        let Parts { device, scratch, rope, weights, cache, recording } = parts;
        Ok(Self {
            inputs: Inputs::new(&device, places)?,
            norms_before: norms_before(plan),
            ranks: plan.ranks,
            device,
            scratch,
            rope,
            weights,
            cache,
            recording,
            sizes,
        })
    }

    /// Its activations.
    pub(super) fn act(&self) -> &Activations {
        &self.scratch.act
    }

    /// The weights that a norm op (by itself or fused with its collective) multiplies with.
    pub(super) fn gamma(&self, op: &Op) -> DevicePtr<'_> {
        let index = self.norms_before[op.id.0 as usize];
        let hidden = u64::from(self.sizes.shard.hidden);
        self.weights.norms.ptr_at(u64::from(index) * hidden * 2)
    }

    /// Logits of the last token of each sequence, `[sequences, rows of the vocabulary shard]`, for rank `index`.
    pub(super) fn logits(&self, index: u32) -> Result<Vec<f32>, CudaError> {
        let len = self.inputs.places.sequences * self.sizes.logit_columns();
        let bits: Vec<u16> = self.act().logits.read(0, len as usize)?;
        let own = self.sizes.vocab_rows(index) as usize;
        let rows = bits.chunks_exact(self.sizes.logit_columns() as usize);
        // bf16 is the upper half of an f32.
        let wide = |&bits: &u16| f32::from_bits(u32::from(bits) << 16);
        Ok(rows.flat_map(|row| row[..own].iter().map(wide)).collect())
    }

    /// The stream of an op.
    pub(super) fn stream_of(&self, op: &Op) -> &CudaStream {
        if op.stream == StreamId::COMM { self.device.comm() } else { self.device.compute() }
    }

    /// Rows of a dense bf16 matrix with so many columns.
    pub(super) fn matrix(buffer: &Buffer, rows: Rows, columns: u32) -> Matrix<'_> {
        Matrix::dense(buffer.ptr_at(rows.first_byte(columns)), rows.rows, columns)
    }
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
            gated: bf16(routed, sizes.intermediate)?,
            experts: sizes.moe.map(|moe| ExpertBuffers::new(device, sizes, moe)).transpose()?,
            last: bf16(sequences, shard.hidden)?,
            logits: bf16(sequences, sizes.logit_columns())?,
            keys: Buffer::zeros(device, sequences as usize * 8)?,
            pads: Buffer::zeros(device, MAX_COLLECTIVE_BLOCKS * PAD_WORDS * 4)?,
        })
    }
}
