use super::{fuse_only, nocomm, run::Run, two_batch, unfused, weave};
use crate::{
    model::Shard,
    plan::{Decision, Op, PlanError, fused_transport, unfused_transport},
    spec::{Chooser, RunSpec, StrategyKind, Transport},
    split::{Choice, choose, decide},
};

/// Decides what runs and builds it.
pub(crate) fn schedule(
    spec: &RunSpec,
    shard: &Shard,
    layers: u32,
) -> Result<(Decision, Vec<Op>), PlanError> {
    let asked = spec.knobs.strategy;
    let run = |transport| Run { spec, shard, layers, transport };
    let (fused_by, fused_note) = fused_transport(spec);
    let (unfused_by, unfused_note) = unfused_transport(spec);
    let (runs, notes, split, ops) = match asked {
        StrategyKind::NoComm => (asked, [None, None], None, nocomm::build(run(Transport::Nccl))),
        _ if spec.knobs.tp == 1 => {
            let note = "a single rank has nothing to communicate".to_owned();
            let ops = nocomm::build(run(Transport::Nccl));
            (StrategyKind::NoComm, [Some(note), None], None, ops)
        }
        StrategyKind::Default => (asked, [None, None], None, unfused::build(run(Transport::Nccl))),
        StrategyKind::Multimem => {
            (asked, [unfused_note, None], None, unfused::build(run(unfused_by)))
        }
        StrategyKind::FuseOnly => {
            (asked, [fused_note, None], None, fuse_only::build(run(fused_by)))
        }
        StrategyKind::EqualSplit | StrategyKind::TokenWeave => match weave_choice(spec)? {
            Choice::Cut(split) => {
                let ops = weave::build(run(fused_by), &split);
                (asked, [fused_note, None], Some(split), ops)
            }
            Choice::Whole { reason } => {
                let ops = fuse_only::build(run(fused_by));
                (StrategyKind::FuseOnly, [Some(reason), fused_note], None, ops)
            }
        },
        StrategyKind::TwoBatch => match two_batch::choose(spec)? {
            Choice::Cut(split) => {
                let ops = two_batch::build(run(unfused_by), &split);
                (asked, [unfused_note, None], Some(split), ops)
            }
            Choice::Whole { reason } => {
                let ops = unfused::build(run(unfused_by));
                (StrategyKind::Multimem, [Some(reason), unfused_note], None, ops)
            }
        },
    };
    let reason = notes.into_iter().flatten().collect::<Vec<_>>().join("; ");
    Ok((Decision { asked, runs, reason, split }, ops))
}

/// The weave's cut: `equal-split` always halves, `tokenweave` does as its chooser says.
fn weave_choice(spec: &RunSpec) -> Result<Choice, PlanError> {
    match spec.knobs.strategy {
        StrategyKind::EqualSplit => decide(spec, Chooser::Half),
        _ => choose(spec),
    }
}
