use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Op;
use crate::{
    model::{DegreeError, ModelError},
    spec::{Chooser, RunSpec, StrategyKind},
};

/// Which tokens an op works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Split {
    /// All tokens.
    Whole,
    /// The prefix.
    First,
    /// The suffix.
    Second,
}

/// Where in the weave an op belongs; see `tokenweave` in [`crate::spec::StrategyKind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Phase {
    /// Not part of a phased schedule.
    None,
    /// Before the first weave.
    Head,
    /// Attention of split 0 over the input norm of split 1.
    A,
    /// Attention of split 1 over the post-attention norm of split 0.
    B,
    /// MLP of split 0 over the post-attention norm of split 1.
    C,
    /// MLP of split 1 over the next layer's input norm of split 0.
    D,
    /// After the last weave.
    Tail,
}

/// A stream of a rank. Stream 0 computes, stream 1 communicates at high priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StreamId(pub u8);

impl StreamId {
    /// The compute stream, normal priority.
    pub const COMPUTE: Self = Self(0);
    /// The communication stream, high priority: its blocks are placed before waiting compute blocks.
    pub const COMM: Self = Self(1);

    /// Name as shown.
    pub fn name(self) -> &'static str {
        if self == Self::COMM { "comm stream" } else { "compute stream" }
    }
}

/// Where the batch was cut, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Request that straddles the cut: its index and how many of its new tokens go to split 0.
    pub cut_request: Option<(u32, u32)>,
    /// CTAs of collectives under attention.
    pub attn_ctas: u32,
    /// CTAs of collectives under the MLP.
    pub mlp_ctas: u32,
    /// Key of the table row used and its distance in tokens, when the table decided.
    pub table_key: Option<(u32, u32)>,
    /// A sentence: why this cut.
    pub reason: String,
}

/// What the strategy decided for this batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// What was asked for.
    pub asked: StrategyKind,
    /// What runs.
    pub runs: StrategyKind,
    /// A sentence when the two differ (or another thing worth knowing), else empty.
    pub reason: String,
    /// The cut, for strategies that cut.
    pub split: Option<SplitDecision>,
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

/// Why there is no plan.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PlanError {
    /// The batch has no tokens.
    #[error("the batch has no tokens")]
    NoTokens,
    /// The model contradicts itself.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The degree does not fit the model.
    #[error(transparent)]
    Degree(#[from] DegreeError),
    /// More ranks than GPUs.
    #[error("{tp} ranks asked, but {machine} has {gpus} GPUs")]
    TooFewGpus {
        /// Ranks asked.
        tp: u32,
        /// GPUs there.
        gpus: u32,
        /// Machine name.
        machine: String,
    },
    /// A knob is out of its range.
    #[error("{knob} is {value}; it must be {range}")]
    Knob {
        /// Which.
        knob: &'static str,
        /// Value given.
        value: String,
        /// Allowed.
        range: String,
    },
    /// The machine cannot do this.
    #[error("{strategy} needs {needs}, which {machine} does not have")]
    Unsupported {
        /// Strategy or transport.
        strategy: &'static str,
        /// What is missing.
        needs: &'static str,
        /// Machine name.
        machine: String,
    },
}
