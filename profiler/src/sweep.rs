//! Iteration times without recording: one knob over its range, or two over theirs.

use weftscope_engine::{
    choose::settle,
    executor::Executor,
    spec::{Chooser, RunSpec, SplitChoice},
    split::padded_tokens,
};

use crate::{
    baselines::{IterationTiming, iteration_time},
    record::RunError,
};

/// What a sweep turns: a knob, or two at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SweepAxis {
    /// Tokens in split 0.
    Split,
    /// CTAs of the collectives under attention.
    AttnCtas,
    /// CTAs of the collectives under the MLP.
    MlpCtas,
    /// CTAs of the collectives under attention, each with each of those under the MLP.
    BothCtas,
}

/// A point of a sweep: the value of its knob, or of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Setting {
    /// Of the axis; under attention where two are turned.
    pub x: u32,
    /// Under the MLP, where two are turned.
    pub y: Option<u32>,
}

impl Setting {
    /// One value.
    pub fn of(x: u32) -> Self {
        Self { x, y: None }
    }
}

impl SweepAxis {
    /// Every axis.
    pub const ALL: [Self; 4] = [Self::Split, Self::AttnCtas, Self::MlpCtas, Self::BothCtas];

    /// Name with unit.
    pub fn name(self) -> &'static str {
        match self {
            Self::Split => "tokens in split 0",
            Self::AttnCtas => "CTAs of communication under attention",
            Self::MlpCtas => "CTAs of communication under the MLP",
            Self::BothCtas => "CTAs of communication under attention and under the MLP",
        }
    }

    /// Name that fits where there is little room.
    pub fn short_name(self) -> &'static str {
        match self {
            Self::Split => "split point",
            Self::AttnCtas => "CTAs, attention",
            Self::MlpCtas => "CTAs, MLP",
            Self::BothCtas => "CTAs, both",
        }
    }

    /// `spec` with its knobs at `setting`.
    pub fn turned(self, spec: &RunSpec, setting: Setting) -> RunSpec {
        let mut spec = spec.clone();
        let Setting { x, y } = setting;
        match self {
            Self::Split => spec.knobs.split = SplitChoice::Fixed(x),
            Self::AttnCtas => spec.knobs.attn_ctas = Some(x),
            Self::MlpCtas => spec.knobs.mlp_ctas = Some(x),
            Self::BothCtas => {
                (spec.knobs.attn_ctas, spec.knobs.mlp_ctas) = (Some(x), y.or(Some(x)));
            }
        }
        spec
    }

    /// `spec` with its knobs wherever it does not matter: equal for two specs that differ in nothing else.
    pub fn left_open(self, spec: &RunSpec) -> RunSpec {
        let mut spec = spec.clone();
        match self {
            Self::Split => spec.knobs.split = SplitChoice::Auto(Chooser::Simulated),
            Self::AttnCtas => spec.knobs.attn_ctas = None,
            Self::MlpCtas => spec.knobs.mlp_ctas = None,
            Self::BothCtas => (spec.knobs.attn_ctas, spec.knobs.mlp_ctas) = (None, None),
        }
        spec
    }

    /// Settings worth running, ascending: splits at whole tiles of 128 rows, at most about 64 of them; CTAs from 1 to
    /// 32, beyond which a collective only gets slower; of two knobs at once a grid of 64.
    pub fn points(self, spec: &RunSpec) -> Vec<Setting> {
        match self {
            Self::Split => {
                let tiles = padded_tokens(spec.batch.tokens()) / 128;
                let step = tiles.div_ceil(64).max(1);
                let splits = (1..tiles).step_by(step as usize).map(|tile| tile * 128);
                splits.map(Setting::of).collect()
            }
            Self::AttnCtas | Self::MlpCtas => {
                [1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 32].map(Setting::of).into()
            }
            Self::BothCtas => {
                let row = |x| GRID_CTAS.map(|y| Setting { x, y: Some(y) });
                GRID_CTAS.into_iter().flat_map(row).collect()
            }
        }
    }
}

/// CTAs of a grid, on either side.
const GRID_CTAS: [u32; 8] = [1, 2, 4, 6, 8, 12, 16, 24];

/// Times `spec` with the knobs of `axis` at each of `points`. `on_point` is called after each with its setting and what it
/// took; `cancelled` is asked before each run.
pub fn sweep(
    executor: &mut dyn Executor,
    spec: &RunSpec,
    axis: SweepAxis,
    points: &[Setting],
    on_point: &mut dyn FnMut(Setting, Result<IterationTiming, RunError>),
    cancelled: &dyn Fn() -> bool,
) {
    // Chosen once, so that all points differ in what is turned and in nothing else. What cannot be planned says so itself.
    let cut = settle(spec).ok().flatten().and_then(|settled| settled.best_cut());
    let settled = cut.map_or_else(|| spec.clone(), |cut| cut.apply(spec));
    for &setting in points {
        if cancelled() {
            return;
        }
        on_point(setting, iteration_time(executor, &axis.turned(&settled, setting)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::toy_spec;

    #[test]
    fn settings_turn_their_own_knobs_and_no_other() {
        for axis in SweepAxis::ALL {
            let spec = toy_spec();
            let points = axis.points(&spec);
            assert!(points.is_sorted() && points.len() <= 64, "{axis:?}");
            let open = axis.left_open(&spec);
            let turned: Vec<_> = points.iter().map(|&point| axis.turned(&spec, point)).collect();
            assert!(turned.iter().all(|turned| axis.left_open(turned) == open), "{axis:?}");
            let differs = |pair: &[RunSpec]| pair[0] != pair[1];
            assert!(turned.windows(2).all(differs), "{axis:?}: every point is another run");
        }
    }
}
