use super::{cache::Pages, layout::Sizes};
use crate::{
    batch::Request,
    cuda::driver::{Buffer, CudaError, Device},
    model::ModelShape,
    plan::Plan,
};

/// What describes the batch to the kernels.
#[derive(Debug)]
pub(super) struct Inputs {
    /// `[rows]` u32.
    pub(super) ids: Buffer,
    /// `[rows]` u32: place of each token in its sequence.
    pub(super) positions: Buffer,
    /// `[sequences]` u32: row of each sequence's last token.
    pub(super) last_rows: Buffer,
    /// Sequences with new tokens.
    pub(super) sequences: u32,
    /// `[positions, 64]` of (cos, sin).
    pub(super) rope: Buffer,
    /// `[tokens]` u32: row of the cache that each token's key and value go to, if there is one.
    pub(super) slots: Option<Buffer>,
}

impl Inputs {
    pub(super) fn new(
        plan: &Plan,
        device: &Device,
        sizes: &Sizes,
        pages: Option<&Pages>,
    ) -> Result<Self, CudaError> {
        let (mut positions, mut last_rows) = (Vec::with_capacity(sizes.rows as usize), Vec::new());
        for request in live(plan) {
            positions.extend(request.cached_tokens..request.cached_tokens + request.new_tokens);
            last_rows.push(positions.len() as u32 - 1);
        }
        let longest = positions.iter().copied().max().unwrap_or(0) + 1;
        positions.resize(sizes.rows as usize, 0);
        Ok(Self {
            ids: Buffer::from_host(device, &walk(sizes.rows, plan.spec.model.vocab))?,
            positions: Buffer::from_host(device, &positions)?,
            sequences: last_rows.len() as u32,
            last_rows: Buffer::from_host(device, &last_rows)?,
            rope: Buffer::from_host(device, &rope_table(longest, &plan.spec.model))?,
            slots: pages
                .map(|pages| Buffer::from_host(device, &pages.slots(&plan.spec.batch)))
                .transpose()?,
        })
    }

    /// Puts the ids of the batch's tokens in place of what was there; rows behind them get the first id.
    pub(super) fn write_ids(&self, ids: Option<&[u32]>, vocab: u32) -> Result<(), CudaError> {
        let rows = self.ids.len_bytes() / 4;
        let mut all = ids.map_or_else(|| walk(rows as u32, vocab), <[u32]>::to_vec);
        all.resize(rows, 0);
        self.ids.write(&all)
    }
}

/// Requests that have tokens in this iteration, in order.
pub(super) fn live(plan: &Plan) -> impl Iterator<Item = &Request> {
    plan.spec.batch.requests.iter().filter(|request| request.new_tokens > 0)
}

/// Any ids will do; a multiplicative walk visits the vocabulary without repeating soon.
fn walk(rows: u32, vocab: u32) -> Vec<u32> {
    (0..rows).map(|row| row.wrapping_mul(2_654_435_761) % vocab.max(1)).collect()
}

/// `[positions, 64]` of (cos, sin) for head size 128, computed in `f64`.
fn rope_table(positions: u32, model: &ModelShape) -> Vec<f32> {
    let frequencies: Vec<f64> = (0..64)
        .map(|i| {
            let plain = model.rope_theta.powf(-f64::from(i) / 64.0);
            model.rope_scaling.as_ref().map_or(plain, |scaling| scaling.stretch(plain))
        })
        .collect();
    (0..positions)
        .flat_map(|position| {
            let turn = |frequency: &f64| {
                let (sin, cos) = (f64::from(position) * frequency).sin_cos();
                [cos as f32, sin as f32]
            };
            frequencies.iter().flat_map(turn).collect::<Vec<_>>()
        })
        .collect()
}
