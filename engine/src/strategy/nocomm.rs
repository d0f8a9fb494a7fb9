//! `nocomm`: collectives removed. The output is wrong with more than one rank; the time is what others are compared
//! with.

use super::run::{Run, Schedule};
use crate::{
    plan::{At, Op, Phase},
    spec::{StrategyKind, Transport},
};

pub(super) fn schedule(run: Run<'_>) -> Schedule {
    let logits = run.num_sequences();
    Schedule::whole(StrategyKind::NoComm, None, without_collectives(run, logits))
}

/// The same in place of another strategy.
pub(super) fn instead(run: Run<'_>, reason: &str) -> Schedule {
    schedule(run).because(reason.to_owned())
}

/// Layers in one piece and no collective; logits of so many rows.
pub(crate) fn without_collectives(run: Run<'_>, logits: u32) -> Vec<Op> {
    // There is no collective, so the transport does not matter.
    let mut ops = run.builder(Transport::Nccl);
    let part = run.whole(1);
    let outside = At::compute(None, Phase::None);
    ops.embed(outside, &part);
    ops.first_norm(outside, &part, part.rows, &[]);
    for layer in 0..run.layers {
        let at = At::compute(Some(layer), Phase::None);
        ops.attention_block(at, &part, &[]);
        ops.add_norm(at, &part, &[]);
        ops.mlp_block(at, &part, &[]);
        ops.add_norm(at, &part, &[]);
    }
    ops.lm_head(outside, &part, logits, &[]);
    ops.finish()
}
