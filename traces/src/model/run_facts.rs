//! Facts of a run of the engine: typed for programs, and as lines for people, derived here and nowhere else.

use std::fmt::Display;

use serde::{Deserialize, Serialize};

use super::ExpectedError;
use crate::words::counted;

/// What was run, what was asked for and what was decided. Files that others wrote have none of it; see
/// [`Meta::lines`](super::Meta::lines).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunFacts {
    /// Name of the model.
    pub model: String,
    /// The machine in words.
    pub machine: String,
    /// Tensor-parallel degree: ranks that ran.
    pub tp: u32,
    /// The degree whose shard sizes they ran with, where that was asked for.
    pub shard_of: Option<u32>,
    /// The batch.
    pub batch: BatchFacts,
    /// Layers that ran, and layers of the model.
    pub layers: LayerFacts,
    /// Strategy asked for and run.
    pub strategy: StrategyFacts,
    /// Transport of collectives.
    pub transport: String,
    /// How the split was asked for.
    pub split_asked: SplitAsked,
    /// The split that ran, for strategies that cut the batch.
    pub split: Option<SplitFacts>,
    /// Nanoseconds that each rank starts late; empty when none does.
    pub rank_skew_ns: Vec<i64>,
    /// Seed of everything random.
    pub seed: u64,
    /// How far its times are to be expected from measured ones, where they are modelled and that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_error: Option<ExpectedError>,
    /// What the numbers must not be taken for, a sentence each.
    pub caveats: Vec<String>,
    /// The spec as the engine reads it, so that the run can be repeated; `None` when it has no JSON form.
    pub spec: Option<serde_json::Value>,
}

/// A batch in figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BatchFacts {
    /// New tokens of all sequences.
    pub tokens: u64,
    /// Sequences.
    pub sequences: u64,
    /// Those of them that decode: one new token each.
    pub decoding: u64,
    /// Tokens that lie in the cache already.
    pub cached_tokens: u64,
}

/// How much of the model ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LayerFacts {
    /// Layers that ran.
    pub run: u32,
    /// Layers of the model.
    pub of: u32,
}

/// Which strategy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StrategyFacts {
    /// Asked for.
    pub asked: String,
    /// Run.
    pub run: String,
    /// Why it is another than was asked for, a sentence; else empty.
    pub reason: String,
}

/// How the split was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitAsked {
    /// By a chooser of this name.
    Auto(String),
    /// By the user: tokens of split 0.
    Tokens(u32),
}

impl Default for SplitAsked {
    fn default() -> Self {
        Self::Auto(String::new())
    }
}

/// The split that ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SplitFacts {
    /// Tokens (rows) of split 0.
    pub first_tokens: u32,
    /// Rows of split 1, padding included.
    pub second_rows: u32,
    /// Tokens of the batch.
    pub tokens: u32,
    /// Tokens with padding.
    pub padded_tokens: u32,
    /// Why this cut, a sentence.
    pub reason: String,
    /// Thread blocks of collectives.
    pub comm_ctas: CommCtas,
}

/// Thread blocks that collectives hold, by what runs over them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CommCtas {
    /// Under attention.
    pub attention: u32,
    /// Under the MLP.
    pub mlp: u32,
}

/// One fact for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunLine {
    /// What it is about, e.g. `strategy run`.
    pub key: &'static str,
    /// The fact in words.
    pub value: String,
    /// True for what belongs in every report; the rest is detail.
    pub is_main: bool,
}

impl RunFacts {
    /// All facts but the expected error, the caveats and the spec, in the order in which they are shown.
    pub fn lines(&self) -> Vec<RunLine> {
        let mut lines = Vec::new();
        let mut main = |key, value: &dyn Display| lines.push(RunLine::new(key, value, true));
        main("model", &self.model);
        main("machine", &self.machine);
        main("batch", &self.batch);
        main("layers", &format_args!("{} of {}", self.layers.run, self.layers.of));
        main("strategy run", &self.strategy.run);
        if !self.strategy.reason.is_empty() {
            main("strategy reason", &self.strategy.reason);
        }
        if let Some(split) = &self.split {
            main("split", split);
        }
        if !self.rank_skew_ns.is_empty() {
            let skews: Vec<String> = self.rank_skew_ns.iter().map(i64::to_string).collect();
            main("rank skew ns", &skews.join(", "));
        }
        let mut detail = |key, value: &dyn Display| lines.push(RunLine::new(key, value, false));
        detail("tp", &self.tp);
        if let Some(shard_of) = self.shard_of {
            detail("shard sizes as of tp", &shard_of);
        }
        detail("strategy asked", &self.strategy.asked);
        detail("transport", &self.transport);
        detail("split asked", &self.split_asked);
        if let Some(SplitFacts { reason, comm_ctas, .. }) = &self.split {
            detail("split reason", reason);
            let CommCtas { attention, mlp } = comm_ctas;
            detail("comm CTAs", &format_args!("attention {attention}, mlp {mlp}"));
        }
        detail("seed", &self.seed);
        lines
    }
}

impl RunLine {
    fn new(key: &'static str, value: &dyn Display, is_main: bool) -> Self {
        Self { key, value: value.to_string(), is_main }
    }
}

impl Display for BatchFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { tokens, sequences, decoding, cached_tokens } = *self;
        write!(f, "{} of {}", counted(tokens, "token"), counted(sequences, "sequence"))?;
        if decoding > 0 {
            write!(f, ", {decoding} of them decoding")?;
        }
        if cached_tokens > 0 {
            write!(f, ", {} cached", counted(cached_tokens, "token"))?;
        }
        Ok(())
    }
}

impl Display for SplitAsked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Auto(chooser) => write!(f, "auto ({chooser})"),
            Self::Tokens(tokens) => f.write_str(&counted((*tokens).into(), "token")),
        }
    }
}

impl Display for SplitFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { first_tokens, second_rows, tokens, padded_tokens, .. } = self;
        write!(
            f,
            "{first_tokens} + {second_rows} rows ({tokens} tokens, padded to {padded_tokens})"
        )
    }
}
