//! Iteration times without recording: one knob over its range.

use weftscope_engine::{
    executor::Executor,
    spec::{Chooser, RunSpec, SplitChoice},
    split::padded_tokens,
};

use crate::{
    baselines::{IterationTiming, iteration_time},
    record::RunError,
};

/// The knob that a sweep turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SweepAxis {
    /// Tokens in split 0.
    Split,
    /// CTAs of the collectives under attention.
    AttnCtas,
    /// CTAs of the collectives under the MLP.
    MlpCtas,
}

impl SweepAxis {
    /// Every axis.
    pub const ALL: [Self; 3] = [Self::Split, Self::AttnCtas, Self::MlpCtas];

    /// Name with unit.
    pub fn name(self) -> &'static str {
        match self {
            Self::Split => "tokens in split 0",
            Self::AttnCtas => "CTAs of communication under attention",
            Self::MlpCtas => "CTAs of communication under the MLP",
        }
    }

    /// Name that fits where there is little room.
    pub fn short_name(self) -> &'static str {
        match self {
            Self::Split => "split point",
            Self::AttnCtas => "CTAs, attention",
            Self::MlpCtas => "CTAs, MLP",
        }
    }

    /// `spec` with this knob at `value`.
    pub fn turned(self, spec: &RunSpec, value: u32) -> RunSpec {
        let mut spec = spec.clone();
        match self {
            Self::Split => spec.knobs.split = SplitChoice::Fixed(value),
            Self::AttnCtas => spec.knobs.attn_ctas = Some(value),
            Self::MlpCtas => spec.knobs.mlp_ctas = Some(value),
        }
        spec
    }

    /// `spec` with this knob wherever it does not matter: equal for two specs that differ in nothing else.
    pub fn left_open(self, spec: &RunSpec) -> RunSpec {
        let mut spec = spec.clone();
        match self {
            Self::Split => spec.knobs.split = SplitChoice::Auto(Chooser::Half),
            Self::AttnCtas => spec.knobs.attn_ctas = None,
            Self::MlpCtas => spec.knobs.mlp_ctas = None,
        }
        spec
    }

    /// Values worth running, ascending: splits at whole tiles of 128 rows, at most about 64 of them; CTAs from 1 to
    /// 32, beyond which a collective only gets slower.
    pub fn points(self, spec: &RunSpec) -> Vec<u32> {
        match self {
            Self::Split => {
                let tiles = padded_tokens(spec.batch.tokens()) / 128;
                let step = tiles.div_ceil(64).max(1);
                (1..tiles).step_by(step as usize).map(|tile| tile * 128).collect()
            }
            Self::AttnCtas | Self::MlpCtas => vec![1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 32],
        }
    }
}

/// Times `spec` with the knob of `axis` at each of `points`. `on_point` is called after each with its value and what it
/// took; `cancelled` is asked before each run.
pub fn sweep(
    executor: &mut dyn Executor,
    spec: &RunSpec,
    axis: SweepAxis,
    points: &[u32],
    on_point: &mut dyn FnMut(u32, Result<IterationTiming, RunError>),
    cancelled: &dyn Fn() -> bool,
) {
    for &value in points {
        if cancelled() {
            return;
        }
        on_point(value, iteration_time(executor, &axis.turned(spec, value)));
    }
}
