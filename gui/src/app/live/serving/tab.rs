//! What the tab knows.

use std::sync::Arc;

use weftscope_engine::{
    batch::Batch,
    serving::{CudaGraphs, Limits, Served, ServingReport, ServingSpec},
    spec::{Chooser, Knobs, RunSpec, SplitChoice, StrategyKind},
};

use super::Profile;
use crate::serving::{Demand, Source};

/// What is asked for; the rest is what the knobs say.
#[derive(Clone, Debug, PartialEq)]
pub struct ServingAsked {
    /// The requests.
    pub(crate) demand: Demand,
    /// Most of an iteration.
    pub limits: Limits,
    /// Share of a GPU's memory for weights, activations and the cache of keys and values.
    pub memory_share: f64,
    /// Which iterations are one CUDA graph.
    pub graphs: CudaGraphs,
    /// Strategies that serve the same requests, in the order of [`StrategyKind::ALL`].
    pub strategies: Vec<StrategyKind>,
}

impl Default for ServingAsked {
    /// As on the command line.
    fn default() -> Self {
        let source = Source::Fixed { prompt_tokens: 1024, output_tokens: 128 };
        Self {
            demand: Demand { source, requests: None, rate_per_s: None, seed: 0 },
            limits: Limits { budget_tokens: 2048, max_sequences: 256 },
            memory_share: 0.9,
            graphs: CudaGraphs::Auto,
            strategies: StrategyKind::ALL.to_vec(),
        }
    }
}

/// Everything that decides what a serving comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct ServingRun {
    /// Model, machine and knobs, those aside that iterations and strategies set.
    pub spec: RunSpec,
    /// What is asked for.
    pub asked: ServingAsked,
}

impl ServingRun {
    /// Of what the knobs say.
    pub(super) fn of(spec: &RunSpec, asked: &ServingAsked) -> Self {
        let split = match spec.knobs.split {
            // Iterations differ in tokens.
            SplitChoice::Fixed(_) => SplitChoice::Auto(Chooser::Simulated),
            split @ SplitChoice::Auto(_) => split,
        };
        let knobs =
            Knobs { strategy: StrategyKind::Default, layers: None, split, ..spec.knobs.clone() };
        let batch = Batch { requests: Vec::new() };
        let mut asked = asked.clone();
        asked.demand.seed = knobs.seed;
        Self { spec: RunSpec { batch, knobs, ..spec.clone() }, asked }
    }

    /// What serves by a strategy.
    pub(super) fn by(&self, strategy: StrategyKind) -> ServingSpec {
        let ServingAsked { limits, memory_share, graphs, .. } = self.asked;
        ServingSpec {
            model: self.spec.model.clone(),
            machine: self.spec.machine.clone(),
            knobs: Knobs { strategy, ..self.spec.knobs.clone() },
            limits,
            memory_share,
            graphs,
        }
    }
}

/// What is known once the requests are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServingHead {
    /// What the requests are.
    pub words: String,
    /// Rows of a file that were left out.
    pub empty_rows: u64,
    /// Tokens whose keys and values fit.
    pub kv_tokens: u64,
    /// What those take of each GPU.
    pub kv_bytes: u64,
}

/// What a strategy came to.
#[derive(Clone)]
pub struct ServedStrategy {
    /// Which.
    pub strategy: StrategyKind,
    /// Its figures and iterations, or why it cannot serve.
    pub outcome: Result<Arc<ServedRun>, String>,
}

/// Requests served by one strategy.
pub struct ServedRun {
    /// The figures.
    pub report: ServingReport,
    /// Iteration by iteration.
    pub served: Served,
    /// The same over time.
    pub(crate) profile: Profile,
}

/// What the tab shows where not all of it fits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServingPart {
    /// The table of strategies.
    #[default]
    Strategies,
    /// Iterations over time.
    Iterations,
}

impl ServingPart {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Strategies, Self::Iterations];

    /// Name as shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Strategies => "Strategies",
            Self::Iterations => "Iterations",
        }
    }
}

/// The tab of serving.
#[derive(Default)]
pub struct ServingTab {
    /// What is asked for.
    pub asked: ServingAsked,
    /// What the results are of; `None` before the first.
    pub of: Option<Arc<ServingRun>>,
    /// The requests, once they are known.
    pub head: Option<ServingHead>,
    /// Strategies that are done, in the order of [`StrategyKind::ALL`].
    pub results: Vec<ServedStrategy>,
    /// Why nothing is served.
    pub failed: Option<String>,
    /// The strategy whose iterations are shown; `None`: of those that communicate the one that serves most tokens a second.
    pub chosen: Option<StrategyKind>,
    /// What is shown where not all fits.
    pub part: ServingPart,
    /// The iteration that was opened last.
    pub opened: Option<(StrategyKind, usize)>,
}

impl ServingTab {
    /// True when the results are of something else than what knobs and tab say.
    pub fn is_stale(&self, spec: &RunSpec) -> bool {
        self.of.as_ref().is_some_and(|of| **of != ServingRun::of(spec, &self.asked))
    }

    /// Strategies that have served, in their order.
    pub fn served(&self) -> impl Iterator<Item = &Arc<ServedRun>> {
        self.results.iter().filter_map(|result| result.outcome.as_ref().ok())
    }

    /// What a strategy came to.
    pub fn by(&self, strategy: StrategyKind) -> Option<&Arc<ServedRun>> {
        self.served().find(|served| served.report.strategy == strategy)
    }

    /// What the iterations that are shown belong to.
    pub fn shown(&self) -> Option<&Arc<ServedRun>> {
        let speed = |served: &&Arc<ServedRun>| served.report.tokens_per_s;
        let is_whole = |served: &&Arc<ServedRun>| served.report.strategy != StrategyKind::NoComm;
        let fastest =
            || self.served().filter(is_whole).max_by(|a, b| speed(a).total_cmp(&speed(b)));
        let chosen = self.chosen.and_then(|strategy| self.by(strategy));
        chosen.or_else(fastest).or_else(|| self.served().next())
    }

    /// Takes in what a strategy came to.
    pub(super) fn take(&mut self, result: ServedStrategy) {
        let place = |of: StrategyKind| StrategyKind::ALL.iter().position(|&other| other == of);
        let at =
            self.results.partition_point(|known| place(known.strategy) < place(result.strategy));
        self.results.insert(at, result);
    }
}
