//! What the tab knows.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use weftscope_engine::{
    batch::Batch,
    serving::{CudaGraphs, Limits, Served, ServingReport, ServingSpec},
    spec::{Chooser, Knobs, RunSpec, SplitChoice, StrategyKind},
};

use super::{
    super::{Backend, Draft, GpuRun},
    Profile,
};
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
    /// Who serves.
    pub backend: Backend,
}

impl ServingRun {
    /// Of what the knobs say.
    pub(super) fn of(draft: &Draft, asked: &ServingAsked) -> Self {
        let Draft { spec, backend, .. } = draft;
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
        // How a run is seen does not bear on who serves.
        let backend = match backend {
            Backend::Simulated => Backend::Simulated,
            Backend::Gpus(found, run) => {
                let weights = run.weights.clone();
                Backend::Gpus(Arc::clone(found), GpuRun { weights, ..GpuRun::default() })
            }
        };
        Self { spec: RunSpec { batch, knobs, ..spec.clone() }, asked, backend }
    }

    /// What [`of`](Self::of) gave, from its parts; the seed is a knob's.
    pub(in crate::app::live) fn again(
        spec: RunSpec,
        mut asked: ServingAsked,
        backend: Backend,
    ) -> Self {
        asked.demand.seed = spec.knobs.seed;
        Self { spec, asked, backend }
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// All requests have their answers; else only the iterations so far are known.
    pub is_whole: bool,
}

impl ServedRun {
    /// Of what was served, or of the iterations so far.
    pub(in crate::app::live) fn of(
        strategy: StrategyKind,
        served: Served,
        is_whole: bool,
    ) -> Arc<Self> {
        let report = ServingReport::of(strategy, &served);
        let profile = Profile::of(&served.iterations);
        Arc::new(Self { report, served, profile, is_whole })
    }
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
    pub fn is_stale(&self, draft: &Draft) -> bool {
        self.of.as_ref().is_some_and(|of| **of != ServingRun::of(draft, &self.asked))
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
        let under_way = || self.served().find(|served| !served.is_whole);
        chosen.or_else(under_way).or_else(fastest).or_else(|| self.served().next())
    }

    /// Takes in what a strategy came to, so far or at last.
    pub(super) fn take(&mut self, result: ServedStrategy) {
        if let Some(known) = self.results.iter_mut().find(|of| of.strategy == result.strategy) {
            *known = result;
            return;
        }
        let place = |of: StrategyKind| StrategyKind::ALL.iter().position(|&other| other == of);
        let at =
            self.results.partition_point(|known| place(known.strategy) < place(result.strategy));
        self.results.insert(at, result);
    }
}

#[cfg(test)]
mod tests {
    use weftscope_engine::serving::{Blocks, Distribution, Iteration, KvCapacity};

    use super::*;

    fn served(iterations: i64) -> Served {
        let iteration = |number: i64| Iteration {
            start_ns: 10 * number,
            host_ns: 1,
            gpu_ns: 9,
            comm: None,
            decode_tokens: 1,
            prefill_tokens: 0,
            sequences: 1,
            kv_blocks: 1,
            preempted: 0,
            runs: StrategyKind::Default,
            in_graph: true,
        };
        Served {
            iterations: (0..iterations).map(iteration).collect(),
            outcomes: Vec::new(),
            between_tokens: Distribution::default(),
            idle_ns: 0,
            refused: Vec::new(),
            kv: KvCapacity { blocks: Blocks { count: 4, tokens: 128 }, token_bytes: 1 },
            simulated: None,
        }
    }

    /// What is under way is shown as it grows, until somebody chooses another; what it came to takes its place.
    #[test]
    fn a_strategy_under_way_is_shown_as_it_grows() {
        let mut tab = ServingTab::default();
        let take = |tab: &mut ServingTab, strategy, iterations, is_whole| {
            let outcome = Ok(ServedRun::of(strategy, served(iterations), is_whole));
            tab.take(ServedStrategy { strategy, outcome });
        };
        take(&mut tab, StrategyKind::Default, 5, true);
        let shown = |tab: &ServingTab| {
            let shown = tab.shown().expect("one is");
            (shown.report.strategy, shown.served.iterations.len(), shown.is_whole)
        };
        assert_eq!(shown(&tab), (StrategyKind::Default, 5, true));
        for iterations in [2, 3] {
            take(&mut tab, StrategyKind::TokenWeave, iterations, false);
            let expected = (StrategyKind::TokenWeave, iterations as usize, false);
            assert_eq!(shown(&tab), expected);
        }
        assert_eq!(tab.results.len(), 2);
        tab.chosen = Some(StrategyKind::Default);
        assert_eq!(shown(&tab), (StrategyKind::Default, 5, true));
        tab.chosen = Some(StrategyKind::TokenWeave);
        take(&mut tab, StrategyKind::TokenWeave, 4, true);
        assert_eq!(shown(&tab), (StrategyKind::TokenWeave, 4, true));
        assert_eq!(tab.results.len(), 2);
    }
}
