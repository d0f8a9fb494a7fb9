//! Which rows of the activations an op works on, and how large they are.

use std::ops::Range;

use crate::{
    cuda::kernels::padded,
    model::{DegreeError, Ffn, Moe, Shard},
    plan::{Cluster, Collective, Op, OpId, OpRole, OpWork, Plan, Split},
};

/// Columns of a GEMM's narrowest tile.
const LEAST_TILE_COLUMNS: u32 = 128;
/// Tokens a page: what the prefill kernel is compiled for.
pub const PAGE_TOKENS: u32 = 128;

/// Pages that so many tokens of a sequence take.
pub fn pages_of(tokens: u32) -> u32 {
    tokens.div_ceil(PAGE_TOKENS)
}

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
    /// Rows of the gate (and of the up) projection on this rank, of each expert where there are several.
    pub(super) intermediate: u32,
    /// This rank's part of the mixture of experts.
    pub(super) moe: Option<Moe>,
    /// SiLU·mul is an op of its own.
    pub(super) gates_apart: bool,
    /// Rows come into the order of their experts before these multiply them.
    pub(super) copies_rows: bool,
    /// Layers that run.
    pub(super) layers: u32,
    /// Layers of the model.
    pub(super) model_layers: u32,
    /// Rows of the vocabulary, all ranks together.
    pub(super) vocab: u32,
    /// Rows of the buffer that collectives reach: a scattered part ends at a multiple of the ranks.
    pub(super) reached_rows: u32,
    pub(super) qkv_bias: bool,
    pub(super) rms_eps: f32,
    /// Keys and values lie in pages of a cache.
    pub(super) paged: bool,
}

