use crate::spec::{Cutting, RunSpec, SplitChoice, StrategyKind};

/// A cut and the CTAs that communicate beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Candidate {
    /// The weave, cut like this.
    Cut(Trial),
    /// No cut.
    Whole(StrategyKind),
}

impl Candidate {
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
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tried {
    /// The candidate.
    pub candidate: Candidate,
    /// Time of an iteration, ns; infinite for what does not run.
    pub iteration_ns: f64,
    /// Of that the phases of the MLP, where they are known, ns.
    pub mlp_ns: Option<f64>,
}
