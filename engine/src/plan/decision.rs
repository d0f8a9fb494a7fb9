use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Op, OpRole};
use crate::{
    spec::{Chooser, RunSpec, StrategyKind},
    split::CutRequest,
};

/// Where the batch was cut, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitDecision {
    /// Who decided; `None`: the user.
    pub chooser: Option<Chooser>,
    /// Tokens of the batch.
    pub tokens: u32,
    /// Tokens with padding.
    pub padded_tokens: u32,
    /// Tokens in split 0 (a multiple of the tile rows unless the user said otherwise).
    pub first_tokens: u32,
    /// Rows in split 1, padding included.
    pub second_rows: u32,
    /// Request that straddles the cut.
    pub cut_request: Option<CutRequest>,
    /// CTAs of collectives under attention.
    pub attn_ctas: u32,
    /// CTAs of collectives under the MLP.
    pub mlp_ctas: u32,
    /// Key (tokens) of the table row used, when the table decided.
    pub table_key: Option<u32>,
    /// A sentence: why this cut.
    pub reason: String,
}

/// What the strategy decided for this batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// What was asked for.
    pub asked: StrategyKind,
    /// What runs.
    pub runs: StrategyKind,
    /// Name of a schedule of the caller's own, which runs in place of either.
    pub own: Option<String>,
    /// A sentence when the two differ (or another thing worth knowing), else empty.
    pub reason: String,
    /// The cut, for strategies that cut.
    pub split: Option<SplitDecision>,
}

impl Decision {
    /// A strategy that runs as asked, without a cut.
    pub fn of(strategy: StrategyKind) -> Self {
        Self { asked: strategy, runs: strategy, own: None, reason: String::new(), split: None }
    }

    /// The name of what runs.
    pub fn name(&self) -> &str {
        self.own.as_deref().unwrap_or_else(|| self.runs.name())
    }
}

/// The program that every rank runs (SPMD: same ops, same ids, on its own shard). Op `i` of a collective meets
/// op `i` of every other rank.
///
/// Invariants: ops are in issue order; ops of one stream run in that order; `deps` point backwards.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What was asked.
    pub spec: Arc<RunSpec>,
    /// Number of ranks.
    pub ranks: u32,
    /// Layers in this plan.
    pub layers: u32,
    /// What the strategy decided.
    pub decision: Decision,
    /// In issue order.
    pub ops: Vec<Op>,
}

impl Plan {
    /// Its ops are a decoder's; else model and batch stand for nothing but a name.
    pub fn is_of_decoder(&self) -> bool {
        !self.ops.iter().all(|op| matches!(op.role, OpRole::Step(_) | OpRole::Collective(_)))
    }
}
