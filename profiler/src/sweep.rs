//! Iteration times without recording: one knob over its range, or several over theirs.

use serde::{Deserialize, Serialize};
use weftscope_engine::{
    choose::{Trial, grid, settle},
    executor::Executor,
    spec::{Chooser, RunSpec, SplitChoice},
    split::padded_tokens,
};

use crate::{
    baselines::{IterationTiming, iteration_time},
    record::RunError,
};

/// What a sweep turns: a knob, or several at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SweepAxis {
    /// Tokens in split 0.
    Split,
    /// CTAs of the collectives under attention.
    AttnCtas,
    /// CTAs of the collectives under the MLP.
    MlpCtas,
    /// CTAs of the collectives under attention, each with each of those under the MLP.
    BothCtas,
    /// Tokens in split 0, each with each pair of CTAs: what is tuned.
    SplitAndCtas,
}

/// A point of a sweep: the values of the knobs that it turns.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Setting {
    /// Tokens in split 0.
    pub first_tokens: Option<u32>,
    /// CTAs under attention.
    pub attn_ctas: Option<u32>,
    /// CTAs under the MLP.
    pub mlp_ctas: Option<u32>,
}

impl Setting {
    /// A cut.
    pub fn cut(first_tokens: u32) -> Self {
        Self { first_tokens: Some(first_tokens), ..Self::default() }
    }

    /// CTAs under attention and under the MLP.
    pub fn ctas(attn: u32, mlp: u32) -> Self {
        Self { attn_ctas: Some(attn), mlp_ctas: Some(mlp), ..Self::default() }
    }

    /// `spec` with these knobs.
    pub fn applied(self, spec: &RunSpec) -> RunSpec {
        let Self { first_tokens, attn_ctas, mlp_ctas } = self;
        let mut spec = spec.clone();
        let knobs = &mut spec.knobs;
        knobs.split = first_tokens.map_or(knobs.split, SplitChoice::Fixed);
        knobs.attn_ctas = attn_ctas.or(knobs.attn_ctas);
        knobs.mlp_ctas = mlp_ctas.or(knobs.mlp_ctas);
        spec
    }
}

impl From<Trial> for Setting {
    fn from(trial: Trial) -> Self {
        Self {
            first_tokens: Some(trial.first_tokens),
            attn_ctas: Some(trial.attn_ctas),
            mlp_ctas: Some(trial.mlp_ctas),
        }
    }
}

impl SweepAxis {
    /// Every axis.
    pub const ALL: [Self; 5] =
        [Self::Split, Self::AttnCtas, Self::MlpCtas, Self::BothCtas, Self::SplitAndCtas];

