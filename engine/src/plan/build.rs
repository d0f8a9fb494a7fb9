use std::sync::Arc;

use super::{Decision, Op, Plan, PlanError};
use crate::{
    batch::{MAX_CACHED_TOKENS, MAX_REQUESTS, MAX_TOKENS},
    model::Shard,
    spec::{MAX_SKEW_NS, RunSpec},
    strategy::{self, Run},
};

/// The plan of a run: pure, and the same for every rank.
///
/// With one rank there is nothing to communicate: every strategy runs as `nocomm`, and the decision says so.
///
/// # Errors
/// [`PlanError`]: no tokens, a knob out of range, more ranks than GPUs, a degree that does not fit the model.
pub fn plan(spec: &RunSpec) -> Result<Plan, PlanError> {
    let (shard, layers) = checked(spec)?;
    let run = Run { spec, shard: &shard, layers };
    let (decision, ops) = strategy::schedule(run)?;
    Ok(Plan { spec: Arc::new(spec.clone()), ranks: spec.knobs.tp, layers, decision, ops })
}

/// The same with a schedule of the caller's, called `name`, instead of the strategy that the knobs name.
///
/// # Errors
/// As [`plan`], and [`PlanError::Order`] for ops that are not as a [`Builder`](super::Builder) leaves them: each with its place
/// as its id, with blocks, waiting only for what comes before it.
pub fn plan_with(
    spec: &RunSpec,
    name: &str,
    schedule: impl FnOnce(Run<'_>) -> Vec<Op>,
) -> Result<Plan, PlanError> {
    let (shard, layers) = checked(spec)?;
    let ops = schedule(Run { spec, shard: &shard, layers });
    for (index, op) in ops.iter().enumerate() {
        let follows = op.tiles.is_none_or(|tiles| tiles.of < op.id.0);
        let is_in_order =
            op.id.index() == index && op.deps.iter().all(|dep| dep < &op.id) && follows;
        if !is_in_order || op.grid == 0 {
            return Err(PlanError::Order { op: op.id, role: op.role.name(), place: index });
        }
    }
    let asked = spec.knobs.strategy;
    let decision = Decision { own: Some(name.to_owned()), ..Decision::of(asked) };
    Ok(Plan { spec: Arc::new(spec.clone()), ranks: spec.knobs.tp, layers, decision, ops })
}

/// What one rank has of a model, and the layers that run, of a spec that holds.
pub(super) fn checked(spec: &RunSpec) -> Result<(Shard, u32), PlanError> {
    check(spec)?;
    let shard = Shard::new(&spec.model, spec.knobs.shard_degree())?;
    Ok((shard, spec.knobs.layers.unwrap_or(spec.model.layers)))
}

fn check(spec: &RunSpec) -> Result<(), PlanError> {
    let knobs = &spec.knobs;
    if spec.batch.tokens() == 0 {
        return Err(PlanError::NoTokens);
    }
    within("tokens", spec.batch.tokens(), 1, MAX_TOKENS)?;
    let requests = u32::try_from(spec.batch.requests.len()).unwrap_or(u32::MAX);
    within("requests", requests, 1, MAX_REQUESTS)?;
    for request in &spec.batch.requests {
        within("cached tokens", request.cached_tokens, 0, MAX_CACHED_TOKENS)?;
    }
    spec.model.check()?;
    within("tp", knobs.tp, 1, 8)?;
    within("layers", knobs.layers.unwrap_or(1), 1, spec.model.layers)?;
    within("shard-of", knobs.shard_degree(), knobs.tp, 1024)?;
    for &skew_ns in &knobs.skew_ns {
        if skew_ns.unsigned_abs() > MAX_SKEW_NS {
            let (value, range) = (format!("{skew_ns} ns"), "up to 1 s late or early".to_owned());
            return Err(PlanError::Knob { knob: "skew", value, range });
        }
    }
    for &times in &knobs.slowdown {
        if !(1.0..=1000.0).contains(&times) {
            let (value, range) = (times.to_string(), "between 1 and 1000".to_owned());
            return Err(PlanError::Knob { knob: "slowdown", value, range });
        }
    }
    let most_ctas = spec.machine.gpu.sms.saturating_sub(1);
    within("attn-ctas", knobs.attn_ctas.unwrap_or(1), 1, most_ctas)?;
    within("mlp-ctas", knobs.mlp_ctas.unwrap_or(1), 1, most_ctas)?;
    if knobs.tp > spec.machine.gpus {
        return Err(PlanError::TooFewGpus {
            tp: knobs.tp,
            gpus: spec.machine.gpus,
            machine: spec.machine.name.clone(),
        });
    }
    Ok(())
}

fn within(knob: &'static str, value: u32, least: u32, most: u32) -> Result<(), PlanError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    let range = format!("between {least} and {most}");
    Err(PlanError::Knob { knob, value: value.to_string(), range })
}
