use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use weftscope_engine::{
    serving::{CudaGraphs, Limits},
    spec::StrategyKind,
};

use super::ServingAsked;
use crate::serving::{Demand, Source};

/// What is asked for, as it is remembered: by the names of the command line.
#[derive(Serialize, Deserialize)]
struct Kept {
    prompt: u32,
    output: u32,
    trace: Option<PathBuf>,
    requests: Option<u32>,
    rate: Option<f64>,
    budget: u32,
    max_seqs: u32,
    memory_share: f64,
    cuda_graphs: String,
    strategies: Vec<String>,
}

impl ServingAsked {
    /// The stored form; `None` of what is asked for at first.
    pub(in crate::app) fn kept(&self) -> Option<serde_json::Value> {
        let first = Self::default();
        // The seed is a knob's.
        let demand = Demand { seed: first.demand.seed, ..self.demand.clone() };
        if (Self { demand, ..self.clone() }) == first {
            return None;
        }
        let (source, trace) = match &self.demand.source {
            Source::Fixed { .. } => (&self.demand.source, None),
            Source::Trace(path) => (&first.demand.source, Some(path.clone())),
        };
        let &Source::Fixed { prompt_tokens, output_tokens } = source else { return None };
        serde_json::to_value(Kept {
            prompt: prompt_tokens,
            output: output_tokens,
            trace,
            requests: self.demand.requests,
            rate: self.demand.rate_per_s,
            budget: self.limits.budget_tokens,
            max_seqs: self.limits.max_sequences,
            memory_share: self.memory_share,
            cuda_graphs: self.graphs.name().to_owned(),
            strategies: self.strategies.iter().map(|kind| kind.name().to_owned()).collect(),
        })
        .ok()
    }

    /// What was remembered; `None` where it is not understood.
    pub(in crate::app) fn of_kept(kept: &serde_json::Value) -> Option<Self> {
        let kept: Kept = serde_json::from_value(kept.clone()).ok()?;
        let fixed = Source::Fixed { prompt_tokens: kept.prompt, output_tokens: kept.output };
        let source = kept.trace.map_or(fixed, Source::Trace);
        let is_asked = |kind: &StrategyKind| kept.strategies.iter().any(|name| name == kind.name());
        let graphs = CudaGraphs::ALL.into_iter().find(|choice| choice.name() == kept.cuda_graphs);
        let (requests, rate_per_s) = (kept.requests, kept.rate);
        Some(Self {
            demand: Demand { source, requests, rate_per_s, seed: 0 },
            limits: Limits { budget_tokens: kept.budget, max_sequences: kept.max_seqs },
            memory_share: kept.memory_share,
            graphs: graphs?,
            strategies: StrategyKind::ALL.iter().copied().filter(is_asked).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_comes_back() {
        assert_eq!(ServingAsked::default().kept(), None);
        let mut asked = ServingAsked::default();
        asked.demand.rate_per_s = Some(8.5);
        asked.limits.budget_tokens = 4096;
        asked.strategies = vec![StrategyKind::Default, StrategyKind::TokenWeave];
        asked.graphs = CudaGraphs::Never;
        let kept = asked.kept().unwrap();
        assert_eq!(ServingAsked::of_kept(&kept), Some(asked.clone()));
        asked.demand.source = Source::Trace(PathBuf::from("requests.csv"));
        assert_eq!(ServingAsked::of_kept(&asked.kept().unwrap()), Some(asked));
        let mut newer = kept;
        newer["cuda_graphs"] = "sometimes".into();
        assert_eq!(ServingAsked::of_kept(&newer), None);
        assert_eq!(ServingAsked::of_kept(&serde_json::Value::Null), None);
    }
}
