//! The curve in the window as a figure.

use weftscope_engine::spec::{RunSpec, StrategyKind};
use weftscope_traces::Doubt;

use super::Live;
use crate::picture::{CurveFigure, CurveMark};

impl Live {
    /// The curve in the window; `None` where there is none, or a grid of two knobs.
    pub(crate) fn curve_figure(&self) -> Option<CurveFigure> {
        let curve = &self.curve;
        let spec = curve.spec.as_ref().filter(|_| !curve.axis.is_grid())?;
        let point =
            |point: &super::CurvePoint| CurveMark { at: curve.x(point.at), time_ns: point.time_ns };
        // Of another run than the baselines, which are those of the knobs as they are.
        let is_stale = curve.is_stale(&self.draft.spec);
        let known =
            self.baselines.iter().filter(|baseline| !is_stale && !is_weave(baseline.strategy));
        let baselines = known.filter_map(|baseline| {
            Some((baseline.strategy.name().to_owned(), *baseline.outcome.as_ref().ok()?))
        });
        Some(CurveFigure {
            knob: curve.axis.name().to_owned(),
            points: curve.points.iter().map(point).collect(),
            baselines: baselines.collect(),
            now: self.current(curve.axis).filter(|_| !is_stale).map(|at| curve.x(at)),
            error_share: curve.doubt().and_then(Doubt::share),
            simulated_by: (!curve.measured).then(|| simulator_of(spec)),
        })
    }
}

/// Who simulates a run.
pub(super) fn simulator_of(spec: &RunSpec) -> String {
    format!("weftscope simulator {} on {}", env!("CARGO_PKG_VERSION"), spec.machine.name)
}

/// Points of the curve themselves.
pub(super) fn is_weave(strategy: StrategyKind) -> bool {
    matches!(strategy, StrategyKind::EqualSplit | StrategyKind::TokenWeave)
}
