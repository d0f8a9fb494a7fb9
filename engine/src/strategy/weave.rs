//! `tokenweave` and `equal-split`: two token splits, the fused collective of one under the compute of the other.
//!
//! Four phases a layer (docs/tokenweave.md, "The weave"), with a join of both streams at every edge:
//!
//! | phase | compute stream       | comm stream: fused all-reduce + add + norm                    |
//! |-------|----------------------|---------------------------------------------------------------|
//! | A     | attention of split 0 | input norm of split 1, which ends the layer before            |
//! | B     | attention of split 1 | post-attention norm of split 0                                |
//! | C     | MLP of split 0       | post-attention norm of split 1                                |
//! | D     | MLP of split 1       | next layer's input norm of split 0 (last layer: final norm)   |
//!
//! The head (embedding, its all-reduce, first norms) and the tail (final norm of split 1) are exposed; phase A of
//! layer 0 has nothing to hide.

use super::{
    fuse_only,
    run::{Run, Schedule},
};
use crate::{
    plan::{
        At, Builder, Collective, Op, OpId, Part, Phase, PlanError, SplitDecision,
        exposed_fused_ctas, fused_transport,
    },
    spec::{Chooser, StrategyKind, Transport},
    split::{Choice, HeldSms, choose, decide, held_beside},
};

/// `equal-split`: cut at half, whatever the knobs say.
pub(super) fn in_halves(run: Run<'_>) -> Result<Schedule, PlanError> {
    Ok(weave(run, StrategyKind::EqualSplit, decide(run.spec, Chooser::Half)?))
}

/// `tokenweave`: cut as the knobs say.
pub(super) fn as_chosen(run: Run<'_>) -> Result<Schedule, PlanError> {
    Ok(weave(run, StrategyKind::TokenWeave, choose(run.spec)?))
}

/// A batch that is better left whole runs as `fuse-only`.
fn weave(run: Run<'_>, runs: StrategyKind, choice: Choice) -> Schedule {
    match choice {
        Choice::Cut(split) => {
            let (transport, note) = fused_transport(run.spec);
            let ops = build(run, transport, &split);
            Schedule { split: Some(split), ..Schedule::whole(runs, note, ops) }
        }
        Choice::Whole { reason } => fuse_only::schedule(run).because(reason),
    }
}

fn build(run: Run<'_>, transport: Transport, split: &SplitDecision) -> Vec<Op> {
    let mut ops = run.builder(transport);
    let held = held_beside(run.spec, run.shard, split);
    let mut weave = Weave {
        ops: &mut ops,
        parts: run.parts(split),
        held,
        exposed_ctas: exposed_fused_ctas(transport, run.spec.batch.tokens()),
        compute_end: None,
        comm_end: None,
    };
    weave.head(&run);
    for layer in 0..run.layers {
        let attn = |part| Fused { part, ctas: split.attn_ctas };
        let mlp = |part| Fused { part, ctas: split.mlp_ctas };
        weave.phase(layer, Phase::A, Half::Attention(0), (layer > 0).then_some(attn(1)));
        weave.phase(layer, Phase::B, Half::Attention(1), Some(attn(0)));
        weave.phase(layer, Phase::C, Half::Mlp(0), Some(mlp(1)));
        weave.phase(layer, Phase::D, Half::Mlp(1), Some(mlp(0)));
    }
    weave.tail(&run);
    ops.finish()
}

/// What the compute stream does in a phase, and for which split.
#[derive(Clone, Copy)]
enum Half {
    Attention(usize),
    Mlp(usize),
}

/// What the comm stream does in a phase.
#[derive(Clone, Copy)]
struct Fused {
    /// For which split.
    part: usize,
    ctas: u32,
}

struct Weave<'b, 'a> {
    ops: &'b mut Builder<'a>,
    parts: [Part; 2],
    /// What collectives hold beside the GEMMs of each part.
    held: [HeldSms; 2],
    /// CTAs of a fused collective with nothing beside it.
    exposed_ctas: u32,
    /// Last op of the previous phase on the compute stream.
    compute_end: Option<OpId>,
    /// Last op of the previous phase on the comm stream.
    comm_end: Option<OpId>,
}

impl Weave<'_, '_> {
    /// Embedding; split 0: all-reduce, then the norm of all its tokens; split 1: reduce-scatter, norm of the rank's
    /// shard, all-gather. (The published code gathers with a copy engine; here as everywhere CTAs do.)
    fn head(&mut self, run: &Run<'_>) {
        let at = At::compute(None, Phase::Head);
        let [first, second] = &self.parts;
        self.ops.embed(at, first);
        self.ops.embed(at, second);
        self.ops.collective(at, first, Collective::AllReduce, None, &[]);
        self.ops.first_norm(at, first, first.rows, &[]);
        self.ops.collective(at, second, Collective::ReduceScatter, None, &[]);
        let shard_rows = second.rows.div_ceil(run.spec.knobs.tp);
        self.ops.first_norm(at, second, shard_rows, &[]);
        self.compute_end = Some(self.ops.collective(at, second, Collective::AllGather, None, &[]));
    }

    /// One phase. Both streams start it when both have finished the one before.
    fn phase(&mut self, layer: u32, phase: Phase, half: Half, fused: Option<Fused>) {
        let joined: Vec<OpId> = self.comm_end.into_iter().collect();
        let compute_before: Vec<OpId> = self.compute_end.into_iter().collect();
        if let Some(Fused { part, ctas }) = fused {
            let (at, part) = (At::comm(Some(layer), phase), &self.parts[part]);
            let (fused, ctas) = (Collective::FusedArNorm, Some(ctas));
            self.comm_end = Some(self.ops.collective(at, part, fused, ctas, &compute_before));
        }
        let at = At::compute(Some(layer), phase);
        self.compute_end = Some(match half {
            Half::Attention(part) => {
                self.ops.beside(self.held[part]);
                self.ops.attention_block(at, &self.parts[part], &joined)
            }
            Half::Mlp(part) => {
                self.ops.beside(self.held[part]);
                self.ops.mlp_block(at, &self.parts[part], &joined)
            }
        });
    }

    /// The final norm of split 1 with nothing beside it, then the logits.
    fn tail(&mut self, run: &Run<'_>) {
        let at = At::compute(None, Phase::Tail);
        let joined: Vec<OpId> = self.comm_end.into_iter().collect();
        let ctas = Some(self.exposed_ctas);
        self.ops.collective(at, &self.parts[1], Collective::FusedArNorm, ctas, &joined);
        self.ops.lm_head(at, &run.whole(1), run.num_sequences(), &[]);
    }
}
