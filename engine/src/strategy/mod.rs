//! The schedules: one file each. A strategy appends ops to a [`Builder`](crate::plan::Builder).

mod fuse_only;
mod nocomm;
mod run;
mod two_batch;
mod unfused;
mod weave;

use self::run::{Run, Schedule};
use crate::{
    model::Shard,
    plan::{Decision, Op, PlanError},
    spec::{RunSpec, StrategyKind},
};

/// Decides what runs and builds it.
///
/// # Errors
/// [`PlanError`] of a split that cannot be had.
pub(crate) fn schedule(
    spec: &RunSpec,
    shard: &Shard,
    layers: u32,
) -> Result<(Decision, Vec<Op>), PlanError> {
    let asked = spec.knobs.strategy;
    let run = Run { spec, shard, layers };
    let Schedule { runs, notes, split, ops } = match asked {
        StrategyKind::NoComm => nocomm::schedule(run),
        _ if spec.knobs.tp == 1 => nocomm::instead(run, "a single rank has nothing to communicate"),
        StrategyKind::Default => unfused::over_nccl(run),
        StrategyKind::Multimem => unfused::in_switch(run),
        StrategyKind::FuseOnly => fuse_only::schedule(run),
        StrategyKind::EqualSplit => weave::in_halves(run)?,
        StrategyKind::TokenWeave => weave::as_chosen(run)?,
        StrategyKind::TwoBatch => two_batch::schedule(run)?,
    };
    Ok((Decision { asked, runs, reason: notes.join("; "), split }, ops))
}
