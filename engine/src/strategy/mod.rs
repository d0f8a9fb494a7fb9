//! The schedules: one file each. A strategy appends ops to a [`Builder`](crate::plan::Builder).
//!
//! One of your own needs no change here: [`plan_with`](crate::plan::plan_with) takes any function of a [`Run`].

mod fuse_only;
mod nocomm;
mod run;
mod two_batch;
mod unfused;
mod weave;

pub(crate) use nocomm::without_collectives;
pub use run::Run;

use run::Schedule;

use crate::{
    plan::{Decision, Op, PlanError},
    spec::StrategyKind,
};

/// Decides what runs and builds it.
///
/// # Errors
/// [`PlanError`] of a split that cannot be had.
pub(crate) fn schedule(run: Run<'_>) -> Result<(Decision, Vec<Op>), PlanError> {
    let asked = run.spec.knobs.strategy;
    let Schedule { runs, notes, split, ops } = match asked {
        StrategyKind::NoComm => nocomm::schedule(run),
        _ if run.spec.knobs.tp == 1 => {
            nocomm::instead(run, "a single rank has nothing to communicate")
        }
        StrategyKind::Default => unfused::over_nccl(run),
        StrategyKind::Multimem => unfused::in_switch(run),
        StrategyKind::FuseOnly => fuse_only::schedule(run),
        StrategyKind::EqualSplit => weave::in_halves(run)?,
        StrategyKind::TokenWeave => weave::as_chosen(run)?,
        StrategyKind::TwoBatch => two_batch::schedule(run)?,
    };
    Ok((Decision { asked, runs, own: None, reason: notes.join("; "), split }, ops))
}
