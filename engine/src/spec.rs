//! One run, as asked for.

use serde::{Deserialize, Serialize};

use crate::{batch::Batch, machine::Machine, model::ModelShape, split::SplitTable};

/// Everything that decides a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSpec {
    /// The model.
    pub model: ModelShape,
    /// The machine.
    pub machine: Machine,
    /// The batch.
    pub batch: Batch,
    /// What the user may turn while it runs.
    pub knobs: Knobs,
}

/// What the user may turn between two iterations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Knobs {
    /// Tensor-parallel degree, 1–8; also the number of ranks.
    pub tp: u32,
    /// Shard sizes as if the degree were this (two GPUs then show eight GPUs' ratio); `None`: as `tp`.
    pub shard_of: Option<u32>,
    /// Overlap strategy.
    pub strategy: StrategyKind,
    /// How bytes travel.
    pub transport: Transport,
    /// Where the batch is cut.
    pub split: SplitChoice,
    /// A tuned table in place of the built-in one; its CTAs then count for every chooser.
    #[serde(default)]
    pub table: Option<SplitTable>,
    /// CTAs of the collectives under attention; `None`: from the chooser.
    pub attn_ctas: Option<u32>,
    /// CTAs of the collectives under the MLP; `None`: from the chooser.
    pub mlp_ctas: Option<u32>,
    /// Layers to run, at most the model's; `None`: all.
    pub layers: Option<u32>,
    /// How much later each rank starts each iteration, ns; missing ranks are on time.
    pub skew_ns: Vec<i64>,
    /// Seed of everything random (block jitter, weights).
    pub seed: u64,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            tp: 8,
            shard_of: None,
            strategy: StrategyKind::TokenWeave,
            transport: Transport::Multimem,
            split: SplitChoice::Auto(Chooser::WaveModel),
            table: None,
            attn_ctas: None,
            mlp_ctas: None,
            layers: None,
            skew_ns: Vec::new(),
            seed: 0,
        }
    }
}

/// The schedules the planner knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StrategyKind {
    /// Ring all-reduce (NCCL), then residual add + RMSNorm on every rank; one stream.
    Default,
    /// In-switch all-reduce, then residual add + RMSNorm on every rank; one stream.
    Multimem,
    /// Collectives removed: wrong output, the floor to compare with.
    #[serde(rename = "nocomm")]
    NoComm,
    /// Fused all-reduce + residual add + RMSNorm, no split.
    FuseOnly,
    /// The weave with equal halves.
    EqualSplit,
    /// The weave with the chosen split.
    #[serde(rename = "tokenweave")]
    TokenWeave,
    /// Two micro-batches ping-pong with unfused collectives.
    TwoBatch,
}

impl StrategyKind {
    /// Every strategy, in the order lists show them.
    pub const ALL: [Self; 7] = [
        Self::Default,
        Self::Multimem,
        Self::NoComm,
        Self::FuseOnly,
        Self::EqualSplit,
        Self::TokenWeave,
        Self::TwoBatch,
    ];

    /// Name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Multimem => "multimem",
            Self::NoComm => "nocomm",
            Self::FuseOnly => "fuse-only",
            Self::EqualSplit => "equal-split",
            Self::TokenWeave => "tokenweave",
            Self::TwoBatch => "two-batch",
        }
    }

    /// The strategy of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strategy| strategy.name() == name)
    }
}

/// How collectives move their bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// NVLink multicast with in-switch reduction.
    Multimem,
    /// Peer loads and stores, two-shot.
    P2p,
    /// NCCL ring.
    Nccl,
}

impl Transport {
    /// Every transport.
    pub const ALL: [Self; 3] = [Self::Multimem, Self::P2p, Self::Nccl];

    /// Name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Multimem => "multimem",
            Self::P2p => "p2p",
            Self::Nccl => "nccl",
        }
    }

    /// The transport of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|transport| transport.name() == name)
    }
}

/// Who decides where the batch is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SplitChoice {
    /// A chooser.
    Auto(Chooser),
    /// The user: tokens in split 0.
    Fixed(u32),
}

/// The choosers, side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Chooser {
    /// Half of the padded tokens.
    Half,
    /// The tuned table of the TokenWeave artifact, nearest key.
    Table,
    /// Wave arithmetic over candidate offsets.
    WaveModel,
}

impl Chooser {
    /// Every chooser.
    pub const ALL: [Self; 3] = [Self::Half, Self::Table, Self::WaveModel];

    /// Name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Half => "half",
            Self::Table => "table",
            Self::WaveModel => "wave-model",
        }
    }

    /// The chooser of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|chooser| chooser.name() == name)
    }
}
