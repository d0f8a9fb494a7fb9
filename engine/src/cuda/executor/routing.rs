//! Where rows and what is known of them lie between the ops of a mixture of experts.

use super::layout::{Rows, Sizes};
use crate::{
    cuda::{
        driver::{Buffer, CudaError, Device},
        kernels::{Routes, padded},
    },
    model::Moe,
    plan::{Op, Split, most_chunks},
};

/// What lies between the ops of a mixture of experts. An entry is a row with one of its experts; entries of the second
/// split lie behind those of the first, in the order of experts within each.
#[derive(Debug)]
pub(super) struct ExpertBuffers {
    /// `[rows, scores up to a multiple of 8]` f32.
    pub(super) scores: Buffer,
    /// `[entries]` u32 each, f32 for weights.
    ids: Buffer,
    weights: Buffer,
    ranks: Buffer,
    places: Buffer,
    /// A table a split: `[blocks that choose, experts]` u32.
    counts: [Buffer; 2],
    /// A list a split: `[experts + 1]` u32.
    first_rows: [Buffer; 2],
    /// `[entries, hidden]` bf16: inputs of experts in their order, then what the experts gave.
    pub(super) routed: Buffer,
    pub(super) shared: Option<SharedBuffers>,
}

/// Of the expert that every token goes to.
#[derive(Debug)]
pub(super) struct SharedBuffers {
    /// `[rows, 2 · intermediate]` bf16, where no epilogue gates.
    pub(super) gate_up: Option<Buffer>,
    /// `[rows, intermediate]` bf16, [padded].
    pub(super) gated: Buffer,
    /// `[rows, hidden]` bf16.
    pub(super) out: Buffer,
}

impl ExpertBuffers {
    pub(super) fn new(device: &Device, sizes: &Sizes, moe: Moe) -> Result<Self, CudaError> {
        let room = |rows: u32, columns: u32, bytes: usize| {
            Buffer::zeros(device, rows as usize * columns as usize * bytes)
        };
        let (rows, hidden) = (sizes.rows, sizes.shard.hidden);
        let entries = rows * moe.top_k;
        // Either split may be all of the batch, or any part of it.
        let blocks = most_chunks(rows, device.info().sms);
        let counts = || room(blocks, moe.experts, 4);
        let first_rows = || room(moe.experts + 1, 1, 4);
        let shared = match moe.shared_intermediate {
            0 => None,
            width => Some(SharedBuffers {
                gate_up: sizes.gates_apart.then(|| room(rows, 2 * width, 2)).transpose()?,
                gated: room(rows, padded(width), 2)?,
                out: room(rows, hidden, 2)?,
            }),
        };
        Ok(Self {
            scores: room(rows, sizes.score_columns(), 4)?,
            ids: room(entries, 1, 4)?,
            weights: room(entries, 1, 4)?,
            ranks: room(entries, 1, 4)?,
            places: room(entries, 1, 4)?,
            counts: [counts()?, counts()?],
            first_rows: [first_rows()?, first_rows()?],
            routed: room(entries, hidden, 2)?,
            shared,
        })
    }

    /// Of the rows of an op, `top_k` entries each.
    pub(super) fn routes(&self, op: &Op, rows: Rows, top_k: u32) -> Routes<'_> {
        let first = u64::from(rows.first) * u64::from(top_k) * 4;
        let split = usize::from(op.split == Split::Second);
        Routes {
            ids: self.ids.ptr_at(first),
            weights: self.weights.ptr_at(first),
            ranks: self.ranks.ptr_at(first),
            places: self.places.ptr_at(first),
            counts: self.counts[split].ptr(),
            first_rows: self.first_rows[split].ptr(),
        }
    }
}
