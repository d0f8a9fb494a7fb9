use serde::{Deserialize, Serialize};

use super::{Chooser, SplitChoice, StrategyKind, Transport};
use crate::split::SplitTable;

/// How late or early a rank may be at most, ns: 1 s.
pub const MAX_SKEW_NS: u64 = 1_000_000_000;

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
    /// How much later each rank starts each iteration, ns, below 0 earlier, at most [`MAX_SKEW_NS`]; missing ranks are on time.
    pub skew_ns: Vec<i64>,
    /// How many times as long blocks of computation take on each rank, 1 to 1000; missing ranks: 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slowdown: Vec<f64>,
    /// Seed of everything random (block jitter, weights).
    pub seed: u64,
}

impl Knobs {
    /// Nobody makes the others wait: no rank starts late, and none is slower.
    pub fn ranks_are_alike(&self) -> bool {
        self.skew_ns.iter().all(|&skew_ns| skew_ns == 0)
            && self.slowdown.iter().all(|&times| times <= 1.0)
    }

    /// Tensor-parallel degree that shard sizes follow: [`shard_of`](Self::shard_of), else [`tp`](Self::tp).
    pub fn shard_degree(&self) -> u32 {
        self.shard_of.unwrap_or(self.tp)
    }
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            tp: 8,
            shard_of: None,
            strategy: StrategyKind::TokenWeave,
            transport: Transport::Multimem,
            split: SplitChoice::Auto(Chooser::Simulated),
            table: None,
            attn_ctas: None,
            mlp_ctas: None,
            layers: None,
            skew_ns: Vec::new(),
            slowdown: Vec::new(),
            seed: 0,
        }
    }
}
