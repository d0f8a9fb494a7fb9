//! `two-batch`: two micro-batches ping-pong. While one computes, the unfused all-reduce of the other runs on the
//! comm stream; residual add + norm stay on the compute stream. Streams meet only where data does: there is no
//! join at fixed phases, which is what sets it apart from the weave.

use super::{
    run::{Run, Schedule},
    unfused,
};
use crate::{
    batch::{Batch, Request},
    plan::{
        At, Builder, Collective, Op, OpId, Part, Phase, PlanError, SplitDecision, overlapped_ctas,
        unfused_transport,
    },
    spec::{RunSpec, SplitChoice, StrategyKind, Transport},
    split::{Choice, HeldSms, choose as choose_split, cut, tokens_are},
};

/// Fewest tokens that are worth two micro-batches when there is prefill (vLLM's `dbo-prefill-token-threshold`).
const PREFILL_THRESHOLD: u32 = 512;
/// The same for pure decode (vLLM's `dbo-decode-token-threshold`).
const DECODE_THRESHOLD: u32 = 32;
/// A request boundary serves as the cut if the smaller micro-batch keeps at least this share of the tokens;
/// otherwise a prompt is cut in two (as SGLang does past its token-distribution threshold).
const LEAST_SHARE: f64 = 0.25;

/// A batch that is better left whole runs as `multimem`.
pub(super) fn schedule(run: Run<'_>) -> Result<Schedule, PlanError> {
    Ok(match choose(run.spec)? {
        Choice::Cut(split) => {
            let (transport, note) = unfused_transport(run.spec);
            let ops = build(run, transport, &split);
            Schedule { split: Some(split), ..Schedule::whole(StrategyKind::TwoBatch, note, ops) }
        }
        Choice::Whole { reason } => unfused::in_switch(run).because(reason),
    })
}

/// Where the batch becomes two.
fn choose(spec: &RunSpec) -> Result<Choice, PlanError> {
    let tokens = spec.batch.tokens();
    if let SplitChoice::Fixed(_) = spec.knobs.split {
        return Ok(match choose_split(spec)? {
            Choice::Cut(split) => Choice::Cut(SplitDecision {
                padded_tokens: tokens,
                second_rows: tokens - split.first_tokens,
                ..split
            }),
            whole @ Choice::Whole { .. } => whole,
        });
    }
    let all_decode = spec.batch.requests.iter().all(Request::is_decode);
    let threshold = if all_decode { DECODE_THRESHOLD } else { PREFILL_THRESHOLD };
    if tokens < threshold {
        let reason =
            format!("{} under the threshold of {threshold} for two batches", tokens_are(tokens));
        return Ok(Choice::Whole { reason });
    }
    let (first_tokens, reason) = match request_boundary(&spec.batch) {
        Some(boundary) => (boundary, format!("the request boundary nearest half is at {boundary}")),
        None => (tokens / 2, "no request boundary is near half, so one request is cut".to_owned()),
    };
    let (transport, _) = unfused_transport(spec);
    let ctas = overlapped_ctas(transport, &spec.machine.link);
    Ok(Choice::Cut(SplitDecision {
        chooser: None,
        tokens,
        padded_tokens: tokens,
        first_tokens,
        second_rows: tokens - first_tokens,
        cut_request: cut(&spec.batch, first_tokens).cut_request,
        attn_ctas: spec.knobs.attn_ctas.unwrap_or(ctas),
        mlp_ctas: spec.knobs.mlp_ctas.unwrap_or(ctas),
        table_key: None,
        reason,
    }))
}

fn build(run: Run<'_>, transport: Transport, split: &SplitDecision) -> Vec<Op> {
    let held = HeldSms::throughout(split.attn_ctas, split.mlp_ctas);
    let mut ops = run.builder(transport);
    ops.beside(held);
    let parts = run.parts(split);
    let head = At::compute(None, Phase::Head);
    let mut reduced: [Option<OpId>; 2] = [None; 2];
    for (part, reduced) in parts.iter().zip(&mut reduced) {
        let embedded = ops.embed(head, part);
        *reduced = Some(reduce(&mut ops, At::comm(None, Phase::Head), part, None, embedded));
    }
    let (attn, mlp) = (Some(split.attn_ctas), Some(split.mlp_ctas));
    for layer in 0..run.layers {
        for (index, phase) in [Phase::A, Phase::B].into_iter().enumerate() {
            let at = At::compute(Some(layer), phase);
            let part = &parts[index];
            let deps: Vec<OpId> = reduced[index].into_iter().collect();
            if layer == 0 {
                ops.first_norm(at, part, part.rows, &deps);
            } else {
                ops.add_norm(at, part, &deps);
            }
            let done = ops.attention_block(at, part, &[]);
            let comm = At::comm(Some(layer), phase);
            reduced[index] = Some(reduce(&mut ops, comm, part, attn, done));
        }
        for (index, phase) in [Phase::C, Phase::D].into_iter().enumerate() {
            let at = At::compute(Some(layer), phase);
            let part = &parts[index];
            let deps: Vec<OpId> = reduced[index].into_iter().collect();
            ops.add_norm(at, part, &deps);
            let done = ops.mlp_block(at, part, &[]);
            let comm = At::comm(Some(layer), phase);
            reduced[index] = Some(reduce(&mut ops, comm, part, mlp, done));
        }
    }
    let tail = At::compute(None, Phase::Tail);
    for (part, reduced) in parts.iter().zip(reduced) {
        let deps: Vec<OpId> = reduced.into_iter().collect();
        ops.add_norm(tail, part, &deps);
    }
    ops.lm_head(tail, &run.whole(1), run.num_sequences(), &[]);
    ops.finish()
}

/// The all-reduce of a micro-batch, behind the op that wrote its partial sums.
fn reduce(ops: &mut Builder<'_>, at: At, part: &Part, ctas: Option<u32>, after: OpId) -> OpId {
    ops.collective(at, part, Collective::AllReduce, ctas, &[after])
}

/// Tokens before the request boundary nearest half of the batch, if both sides keep [`LEAST_SHARE`].
fn request_boundary(batch: &Batch) -> Option<u32> {
    let tokens = batch.tokens();
    let mut before = 0;
    let boundaries = batch.requests.iter().map(|request| {
        before += request.new_tokens;
        before
    });
    boundaries
        .filter(|&boundary| {
            f64::from(boundary.min(tokens - boundary)) >= LEAST_SHARE * f64::from(tokens)
        })
        .min_by_key(|boundary| (2 * boundary).abs_diff(tokens))
}
