//! One label an op of the plan, and one more for the barrier waits of each collective.

use weftscope_engine::{
    observer::BlockPart,
    plan::{self, Op, OpWork, Phase, Plan, Split},
};
use weftscope_traces::{self as traces, Kind, Label, LabelId, OpFacts, TraceBuilder, UnsplitFacts};

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
        let facts = plan::facts(plan);
        let by_op = plan
            .ops
            .iter()
            .zip(&facts)
            .enumerate()
            .map(|(index, (op, facts))| {
                let alone_ns = alone_ns.get(index).copied().flatten();
                let facts = op_facts(op, facts, alone_ns);
                let run = builder.label(label(op, facts.clone()));
                let wait = match op.work {
                    OpWork::Collective(_) => builder.label(wait_label(op, None)),
                    // Blocks that follow those of another op poll a flag meanwhile: which op's they are says that it is no barrier
                    // of the collective beside them.
                    _ if op.tiles.is_some() => builder.label(wait_label(op, Some(facts))),
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
        name: op.role.name().to_owned(),
        kind: kind(op),
        layer: op.layer,
        split: split(op.split),
        phase: phase(op.phase),
        facts: Some(Box::new(facts)),
    }
}

fn wait_label(op: &Op, facts: Option<OpFacts>) -> Label {
    Label {
        name: format!("{} wait", op.role),
        kind: Kind::Wait,
        layer: op.layer,
        split: split(op.split),
        phase: phase(op.phase),
        facts: facts.map(Box::new),
    }
}

fn kind(op: &Op) -> Kind {
    match op.work {
        OpWork::Gemm(_) => Kind::Gemm,
        OpWork::Attention(_) => Kind::Attention,
        OpWork::AddNorm { .. } => Kind::Norm,
        OpWork::Gather { .. }
        | OpWork::Choice { .. }
        | OpWork::RowSum { .. }
        | OpWork::Elementwise => Kind::Elementwise,
        OpWork::Collective(_) => Kind::Comm,
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

fn op_facts(op: &Op, plan_facts: &plan::OpFacts, alone_ns: Option<i64>) -> OpFacts {
    OpFacts {
        op: op.id.0,
        grid: op.grid,
        waves: plan_facts.occupancy.waves,
        tail_occupancy: plan_facts.occupancy.tail_fill,
        unsplit: plan_facts.unsplit.map(|unsplit| UnsplitFacts {
            grid: unsplit.grid,
            waves: unsplit.occupancy.waves,
            tail_occupancy: unsplit.occupancy.tail_fill,
        }),
        sms: plan_facts.occupancy.sms,
        tokens: op.tokens,
        flops: op.flops,
        hbm_bytes: op.hbm_bytes,
        link_bytes: op.link_bytes,
        alone_ns,
        shape: plan_facts.shape.clone(),
    }
}
