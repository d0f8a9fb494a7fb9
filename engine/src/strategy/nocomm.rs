//! `nocomm`: collectives removed. The output is wrong with more than one rank; the time is the floor to compare
//! with.

use super::run::Run;
use crate::plan::{At, Op, Phase};

pub(super) fn build(run: Run<'_>) -> Vec<Op> {
    let mut ops = run.builder();
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
    ops.lm_head(outside, &part, run.num_sequences(), &[]);
    ops.finish()
}
