//! `default` and `multimem`: all-reduce, then residual add + RMSNorm of every token on every rank, on one stream.
//! The two differ in how the all-reduce travels.

use super::run::{Run, Schedule};
use crate::{
    plan::{At, Collective, Op, Phase, unfused_transport},
    spec::{StrategyKind, Transport},
};

/// `default`: whatever transport the knobs say, NCCL's ring.
pub(super) fn over_nccl(run: Run<'_>) -> Schedule {
    Schedule::whole(StrategyKind::Default, None, build(run, Transport::Nccl))
}

/// `multimem`: in the switch, or as the knobs say.
pub(super) fn in_switch(run: Run<'_>) -> Schedule {
    let (transport, note) = unfused_transport(run.spec);
    Schedule::whole(StrategyKind::Multimem, note, build(run, transport))
}

fn build(run: Run<'_>, transport: Transport) -> Vec<Op> {
    let mut ops = run.builder(transport);
    let part = run.whole(1);
    let outside = At::compute(None, Phase::None);
    ops.embed(outside, &part);
    ops.collective(outside, &part, Collective::AllReduce, None, &[]);
    ops.first_norm(outside, &part, part.rows, &[]);
    for layer in 0..run.layers {
        let at = At::compute(Some(layer), Phase::None);
        ops.attention_block(at, &part, &[]);
        ops.collective(at, &part, Collective::AllReduce, None, &[]);
        ops.add_norm(at, &part, &[]);
        ops.mlp_block(at, &part, &[]);
        ops.collective(at, &part, Collective::AllReduce, None, &[]);
        ops.add_norm(at, &part, &[]);
    }
    ops.lm_head(outside, &part, run.num_sequences(), &[]);
    ops.finish()
}
