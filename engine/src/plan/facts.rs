//! What the plan alone says about its ops: how each fills the SMs it has, and what a GEMM that was cut would be whole.

use std::collections::HashMap;

use super::{AttentionShape, Epilogue, GemmShape, Op, OpId, OpRole, OpWork, Plan, Split, StreamId};
use crate::{
    batch::Request,
    machine::GpuSpec,
    model::Shard,
    split::{HeldSms, Occupancy, TileKit, blocks_per_sm, layer_gemms, occupancy},
};

/// What the plan alone says about an op, for labels and tables.
#[derive(Clone, Debug, PartialEq)]
pub struct OpFacts {
    /// The widest op of the other stream that may run beside it: neither waits for the other.
    pub beside: Option<OpId>,
    /// Blocks of this op that one SM holds.
    pub blocks_per_sm: u32,
    /// Waves and tail on the SMs that are left: those of the GPU less one for each CTA of `beside`, if that is a
    /// collective (its blocks fill an SM's registers and come first, by priority). For a persistent GEMM, on the
    /// SMs that the plan gives it.
    pub occupancy: Occupancy,
    /// Of a GEMM over one of two splits: the same GEMM over all tokens of the batch in one launch, with all SMs to
    /// itself, as a strategy that cuts nothing launches it. `None` of everything else.
    pub unsplit: Option<Unsplit>,
    /// The shape in words, e.g. `4096×7168×8192, tiles 128×256`.
    pub shape: String,
}

/// A GEMM that is not cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unsplit {
    /// Thread blocks launched.
    pub grid: u32,
    /// How they fill the GPU.
    pub occupancy: Occupancy,
}

/// [`OpFacts`] of every op of a plan, in op order.
pub fn facts(plan: &Plan) -> Vec<OpFacts> {
    let gpu = &plan.spec.machine.gpu;
    let unsplit = unsplit(plan);
    let beside = concurrent(&plan.ops);
    let of = |(op, beside): (&Op, Option<OpId>)| {
        let holds_sms = |other: &&Op| other.is_collective() && other.copies().is_none();
        let held = beside.map(|id| &plan.ops[id.index()]).filter(holds_sms);
        let sms = gpu.sms.saturating_sub(held.map_or(0, |other| other.grid)).max(1);
        let sms = if op.is_collective() { gpu.sms } else { sms };
        let sms = match &op.work {
            OpWork::Gemm(shape) => shape.persistent_sms.unwrap_or(sms),
            _ => sms,
        };
        let per_sm = blocks_per_sm(&op.resources, gpu);
        OpFacts {
            beside,
            blocks_per_sm: per_sm,
            occupancy: occupancy(op.grid, sms, per_sm),
            unsplit: unsplit.get(&op.role).copied().filter(|_| op.split != Split::Whole),
            shape: shape_text(op),
        }
    };
    plan.ops.iter().zip(beside).map(of).collect()
}

/// Every GEMM of a layer over all tokens of the batch; empty where nothing was cut.
fn unsplit(plan: &Plan) -> HashMap<OpRole, Unsplit> {
    let is_cut = |op: &Op| op.split != Split::Whole && matches!(op.work, OpWork::Gemm(_));
    if !plan.ops.iter().any(is_cut) {
        return HashMap::new();
    }
    let (spec, gpu) = (&plan.spec, &plan.spec.machine.gpu);
    // A plan was made for this degree, so the shard exists.
    let Ok(shard) = Shard::new(&spec.model, spec.knobs.shard_degree()) else {
        return HashMap::new();
    };
    let gemms = layer_gemms(&shard, spec.batch.tokens(), gpu, HeldSms::default());
    gemms.into_iter().map(|gemm| (gemm.role, whole_gemm(&gemm.shape, gpu))).collect()
}

fn whole_gemm(shape: &GemmShape, gpu: &GpuSpec) -> Unsplit {
    let sms = shape.persistent_sms.unwrap_or(gpu.sms);
    let per_sm = blocks_per_sm(&TileKit::of(gpu).gemm, gpu);
    Unsplit { grid: shape.grid(), occupancy: occupancy(shape.grid(), sms, per_sm) }
}

