//! What a user can ask of the tab.

use std::path::PathBuf;

use weftscope_engine::{
    serving::{CudaGraphs, Limits},
    spec::StrategyKind,
};

use super::{ServingAsked, ServingPart};
use crate::serving::Source;

/// Requests about the tab of serving.
#[derive(Clone, Debug, PartialEq)]
pub enum ServingCommand {
    /// Show the tab.
    Show,
    /// Change what is asked for.
    Edit(ServingEdit),
    /// Ask for a file of requests.
    AskTrace,
    /// Serve.
    Run,
    /// Show the iterations of a strategy.
    Choose(StrategyKind),
    /// Show this part where not all fits.
    Part(ServingPart),
    /// Run the batch of this iteration of a strategy.
    Open(StrategyKind, usize),
}

/// A change of what is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum ServingEdit {
    /// Requests that are all alike: tokens of each prompt, and of each answer.
    Lengths(u32, u32),
    /// Requests of a CSV.
    Trace(PathBuf),
    /// How many; `None`: all of a file, else as many as without a word.
    Requests(Option<u32>),
    /// Requests a second at random times; `None`: all at once, or when the file has them.
    Rate(Option<f64>),
    /// Most of an iteration.
    Limits(Limits),
    /// Share of each GPU's memory.
    MemoryShare(f64),
    /// Which iterations are one CUDA graph.
    Graphs(CudaGraphs),
    /// Whether a strategy serves.
    Strategy(StrategyKind, bool),
}

impl ServingEdit {
    /// Makes the change.
    pub(super) fn apply(self, asked: &mut ServingAsked) {
        match self {
            Self::Lengths(prompt_tokens, output_tokens) => {
                asked.demand.source = Source::Fixed { prompt_tokens, output_tokens };
            }
            Self::Trace(path) => {
                // How many there are is the file's to say, until the user does.
                asked.demand.requests = None;
                asked.demand.source = Source::Trace(path);
            }
            Self::Requests(count) => asked.demand.requests = count,
            Self::Rate(per_s) => asked.demand.rate_per_s = per_s,
            Self::Limits(limits) => asked.limits = limits,
            Self::MemoryShare(share) => asked.memory_share = share,
            Self::Graphs(graphs) => asked.graphs = graphs,
            Self::Strategy(strategy, serves) => {
                let is_in = |of: &StrategyKind| match *of == strategy {
                    true => serves,
                    false => asked.strategies.contains(of),
                };
                asked.strategies = StrategyKind::ALL.into_iter().filter(is_in).collect();
            }
        }
    }
}
