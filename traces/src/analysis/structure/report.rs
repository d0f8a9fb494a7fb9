//! What is known of the order in which a rank runs, and how it is said.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::model::Span;
use crate::words::{counted, percent};

/// What is known of the order in which a rank runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RankStructure {
    /// The rank.
    pub rank: u32,
    /// Where it is known from.
    pub basis: StructureBasis,
    /// Why it is not known, in words; empty where it is.
    pub why_unknown: String,
    /// Its main stream: the one with most computation. 0 where labels say.
    pub stream: u32,
    /// Passes through the layers, in order.
    pub passes: Vec<Pass>,
    /// Computation and communication on the main stream; of all streams where labels say.
    pub ops: usize,
    /// Of them in a layer.
    pub in_layers: usize,
    /// The tokens run in two sets, one under the communication of the other.
    pub halves: bool,
    /// Another stream that runs as much of the same kernels: maybe the other half of the tokens, which is not told.
    pub twin_stream: Option<u32>,
}

/// Where layers are known from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StructureBasis {
    /// The recording's labels name them.
    Labels,
    /// From the order of kernels.
    Order,
    /// They are not known.
    #[default]
    Unknown,
}

/// One pass through the layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// What it does, as far as names of kernels say.
    pub stage: Stage,
    /// Layers of it in the recording.
    pub layers: usize,
    /// From its first layer's start to its last one's end.
    pub span: Span,
}

/// What a pass does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Its kernels' names do not say.
    #[default]
    Unknown,
    /// Tokens of prompts.
    Prefill,
    /// One token a sequence.
    Decode,
    /// Both.
    Mixed,
    /// Of training: its recording has backward passes too.
    Forward,
    /// Of training.
    Backward,
}

impl Stage {
    /// `prefill`, `decode` …; empty where it is not known.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "",
            Self::Prefill => "prefill",
            Self::Decode => "decode",
            Self::Mixed => "prefill and decode",
            Self::Forward => "forward",
            Self::Backward => "backward",
        }
    }
}

impl RankStructure {
    /// What is known, in a sentence: `3 passes of 4 layers, told by the order of kernels of stream 7: …`.
    pub fn sentence(&self) -> String {
        match self.basis {
            StructureBasis::Unknown => format!("Layers are not recognised: {}.", self.why_unknown),
            StructureBasis::Labels => format!("{}, as labels say.", self.passes_in_words()),
            StructureBasis::Order => format!(
                "{}, told by the order of kernels on stream {}; {} of its {} lie in them.",
                self.passes_in_words(),
                self.stream,
                percent(self.in_layers as f64 / self.ops.max(1) as f64),
                counted(self.ops as u64, "op"),
            ),
        }
    }

    /// What else is told or not, a sentence each.
    pub fn remarks(&self) -> Vec<String> {
        if self.basis != StructureBasis::Order {
            return Vec::new();
        }
        let mut all = Vec::new();
        all.push(match (self.halves, self.twin_stream) {
            (true, _) => {
                "The tokens run in two halves, each under the communication of the other.".to_owned()
            }
            (false, Some(twin)) => format!(
                "Stream {twin} runs the same kernels: whether it has the other half of the tokens is not told."
            ),
            (false, None) => {
                "The tokens run in one piece: no layer has its kernels twice.".to_owned()
            }
        });
        if self.passes.iter().all(|pass| pass.stage == Stage::Unknown) {
            all.push(
                "Prefill and decode, forward and backward are not told apart: names of kernels do not say."
                    .to_owned(),
            );
        }
        all
    }

    /// `3 passes of 4 layers`, `12 forward and 12 backward passes of 32 layers`.
    fn passes_in_words(&self) -> String {
        let stages: BTreeSet<Stage> = self.passes.iter().map(|pass| pass.stage).collect();
        let of = |stage: Stage| {
            let of_stage = || self.passes.iter().filter(move |pass| pass.stage == stage);
            let layers: BTreeSet<usize> = of_stage().map(|pass| pass.layers).collect();
            let layers = match (layers.first(), layers.last()) {
                (Some(least), Some(most)) if least < most => format!("{least} to {most} layers"),
                (Some(&layers), _) => counted(layers as u64, "layer"),
                _ => "no layers".to_owned(),
            };
            let name = stage.name();
            let space = if name.is_empty() { "" } else { " " };
            let count = of_stage().count();
            let plural = if count == 1 { "pass" } else { "passes" };
            format!("{count} {name}{space}{plural} of {layers}")
        };
        stages.into_iter().map(of).collect::<Vec<_>>().join(" and ")
    }
}
