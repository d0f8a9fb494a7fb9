//! A curve simulated for what a recording says of its run.

use weftscope_engine::sim::Simulator;
use weftscope_profiler::{
    baselines::baselines,
    collect::{expected_error, spec_of},
    sweep::{Setting, SweepAxis, sweep},
};
use weftscope_traces::{Doubt, Meta};

use super::curve_figure::{is_weave, simulator_of};
use crate::picture::{CurveFigure, CurveMark};

/// What the recorded run takes over a knob, and under other strategies, each simulated.
///
/// # Errors
/// Why nothing can be run: the recording does not say with which knobs it ran, or none of the points can.
pub(crate) fn simulated_curve(meta: &Meta, axis: SweepAxis) -> Result<CurveFigure, String> {
    let spec = spec_of(meta).ok_or(
        "a curve is simulated with the knobs of the run, which only recordings of one run of Weftscope's own engine say",
    )?;
    let mut simulator = Simulator::new(&spec.machine);
    let mut points = Vec::new();
    let mut failed = None;
    sweep(
        &mut simulator,
        &spec,
        &axis.points(&spec),
        &mut |at: Setting, timing| match timing {
            Ok(timing) => {
                let at = axis.along(at).map_or(0.0, f64::from);
                points.push(CurveMark { at, time_ns: timing.time_ns });
            }
            Err(error) => failed = failed.take().or(Some(error.to_string())),
        },
        &|| false,
    );
    if points.len() < 2 {
        return Err(
            failed.unwrap_or_else(|| "the knob has a single value for this batch".to_owned())
        );
    }
    let mut others = Vec::new();
    baselines(
        &mut simulator,
        &spec,
        None,
        &mut |strategy, timing| {
            if let Some(timing) = timing.ok().filter(|_| !is_weave(strategy)) {
                others.push((strategy.name().to_owned(), timing.time_ns));
            }
        },
        &|| false,
    );
    let cut = meta.runs.first().and_then(|run| run.split.as_ref()).map(|split| split.first_tokens);
    let now = match axis {
        SweepAxis::Split => cut,
        SweepAxis::AttnCtas => spec.knobs.attn_ctas,
        SweepAxis::MlpCtas => spec.knobs.mlp_ctas,
        SweepAxis::BothCtas | SweepAxis::SplitAndCtas => None,
    };
    let error = expected_error(&spec.machine);
    Ok(CurveFigure {
        knob: axis.name().to_owned(),
        points,
        baselines: others,
        now: now.map(f64::from),
        error_share: Doubt(error.as_ref()).share(),
        simulated_by: Some(simulator_of(&spec)),
    })
}