/// For each op, the op with the largest grid among those of the other stream that are ordered neither before nor
/// after it. Ops of a stream are ordered, so those form a run; both ends of the run only move forward. The other of the compute
/// stream is any else, as if those were one: no plan has all three.
fn concurrent(ops: &[Op]) -> Vec<Option<OpId>> {
    let before = finished_before(ops);
    let of_stream = [true, false].map(|computes| {
        let is_of = |op: &&Op| (op.stream == StreamId::COMPUTE) == computes;
        ops.iter().filter(is_of).collect::<Vec<_>>()
    });
    let mut beside = vec![None; ops.len()];
    for (own, others) in [(&of_stream[0], &of_stream[1]), (&of_stream[1], &of_stream[0])] {
        let (mut from, mut to) = (0, 0);
        for op in own {
            while from < others.len()
                && before[op.id.index()].is_some_and(|last| others[from].id <= last)
            {
                from += 1;
            }
            to = to.max(from);
            while to < others.len() && before[others[to].id.index()].is_none_or(|last| last < op.id)
            {
                to += 1;
            }
            let widest = others[from..to].iter().max_by_key(|other| other.grid);
            beside[op.id.index()] = widest.map(|other| other.id);
        }
    }
    beside
}

/// For each op, the last op of the other stream that has finished before it may start, through any chain of
/// dependencies.
fn finished_before(ops: &[Op]) -> Vec<Option<OpId>> {
    let mut before: Vec<Option<OpId>> = Vec::with_capacity(ops.len());
    let mut last_of_stream: [Option<OpId>; 2] = [None; 2];
    for op in ops {
        let stream = usize::from(op.stream != StreamId::COMPUTE);
        let mut last = last_of_stream[stream].and_then(|id| before[id.index()]);
        for dep in &op.deps {
            let dep_op = &ops[dep.index()];
            let known = if dep_op.stream == op.stream { before[dep.index()] } else { Some(*dep) };
            last = last.max(known);
        }
        last_of_stream[stream] = Some(op.id);
        before.push(last);
    }
    before
}

fn shape_text(op: &Op) -> String {
    match &op.work {
        OpWork::Gemm(shape) => gemm_text(shape),
        OpWork::Attention(shape) => attention_text(shape),
        OpWork::AddNorm { hidden } => format!("{}×{hidden}", op.tokens),
        OpWork::Gather { table_bytes, .. } => {
            format!("{} rows of a table of {:.1} MiB", op.tokens, table_bytes / f64::from(1 << 20))
        }
        OpWork::Choice { top_k } => format!("{} rows, {top_k} each", op.tokens),
        OpWork::RowSum { terms } => format!("{} rows of {terms}", op.tokens),
        OpWork::Elementwise => format!("{} rows", op.tokens),
        OpWork::Collective(shape) => {
            let mib = shape.message_bytes / f64::from(1 << 20);
            format!("{}, {mib:.1} MiB", shape.transport.name())
        }
    }
}

fn attention_text(shape: &AttentionShape) -> String {
    let AttentionShape { heads, kv_heads, head_dim, sequences, .. } = shape;
    let new: u64 = sequences.iter().map(|request| u64::from(request.new_tokens)).sum();
    let longest = sequences.iter().map(Request::context_tokens).max().unwrap_or(0);
    let parts = match sequences.len() {
        1 => format!("{new} on {longest}"),
        count => format!("{new} in {count} sequences, up to {longest}"),
    };
    format!("{heads}/{kv_heads} heads×{head_dim}, {parts}")
}

fn gemm_text(shape: &GemmShape) -> String {
    let GemmShape { m, n, k, groups, tile_m, tile_n, split_k, .. } = shape;
    let groups = if *groups == 1 { String::new() } else { format!("{groups} × ") };
    let slices = if *split_k == 1 { String::new() } else { format!(", {split_k} slices of k") };
    let gated = if shape.epilogue == Epilogue::SiluMul { ", SiLU·mul" } else { "" };
    format!("{groups}{m}×{n}×{k}, tiles {tile_m}×{tile_n}{slices}{gated}")
}
