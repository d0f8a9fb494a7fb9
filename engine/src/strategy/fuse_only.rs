//! `fuse-only`: the fused all-reduce + add + RMSNorm without a split, two launches a layer, on one stream.

use super::run::{Run, Schedule};
use crate::{
    plan::{At, Collective, Op, Phase, exposed_fused_ctas, fused_transport},
    spec::{StrategyKind, Transport},
};

pub(super) fn schedule(run: Run<'_>) -> Schedule {
    let (transport, note) = fused_transport(run.spec);
    Schedule::whole(StrategyKind::FuseOnly, note, build(run, transport))
}

fn build(run: Run<'_>, transport: Transport) -> Vec<Op> {
    let mut ops = run.builder(transport);
    // Whole rows for every rank's shard.
    let part = run.whole(run.spec.knobs.tp);
    let ctas = Some(exposed_fused_ctas(transport, run.spec.batch.tokens()));
    let outside = At::compute(None, Phase::None);
    ops.embed(outside, &part);
    ops.collective(outside, &part, Collective::AllReduce, None, &[]);
    ops.first_norm(outside, &part, part.rows, &[]);
    for layer in 0..run.layers {
        let at = At::compute(Some(layer), Phase::None);
        ops.attention_block(at, &part, &[]);
        ops.collective(at, &part, Collective::FusedArNorm, ctas, &[]);
        ops.mlp_block(at, &part, &[]);
        // This is the next layer's input norm, or the final norm.
        ops.collective(at, &part, Collective::FusedArNorm, ctas, &[]);
    }
    ops.lm_head(outside, &part, run.num_sequences(), &[]);
    ops.finish()
}
