//! One label an op of the plan, and one more for the barrier waits of each collective.

use std::collections::BTreeMap;

use weftscope_engine::{
    machine::GpuSpec,
    observer::BlockPart,
    plan::{Op, OpWork, Phase, Plan, Split, StreamId},
    split::{blocks_per_sm, occupancy},
};
use weftscope_traces::{self as traces, Kind, Label, LabelId, OpFacts, TraceBuilder};

/// Labels of a plan's ops, by op and part.
pub(super) struct Labels {
    /// `[op][0]` runs, `[op][1]` waits.
    by_op: Vec<[LabelId; 2]>,
}

impl Labels {
    /// Declares the labels of `plan`. `alone_ns` may be shorter than the ops; what is missing is not known.
    pub(super) fn declare(
        builder: &mut TraceBuilder,
        plan: &Plan,
        alone_ns: &[Option<i64>],
    ) -> Self {
        let gpu = &plan.spec.machine.gpu;
        let held = sms_held(plan);
        let by_op = plan
            .ops
            .iter()
            .enumerate()
            .map(|(index, op)| {
                let alone_ns = alone_ns.get(index).copied().flatten();
                let held = match op.stream {
                    StreamId::COMM => 0,
                    _ => held.get(&(op.layer, op.phase)).copied().unwrap_or(0),
                };
                let facts = facts(op, gpu, gpu.sms.saturating_sub(held), alone_ns);
                let run = builder.label(label(op, facts));
                let wait = match op.work {
                    OpWork::Collective { .. } => builder.label(wait_label(op)),
                    _ => run,
                };
                [run, wait]
            })
            .collect();
        Self { by_op }
    }

    /// The label of an op as a whole.
    pub(super) fn of_op(&self, op: usize) -> Option<LabelId> {
        self.by_op.get(op).map(|labels| labels[0])
    }

    /// The label of a stretch of one of its blocks.
    #[inline]
    pub(super) fn of_part(&self, op: usize, part: BlockPart) -> Option<LabelId> {
        self.by_op.get(op).map(|labels| labels[usize::from(part != BlockPart::Run)])
    }
}

fn label(op: &Op, facts: OpFacts) -> Label {
    Label {
        name: op.name.to_owned(),
        kind: kind(op),
        layer: op.layer,
        split: split(op.split),
        phase: phase(op.phase),
        facts: Some(Box::new(facts)),
    }
}

fn wait_label(op: &Op) -> Label {
    Label {
        name: format!("{} wait", op.name),
        kind: Kind::Wait,
        layer: op.layer,
        split: split(op.split),
        phase: phase(op.phase),
        facts: None,
    }
}

fn kind(op: &Op) -> Kind {
    match op.work {
        OpWork::Gemm(_) => Kind::Gemm,
        OpWork::Attention { .. } => Kind::Attention,
        OpWork::AddNorm { .. } => Kind::Norm,
        OpWork::Elementwise => Kind::Elementwise,
        OpWork::Collective { .. } => Kind::Comm,
    }
}

fn split(split: Split) -> traces::Split {
    match split {
        Split::Whole => traces::Split::Whole,
        Split::First => traces::Split::First,
        Split::Second => traces::Split::Second,
    }
}

pub(super) fn phase(phase: Phase) -> traces::Phase {
    match phase {
        Phase::None => traces::Phase::None,
        Phase::Head => traces::Phase::Head,
        Phase::A => traces::Phase::A,
        Phase::B => traces::Phase::B,
        Phase::C => traces::Phase::C,
        Phase::D => traces::Phase::D,
        Phase::Tail => traces::Phase::Tail,
    }
}

/// SMs that the collectives of each (layer, phase) on the other stream hold: one a CTA.
fn sms_held(plan: &Plan) -> BTreeMap<(Option<u32>, Phase), u32> {
    let mut held = BTreeMap::new();
    let collectives = plan.ops.iter().filter(|op| op.stream == StreamId::COMM);
    for op in collectives.filter(|op| op.phase != Phase::None) {
        let most: &mut u32 = held.entry((op.layer, op.phase)).or_default();
        *most = op.grid.max(*most);
    }
    held
}

fn facts(op: &Op, gpu: &GpuSpec, sms: u32, alone_ns: Option<i64>) -> OpFacts {
    let occupancy = occupancy(op.grid, sms, blocks_per_sm(&op.resources, gpu));
    OpFacts {
        op: op.id.0,
        grid: op.grid,
        waves: occupancy.waves,
        tail_occupancy: occupancy.tail_fill,
        sms,
        tokens: op.tokens,
        flops: op.flops,
        hbm_bytes: op.hbm_bytes,
        link_bytes: op.link_bytes,
        alone_ns,
        shape: shape(op),
    }
}

fn shape(op: &Op) -> String {
    match &op.work {
        OpWork::Gemm(gemm) if gemm.groups > 1 => {
            format!("{} × {}×{}×{}", gemm.groups, gemm.m, gemm.n, gemm.k)
        }
        OpWork::Gemm(gemm) => format!("{}×{}×{}", gemm.m, gemm.n, gemm.k),
        OpWork::Attention { heads, kv_heads, head_dim, sequences, .. } => {
            let num = sequences.len();
            format!("{num} seq, {heads}/{kv_heads} heads × {head_dim}")
        }
        OpWork::AddNorm { hidden } => format!("{}×{hidden}", op.tokens),
        OpWork::Elementwise => format!("{} rows", op.tokens),
        OpWork::Collective { message_bytes, transport, .. } => {
            format!("{:.1} MiB, {}", message_bytes / f64::from(1 << 20), transport.name())
        }
    }
}
