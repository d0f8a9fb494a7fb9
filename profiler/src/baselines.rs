//! Iteration times without recording: other strategies for the same batch, and one knob over its range.

use std::sync::Arc;

use weftscope_engine::{
    executor::Executor,
    observer::NullObserver,
    plan::plan,
    spec::{RunSpec, SplitChoice, StrategyKind},
    split::padded_tokens,
};

use crate::record::RunError;

/// What an iteration is compared with, in the order lists show it.
pub const BASELINES: [StrategyKind; 7] = [
    StrategyKind::Default,
    StrategyKind::Multimem,
    StrategyKind::TwoBatch,
    StrategyKind::EqualSplit,
    StrategyKind::FuseOnly,
    StrategyKind::TokenWeave,
    StrategyKind::NoComm,
];

/// The time of an iteration of `spec`, ns: first op's start to last op's end over all ranks; on hardware the median of
/// a few.
///
/// # Errors
/// [`RunError::Plan`] or [`RunError::Exec`].
pub fn iteration_time(executor: &mut dyn Executor, spec: &RunSpec) -> Result<i64, RunError> {
    let plan = Arc::new(plan(spec)?);
    let time = executor.run(&plan, 0, &mut NullObserver)?;
    if !executor.provenance().measured {
        return Ok(time.end_ns - time.start_ns);
    }
    let times = executor.run_many(&plan, (1, MEASURED_ITERATIONS), &mut NullObserver)?;
    let mut times: Vec<i64> = times.iter().map(|time| time.end_ns - time.start_ns).collect();
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

/// Iterations behind one warm one; hardware never takes the same time twice.
const MEASURED_ITERATIONS: u32 = 5;

/// Times each of [`BASELINES`] for the batch, machine and other knobs of `spec`.
///
/// `on_baseline` hears each as it is done; a strategy that cannot run is heard with its cause. Returns early, with
/// what it has, once `cancelled` says so (asked before each run).
pub fn baselines(
    executor: &mut dyn Executor,
    spec: &RunSpec,
    on_baseline: &mut dyn FnMut(StrategyKind, Result<i64, RunError>),
    cancelled: &dyn Fn() -> bool,
) {
    for strategy in BASELINES {
        if cancelled() {
            return;
        }
        let mut spec = spec.clone();
        spec.knobs.strategy = strategy;
        on_baseline(strategy, iteration_time(executor, &spec));
    }
}

/// What a sweep turns.
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

/// Times `spec` with one knob at each of `points`. `on_point` hears each as it is done; `cancelled` is asked
/// before each run.
pub fn sweep(
    executor: &mut dyn Executor,
    spec: &RunSpec,
    (axis, points): (SweepAxis, &[u32]),
    on_point: &mut dyn FnMut(u32, Result<i64, RunError>),
    cancelled: &dyn Fn() -> bool,
) {
    for &value in points {
        if cancelled() {
            return;
        }
        on_point(value, iteration_time(executor, &axis.turned(spec, value)));
    }
}
