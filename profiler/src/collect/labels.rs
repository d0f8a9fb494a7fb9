//! One label an op of the plan, and one more for the barrier waits of each collective.

use weftscope_engine::{
    observer::BlockPart,
    plan::{Op, OpWork, Phase, Plan, Split},
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
        let by_op = plan
            .ops
            .iter()
            .enumerate()
            .map(|(index, op)| {
                let alone_ns = alone_ns.get(index).copied().flatten();
                let run = builder.label(label(plan, op, alone_ns));
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

fn label(plan: &Plan, op: &Op, alone_ns: Option<i64>) -> Label {
    Label {
        name: op.name.to_owned(),
        kind: kind(op),
        layer: op.layer,
        split: split(op.split),
        phase: phase(op.phase),
        facts: Some(Box::new(facts(plan, op, alone_ns))),
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

fn facts(plan: &Plan, op: &Op, alone_ns: Option<i64>) -> OpFacts {
    let gpu = &plan.spec.machine.gpu;
    let blocks_per_sm = (gpu.threads_per_sm / op.resources.threads.max(1))
        .min(gpu.smem_per_sm_bytes / op.resources.smem_bytes.max(1))
        .clamp(1, gpu.blocks_per_sm.max(1));
    let slots = (gpu.sms * blocks_per_sm).max(1);
    let waves = op.grid.div_ceil(slots);
    let in_tail = op.grid - waves.saturating_sub(1) * slots;
    OpFacts {
        op: op.id.0,
        grid: op.grid,
        waves,
        tail_occupancy: f64::from(in_tail) / f64::from(slots),
        sms: gpu.sms,
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