/// The first product of experts gathers its rows from the tokens, unless its plan has them in the order of experts.
pub(super) fn gathers(op: &Op) -> bool {
    !matches!(&op.work, OpWork::Gemm(shape) if shape.cluster == Cluster::Uneven)
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
        let shard = Shard::new(&plan.spec.model, knobs.shard_degree())?;
        let tokens = plan.spec.batch.tokens();
        let (rows, first_rows) = match &plan.decision.split {
            Some(split) => (split.first_tokens + split.second_rows, split.first_tokens),
            None => (plan.ops.iter().map(|op| op.tokens).max().unwrap_or(tokens), 0),
        };
        let (intermediate, moe) = match shard.ffn {
            Ffn::Dense { intermediate } => (intermediate, None),
            Ffn::Moe(moe) => (moe.intermediate, Some(moe)),
        };
        Ok(Self {
            shard,
            rows: rows.max(tokens),
            first_rows,
            tokens,
            intermediate,
            moe,
            gates_apart: plan.ops.iter().any(gates),
            copies_rows: plan.ops.iter().any(|op| op.role == OpRole::ExpertsW13 && !gathers(op)),
            layers: plan.layers,
            model_layers: plan.spec.model.layers,
            vocab: plan.spec.model.vocab,
            reached_rows: rows.max(tokens) + plan.ranks,
            qkv_bias: plan.spec.model.qkv_bias,
            rms_eps: plan.spec.model.rms_eps as f32,
            paged: false,
        })
    }

    /// Those of `rows` that are tokens, not padding.
    pub(super) fn live(&self, rows: Rows) -> Rows {
        Rows { rows: rows.rows.min(self.tokens.saturating_sub(rows.first)), ..rows }
    }

    /// Columns of the logits on this rank: the GEMMs store eight at a time.
    pub(super) fn logit_columns(&self) -> u32 {
        self.shard.vocab.next_multiple_of(8)
    }

    /// Rows of the vocabulary that rank `index` really has; the last rank has fewer when they do not divide.
    pub(super) fn vocab_rows(&self, index: u32) -> u32 {
        self.vocab_of(index..index + 1).len() as u32
    }

    /// Rows of the vocabulary that these ranks really have.
    pub(super) fn vocab_of(&self, ranks: Range<u32>) -> Range<u32> {
        let first = |rank: u32| rank.saturating_mul(self.shard.vocab).min(self.vocab);
        first(ranks.start)..first(ranks.end)
    }

    /// Rows of the feed-forward block for each row of a token: its experts.
    pub(super) fn routed(&self) -> u32 {
        self.moe.map_or(1, |moe| moe.top_k)
    }

    /// Columns of a token's scores: the GEMMs store eight at a time.
    pub(super) fn score_columns(&self) -> u32 {
        self.moe.map_or(0, |moe| moe.scores().next_multiple_of(8))
    }

    /// Bytes of one rank's matrices.
    pub(super) fn weight_bytes(&self) -> u64 {
        let shard = &self.shard;
        // Gate and up, and down, whose rows are padded.
        let gated = |rows: u32| 2 * u64::from(rows) + u64::from(padded(rows));
        let ffn = match self.moe {
            None => gated(self.intermediate),
            Some(moe) => {
                u64::from(moe.experts) * gated(moe.intermediate)
                    + gated(moe.shared_intermediate)
                    + u64::from(self.score_columns())
            }
        };
        let columns = u64::from(shard.qkv_columns() + shard.heads * shard.head_dim) + ffn;
        let layer = columns * u64::from(shard.hidden)
            + u64::from(self.qkv_bias) * u64::from(shard.qkv_columns());
        let ends = u64::from(shard.vocab + self.logit_columns()) * u64::from(shard.hidden);
        2 * (u64::from(self.layers) * layer + ends)
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

/// Gates and what they gate, written out by a GEMM, become one.
fn gates(op: &Op) -> bool {
    matches!(op.role, OpRole::SiluMul | OpRole::SharedSiluMul)
}

impl Rows {
    /// As many rows for each, `times` of them.
    pub(super) fn times(self, times: u32) -> Self {
        Self { first: self.first * times, rows: self.rows * times }
    }

    /// Offset of the first in a dense bf16 matrix with so many columns.
    pub(super) fn first_byte(self, columns: u32) -> u64 {
        u64::from(self.first) * u64::from(columns) * 2
    }

    /// The part of them that rank `rank` of `ranks` owns, in row order; the last ranks have fewer when they do not divide.
    pub(super) fn shard(self, rank: u32, ranks: u32) -> Self {
        let cut = |at: u32| (self.rows.div_ceil(ranks) * at).min(self.rows);
        Self { first: self.first + cut(rank), rows: cut(rank + 1) - cut(rank) }
    }

    /// The same, filled up so that [`shard`](Self::shard) cuts them into equal parts.
    pub(super) fn in_equal_shards(self, ranks: u32) -> Self {
        Self { rows: self.rows.next_multiple_of(ranks), ..self }
    }
}

/// For each op, the norms that the tokens of its split have seen before it: by themselves, or fused with a collective. Every split
/// sees the two of each layer, in order, and the final one.
pub(super) fn norms_before(plan: &Plan) -> Vec<u32> {
    let mut seen = [0; 3];
    let before = plan.ops.iter().map(|op| {
        let seen = &mut seen[op.split as usize];
        let is_norm = match op.work {
            OpWork::AddNorm { .. } => true,
            OpWork::Collective(shape) => shape.collective == Collective::FusedArNorm,
            _ => false,
        };
        *seen += u32::from(is_norm);
        *seen - u32::from(is_norm)
    });
    before.collect()
}

/// Room for every block of a plan, twice: persistent kernels stamp tiles, collectives their barriers too.
pub(super) fn ring_capacity(plan: &Plan) -> u32 {
    u32::try_from(2 * stamped_blocks(plan) + 4096).unwrap_or(u32::MAX)
}

/// Blocks and tiles of a plan that write a stamp, at most. Experts get as many rows as tokens choose: each may have a row of
/// tiles more than where all get the same.
pub(super) fn stamped_blocks(plan: &Plan) -> u64 {
    let experts = match plan.spec.model.ffn {
        Ffn::Dense { .. } => 0,
        Ffn::Moe(moe) => u64::from(moe.experts),
    };
    let shard = Shard::new(&plan.spec.model, plan.spec.knobs.shard_degree());
    let heads = shard.map_or(0, |shard| u64::from(shard.heads));
    let more = |op: &Op| match (&op.work, op.role) {
        (OpWork::Gemm(shape), OpRole::ExpertsW13 | OpRole::ExpertsW2) => {
            experts * u64::from(shape.n.div_ceil(LEAST_TILE_COLUMNS) + 1)
        }
        // Chunks of single queries are merged head by head.
        (OpWork::Attention(_), _) => plan.spec.batch.requests.len() as u64 * heads,
        _ => 0,
    };
    plan.ops.iter().map(|op| u64::from(op.grid) + 8 + more(op)).sum()
}

/// Dependencies of an op that stream order does not give.
pub(super) fn other_stream<'p>(plan: &'p Plan, op: &'p Op) -> impl Iterator<Item = OpId> + 'p {
    op.deps.iter().copied().filter(|dep| plan.ops[dep.0 as usize].stream != op.stream)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        batch::Batch,
        machine, model,
        plan::{OpRole, plan},
        spec::{Knobs, RunSpec, StrategyKind, Transport},
    };

    /// In every strategy and for every split: norms 0, 1, …, 2·layers, each before the block that it feeds.
    #[test]
    fn norms_come_in_order() {
        for strategy in StrategyKind::ALL {
            let spec = RunSpec {
                model: model::builtin("llama-3.3-70b").expect("built in"),
                machine: machine::builtin("h200x2").expect("built in"),
                batch: Batch::prefill(4096, 1000),
                knobs: Knobs {
                    tp: 2,
                    strategy,
                    transport: Transport::P2p,
                    layers: Some(3),
                    ..Knobs::default()
                },
            };
            let plan = plan(&spec).expect("plans");
            let before = norms_before(&plan);
            for (op, &before) in plan.ops.iter().zip(&before) {
                let layer = op.layer.unwrap_or(0);
                match op.role {
                    OpRole::Qkv => assert_eq!(before, 2 * layer + 1, "{strategy:?}"),
                    OpRole::GateUp => assert_eq!(before, 2 * layer + 2, "{strategy:?}"),
                    OpRole::FirstNorm => assert_eq!(before, 0, "{strategy:?}"),
                    _ => assert!(before <= 7, "{strategy:?}"),
                }
            }
            let lasts = plan.ops.iter().zip(&before).filter(|(op, before)| {
                let ends = [OpRole::AddNorm, OpRole::Collective(Collective::FusedArNorm)];
                **before == 6 && ends.contains(&op.role)
            });
            let splits = if plan.decision.split.is_some() { 2 } else { 1 };
            assert_eq!(lasts.count(), splits, "{strategy:?}");
        }
    }

    #[test]
    fn shards_cover_rows_once() {
        for rows in 0..40 {
            for ranks in 1..=8 {
                let all = Rows { first: 5, rows };
                let mut next = 5;
                for rank in 0..ranks {
                    let own = all.shard(rank, ranks);
                    assert_eq!(own.first, next);
                    next += own.rows;
                    let each = all.in_equal_shards(ranks).rows / ranks;
                    assert!(own.rows <= each && (own.rows == 0 || own.first == 5 + rank * each));
                }
                assert_eq!(next, 5 + rows);
            }
        }
    }
}
