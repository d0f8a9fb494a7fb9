//! One rank: its GPU and its memory there.

use std::sync::Arc;

use cudarc::driver::CudaStream;

use super::{
    activations::Activations,
    cache::KvCache,
    inputs::Inputs,
    layout::{Rows, Sizes, norms_before},
    places::Places,
    weights::RankWeights,
    workspace::Scratch,
};
use crate::{
    cuda::{
        driver::{Buffer, CudaError, Device, DevicePtr},
        kernels::{Matrix, padded},
        stamps::Recording,
    },
    plan::{Op, Plan, StreamId},
};

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

    /// The same where rows begin with lines of memory.
    pub(super) fn padded(buffer: &Buffer, rows: Rows, columns: u32) -> Matrix<'_> {
        Matrix::padded(buffer.ptr_at(rows.first_byte(padded(columns))), rows.rows, columns)
    }
}
