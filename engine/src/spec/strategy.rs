//! The strategies by name, and every word about them that is shown.
//!
//! To add one: a variant here (the compiler then asks for its words), its schedule in a file of
//! `engine/src/strategy/`, and its line in `engine/src/strategy/mod.rs`. Lists, comparisons, `bench` and the plan
//! snapshots follow [`StrategyKind::ALL`].

use serde::{Deserialize, Serialize};

/// The schedules the planner knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StrategyKind {
    /// Ring all-reduce (NCCL), then residual add + RMSNorm on every rank; one stream.
    Default,
    /// In-switch all-reduce, then residual add + RMSNorm on every rank; one stream.
    Multimem,
    /// Collectives removed: wrong output, the time to compare with.
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

/// Whether a strategy cuts the batch in two, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cutting {
    /// Never.
    Never,
    /// At half, whatever [`Knobs::split`](super::Knobs::split) says.
    AtHalf,
    /// Where [`Knobs::split`](super::Knobs::split) says.
    AtSplitPoint,
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

    /// Name on the command line, in files and in the window.
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

    /// What it does, in one line for lists.
    pub fn about(self) -> &'static str {
        match self {
            Self::Default => "ring all-reduce, then add + RMSNorm; nothing overlaps",
            Self::Multimem => "in-switch all-reduce, then add + RMSNorm; nothing overlaps",
            Self::NoComm => "collectives removed: wrong output, the time to compare with",
            Self::FuseOnly => "all-reduce, add and RMSNorm in one kernel; no split",
            Self::EqualSplit => "the weave over two equal halves",
            Self::TokenWeave => "the weave over a split that adds no wave",
            Self::TwoBatch => "two micro-batches take turns; unfused collectives",
        }
    }

    /// Whether and where it cuts the batch; a batch too small to cut runs whole all the same.
    pub fn cutting(self) -> Cutting {
        match self {
            Self::Default | Self::Multimem | Self::NoComm | Self::FuseOnly => Cutting::Never,
            Self::EqualSplit => Cutting::AtHalf,
            Self::TokenWeave | Self::TwoBatch => Cutting::AtSplitPoint,
        }
    }

    /// Every strategy in the order in which comparisons list them: from the slowest at a long prefill to the fastest
    /// that communicates, then `nocomm`.
    pub fn slowest_first() -> Vec<Self> {
        let place = |strategy: &Self| match strategy {
            Self::Default => 0,
            Self::Multimem => 1,
            Self::TwoBatch => 2,
            Self::EqualSplit => 3,
            Self::FuseOnly => 4,
            Self::TokenWeave => 5,
            Self::NoComm => 6,
        };
        let mut all = Self::ALL.to_vec();
        all.sort_by_key(place);
        all
    }

    /// The strategy of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strategy| strategy.name() == name)
    }
}
