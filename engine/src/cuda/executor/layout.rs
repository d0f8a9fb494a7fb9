//! Which rows of the activations an op works on, and how large they are.

use crate::{
    model::{DegreeError, Ffn, Shard},
    plan::{Op, Plan, Split},
};

/// Sizes of one rank's buffers, in elements and rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub(super) shard: Shard,
    /// Rows of activations, padding included.
    pub(super) rows: u32,
    /// Rows of split 0.
    pub(super) first_rows: u32,
    /// Tokens of the batch.
    pub(super) tokens: u32,
    /// Rows of the gate (and of the up) projection on this rank.
    pub(super) intermediate: u32,
    pub(super) layers: u32,
}

/// Rows `[first, first + rows)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) first: u32,
    pub(super) rows: u32,
}

impl Sizes {
    pub(super) fn of(plan: &Plan) -> Result<Self, DegreeError> {
        let knobs = &plan.spec.knobs;
        let shard = Shard::new(&plan.spec.model, knobs.shard_of.unwrap_or(knobs.tp))?;
        let tokens = plan.spec.batch.tokens();
        let (rows, first_rows) = match &plan.decision.split {
            Some(split) => (split.first_tokens + split.second_rows, split.first_tokens),
            None => (plan.ops.iter().map(|op| op.tokens).max().unwrap_or(tokens), 0),
        };
        let intermediate = match shard.ffn {
            Ffn::Dense { intermediate } | Ffn::Moe { intermediate, .. } => intermediate,
        };
        Ok(Self {
            shard,
            rows: rows.max(tokens),
            first_rows,
            tokens,
            intermediate,
            layers: plan.layers,
        })
    }

    /// The rows of an op's split.
    pub(super) fn rows_of(&self, op: &Op) -> Rows {
        match op.split {
            Split::Whole => Rows { first: 0, rows: op.tokens.min(self.rows) },
            Split::First => Rows { first: 0, rows: self.first_rows },
            Split::Second => Rows { first: self.first_rows, rows: self.rows - self.first_rows },
        }
    }
}

impl Rows {
    /// The part of them that rank `rank` of `ranks` owns: an even cut in row order.
    pub(super) fn shard(self, rank: u32, ranks: u32) -> Self {
        let cut = |at: u32| (u64::from(self.rows) * u64::from(at) / u64::from(ranks)) as u32;
        Self { first: self.first + cut(rank), rows: cut(rank + 1) - cut(rank) }
    }
}
