use serde::Serialize;

use crate::spec::{Cutting, RunSpec, SplitChoice, StrategyKind};

/// A cut and the CTAs that communicate beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Trial {
    /// Tokens of split 0.
    pub first_tokens: u32,
    /// CTAs of collectives under attention.
    pub attn_ctas: u32,
    /// CTAs of collectives under the MLP.
    pub mlp_ctas: u32,
}

impl Trial {
    /// `spec` cut like this; by the weave, if its strategy does not cut where it is told.
    pub fn apply(self, spec: &RunSpec) -> RunSpec {
        let mut spec = spec.clone();
        spec.knobs.split = SplitChoice::Fixed(self.first_tokens);
        spec.knobs.attn_ctas = Some(self.attn_ctas);
        spec.knobs.mlp_ctas = Some(self.mlp_ctas);
        if spec.knobs.strategy.cutting() != Cutting::AtSplitPoint {
            spec.knobs.strategy = StrategyKind::TokenWeave;
        }
        spec
    }
}

/// What may run in place of a weave that leaves the choice open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Candidate {
    /// The weave, cut like this.
    Cut(Trial),
    /// No cut.
    Whole(StrategyKind),
}

impl Candidate {
    /// The cut.
    pub fn cut(self) -> Option<Trial> {
        match self {
            Self::Cut(trial) => Some(trial),
            Self::Whole(_) => None,
        }
    }

    /// `spec` with nothing left open.
    pub fn apply(self, spec: &RunSpec) -> RunSpec {
        match self {
            Self::Cut(trial) => trial.apply(spec),
            Self::Whole(strategy) => {
                let mut spec = spec.clone();
                spec.knobs.strategy = strategy;
                spec
            }
        }
    }
}

/// A candidate and what it took.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tried {
    /// The candidate.
    pub candidate: Candidate,
    /// Time of an iteration, ns; infinite for what does not run.
    pub iteration_ns: f64,
    /// Of that the phases of the MLP, where they are known, ns.
    pub mlp_ns: Option<f64>,
}

/// The fastest of those that `of` takes; of equals the first.
pub fn fastest(tried: &[Tried], of: impl Fn(&Candidate) -> bool) -> Option<Tried> {
    let ran = tried.iter().filter(|tried| tried.iteration_ns.is_finite() && of(&tried.candidate));
    ran.copied().min_by(|a, b| a.iteration_ns.total_cmp(&b.iteration_ns))
}

/// Simulated times of cuts this close are equal: that is how well differences between cuts are predicted at best (`weftscope
/// validate`, sets of cuts).
pub const TIE: f64 = 1.01;

/// The fastest cut.
pub fn fastest_cut(tried: &[Tried]) -> Option<Tried> {
    fastest(tried, |candidate| candidate.cut().is_some())
}

/// The fastest that is not cut.
pub fn fastest_whole(tried: &[Tried]) -> Option<Tried> {
    fastest(tried, |candidate| candidate.cut().is_none())
}

/// Of cuts within `tie` times the fastest one's time the one nearest to `half` of the batch, with its fastest CTAs.
pub fn best_cut(tried: &[Tried], half: u32, tie: f64) -> Option<Tried> {
    let most_ns = fastest_cut(tried)?.iteration_ns * tie;
    let good = tried.iter().filter(|tried| tried.iteration_ns <= most_ns);
    let firsts = good.filter_map(|tried| Some(tried.candidate.cut()?.first_tokens));
    let first = firsts.min_by_key(|first| first.abs_diff(half))?;
    fastest(tried, |candidate| candidate.cut().is_some_and(|cut| cut.first_tokens == first))
}

/// The [`best_cut`], or what is not cut where that is faster.
pub fn best(tried: &[Tried], half: u32, tie: f64) -> Option<Tried> {
    let both = [fastest_whole(tried), best_cut(tried, half, tie)].into_iter().flatten();
    both.min_by(|a, b| a.iteration_ns.total_cmp(&b.iteration_ns))
}