    /// Name with unit.
    pub fn name(self) -> &'static str {
        match self {
            Self::Split => "tokens in split 0",
            Self::AttnCtas => "CTAs of communication under attention",
            Self::MlpCtas => "CTAs of communication under the MLP",
            Self::BothCtas => "CTAs of communication under attention and under the MLP",
            Self::SplitAndCtas => "tokens in split 0 and CTAs of communication on either side",
        }
    }

    /// Name that fits where there is little room.
    pub fn short_name(self) -> &'static str {
        match self {
            Self::Split => "split point",
            Self::AttnCtas => "CTAs, attention",
            Self::MlpCtas => "CTAs, MLP",
            Self::BothCtas => "CTAs, both",
            Self::SplitAndCtas => "split point and CTAs",
        }
    }

    /// Whether a point has two places, one along and one up.
    pub fn is_grid(self) -> bool {
        matches!(self, Self::BothCtas | Self::SplitAndCtas)
    }

    /// The value of a setting along this axis: of several knobs the first.
    pub fn along(self, setting: Setting) -> Option<u32> {
        match self {
            Self::Split | Self::SplitAndCtas => setting.first_tokens,
            Self::AttnCtas | Self::BothCtas => setting.attn_ctas,
            Self::MlpCtas => setting.mlp_ctas,
        }
    }

    /// What of a setting this axis turns.
    pub fn of(self, setting: Setting) -> Setting {
        let Setting { first_tokens, attn_ctas, mlp_ctas } = setting;
        match self {
            Self::Split => Setting { attn_ctas: None, mlp_ctas: None, first_tokens },
            Self::AttnCtas => Setting { attn_ctas, ..Setting::default() },
            Self::MlpCtas => Setting { mlp_ctas, ..Setting::default() },
            Self::BothCtas => Setting { first_tokens: None, attn_ctas, mlp_ctas },
            Self::SplitAndCtas => setting,
        }
    }

    /// `spec` with its knobs wherever it does not matter: equal for two specs that differ in nothing else.
    pub fn left_open(self, spec: &RunSpec) -> RunSpec {
        let mut spec = spec.clone();
        match self {
            Self::Split => spec.knobs.split = SplitChoice::Auto(Chooser::Simulated),
            Self::AttnCtas => spec.knobs.attn_ctas = None,
            Self::MlpCtas => spec.knobs.mlp_ctas = None,
            Self::BothCtas => (spec.knobs.attn_ctas, spec.knobs.mlp_ctas) = (None, None),
            Self::SplitAndCtas => {
                spec.knobs.split = SplitChoice::Auto(Chooser::Simulated);
                (spec.knobs.attn_ctas, spec.knobs.mlp_ctas) = (None, None);
            }
        }
        spec
    }

    /// Settings worth running, ascending: splits at whole tiles of 128 rows, at most about 64 of them; CTAs from 1 to
    /// 32, beyond which a collective only gets slower; of two knobs at once a grid of 64; of all the grid that simulation chooses
    /// from.
    pub fn points(self, spec: &RunSpec) -> Vec<Setting> {
        let one_sided =
            |of: fn(u32) -> Setting| [1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 32].map(of).to_vec();
        match self {
            Self::Split => {
                let tiles = padded_tokens(spec.batch.tokens()) / 128;
                let step = tiles.div_ceil(64).max(1);
                let splits = (1..tiles).step_by(step as usize).map(|tile| tile * 128);
                splits.map(Setting::cut).collect()
            }
            Self::AttnCtas => {
                one_sided(|ctas| Setting { attn_ctas: Some(ctas), ..Setting::default() })
            }
            Self::MlpCtas => {
                one_sided(|ctas| Setting { mlp_ctas: Some(ctas), ..Setting::default() })
            }
            Self::BothCtas => {
                let row = |attn| GRID_CTAS.map(|mlp| Setting::ctas(attn, mlp));
                GRID_CTAS.into_iter().flat_map(row).collect()
            }
            Self::SplitAndCtas => {
                let trials = grid(&self.left_open(spec)).unwrap_or_default();
                trials.into_iter().map(Setting::from).collect()
            }
        }
    }
}

/// CTAs of a grid, on either side.
const GRID_CTAS: [u32; 8] = [1, 2, 4, 6, 8, 12, 16, 24];

/// Times `spec` at each of `points`. `on_point` is called after each with its setting and what it
/// took; `cancelled` is asked before each run.
pub fn sweep(
    executor: &mut dyn Executor,
    spec: &RunSpec,
    points: &[Setting],
    on_point: &mut dyn FnMut(Setting, Result<IterationTiming, RunError>),
    cancelled: &dyn Fn() -> bool,
) {
    // Chosen once, so that all points differ in what is turned and in nothing else. What cannot be planned says so itself.
    let cut = settle(spec).ok().flatten().and_then(|settled| settled.fastest_cut());
    let settled = cut.map_or_else(|| spec.clone(), |cut| cut.apply(spec));
    for &setting in points {
        if cancelled() {
            return;
        }
        on_point(setting, iteration_time(executor, &setting.applied(&settled)));
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
            assert!(points.is_sorted() && points.len() <= 17 * 16, "{axis:?}");
            let open = axis.left_open(&spec);
            let turned: Vec<_> = points.iter().map(|&point| point.applied(&spec)).collect();
            assert!(turned.iter().all(|turned| axis.left_open(turned) == open), "{axis:?}");
            let differs = |pair: &[RunSpec]| pair[0] != pair[1];
            assert!(turned.windows(2).all(differs), "{axis:?}: every point is another run");
            for point in points {
                assert_eq!(axis.of(point), point, "{axis:?}: nothing else is set");
                let all = Setting { first_tokens: Some(7), ..Setting::ctas(8, 9) };
                let set = |of: Setting| [of.first_tokens, of.attn_ctas, of.mlp_ctas];
                let same = set(axis.of(all)).map(|knob| knob.is_some());
                assert_eq!(same, set(point).map(|knob| knob.is_some()), "{axis:?}");
                assert!(axis.along(point).is_some());
            }
        }
    }
}
