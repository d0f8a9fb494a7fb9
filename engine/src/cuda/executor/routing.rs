//! Where rows and what is known of them lie between the ops of a mixture of experts.

use super::layout::{Rows, Sizes, gathers};
use crate::{
    cuda::{
        driver::{Buffer, CudaError, Device},
        kernels::{Groups, Routes, TAKEN, padded},
    },
    model::Moe,
    plan::{Op, OpId, OpRole, Plan, Split, most_chunks},
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
    tokens: Buffer,
    /// A table a split: `[blocks that choose, experts]` u32.
    counts: [Buffer; 2],
    /// A list a split and layer: `[layers of the model, experts + 1]` u32, and [`TAKEN`] more. They outlive their layer, so that a run can say
    /// where its tokens went.
    first_rows: [Buffer; 2],
    experts: u32,
    /// `[entries, hidden]` bf16, in the order of experts: their rows, where they do not gather them, then what they gave.
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
        let first_rows = || room(sizes.model_layers, moe.experts + 1 + TAKEN, 4);
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
            tokens: room(entries, 1, 4)?,
            counts: [counts()?, counts()?],
            first_rows: [first_rows()?, first_rows()?],
            experts: moe.experts,
            routed: room(entries, hidden, 2)?,
            shared,
        })
    }

    /// Of the rows of an op, `top_k` entries each.
    pub(super) fn routes(&self, op: &Op, rows: Rows, top_k: u32) -> Routes<'_> {
        let first = u64::from(rows.first) * u64::from(top_k) * 4;
        let split = table_of(op);
        Routes {
            ids: self.ids.ptr_at(first),
            weights: self.weights.ptr_at(first),
            ranks: self.ranks.ptr_at(first),
            places: self.places.ptr_at(first),
            tokens: self.tokens.ptr_at(first),
            counts: self.counts[split].ptr(),
            first_rows: self.first_rows[split].ptr_at(self.list_of(op) as u64 * 4),
        }
    }

    /// Matrices of experts in one launch: the first ones of a layer, which may gather their rows from the tokens, or the second ones.
    pub(super) fn groups(&self, op: &Op, entries: Rows) -> Groups<'_> {
        let word = |at: usize| self.first_rows[table_of(op)].ptr_at(at as u64 * 4);
        let (list, second) = (self.list_of(op), op.role == OpRole::ExpertsW2);
        let taken = list + self.experts as usize + 1 + usize::from(second);
        let tokens = self.tokens.ptr_at(u64::from(entries.first) * 4);
        Groups {
            count: self.experts,
            first_rows: word(list),
            taken: word(taken),
            rows: (!second && gathers(op)).then_some(tokens),
        }
    }

    /// Where the list of an op's layer begins, in words.
    fn list_of(&self, op: &Op) -> usize {
        op.layer.unwrap_or(0) as usize * (self.experts + 1 + TAKEN) as usize
    }

    /// Where the tokens of the last iteration went: of each op that multiplies the first matrices of experts, the rows of the busiest
    /// one as a multiple of the mean.
    pub(super) fn busiest(&self, plan: &Plan) -> Result<Vec<(OpId, f64)>, CudaError> {
        let read = |list: &Buffer| list.read::<u32>(0, list.len_bytes() / 4);
        let lists = [read(&self.first_rows[0])?, read(&self.first_rows[1])?];
        let of_op = |op: &Op| {
            let list = &lists[table_of(op)];
            let first_rows = list.get(self.list_of(op)..)?.get(..=self.experts as usize)?;
            Some((op.id, busiest(first_rows)?))
        };
        let experts = plan.ops.iter().filter(|op| op.role == OpRole::ExpertsW13);
        Ok(experts.filter_map(of_op).collect())
    }
}

/// Which of the two tables is of the op's split.
fn table_of(op: &Op) -> usize {
    usize::from(op.split == Split::Second)
}

/// The most rows of one as a multiple of the mean, by where the rows of each begin and those of the last end; `None` without any.
fn busiest(first_rows: &[u32]) -> Option<f64> {
    let rows = first_rows.windows(2).map(|pair| pair[1].saturating_sub(pair[0]));
    let (most, all) = (rows.clone().max()?, rows.map(f64::from).sum::<f64>());
    let mean = all / (first_rows.len() - 1) as f64;
    (mean > 0.0).then(|| f64::from(most) / mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_expert_is_a_multiple_of_the_mean_and_unknown_without_rows() {
        assert_eq!(busiest(&[0, 1, 9, 9, 12]), Some(8.0 / 3.0));
        assert_eq!(busiest(&[0, 4, 8]), Some(1.0));
        for none in [&[][..], &[0], &[0, 0, 0]] {
            assert_eq!(busiest(none), None, "{none:?}");
        }
    }
}
