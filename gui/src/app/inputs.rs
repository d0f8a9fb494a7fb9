//! What figures of the panel Why are computed from, where the reports keep the figures alone.

use serde::{Deserialize, Serialize};
use weftscope_traces::{
    Kind, Phase, Trace,
    analysis::{GpuOp, Ops, RankOps},
};

/// Ops of one kind of work on a rank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpSum {
    /// How many.
    pub count: usize,
    /// Sum of their durations, ns.
    pub sum_ns: i64,
}

impl OpSum {
    fn of<'a>(ops: impl Iterator<Item = &'a GpuOp>) -> Self {
        ops.fold(Self::default(), |sum, op| Self {
            count: sum.count + 1,
            sum_ns: sum.sum_ns + op.span.len_ns(),
        })
    }
}

/// Ops of one rank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankInputs {
    /// The rank.
    pub rank: u32,
    /// Ops that compute.
    pub compute: OpSum,
    /// Communication.
    pub comm: OpSum,
}

/// Durations in place and isolated of the ops of a phase of which the latter are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlowdownInputs {
    /// The phase.
    pub phase: Phase,
    /// Of its communication; else of its computation.
    pub is_comm: bool,
    /// Sum of durations as recorded, ns.
    pub in_place_ns: i64,
    /// Sum of durations with the GPU to themselves, ns.
    pub isolated_ns: i64,
}

/// All of a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// By rank.
    pub ranks: Vec<RankInputs>,
    /// By phase, both kinds of work.
    pub slowdowns: Vec<SlowdownInputs>,
}

impl Inputs {
    /// One pass over the ops.
    pub(super) fn of(ops: &Ops<'_>) -> Self {
        let rank = |rank: &RankOps<'_>| {
            let of = |keep: fn(Kind) -> bool| OpSum::of(rank.ops.iter().filter(|op| keep(op.kind)));
            RankInputs { rank: rank.rank, compute: of(Kind::is_compute), comm: of(Kind::is_comm) }
        };
        let mut slowdowns = Vec::new();
        for op in ops.ranks.iter().flat_map(|rank| &rank.ops) {
            add_slowdown(&mut slowdowns, ops.trace, op);
        }
        Self { ranks: ops.ranks.iter().map(rank).collect(), slowdowns }
    }
}

fn add_slowdown(all: &mut Vec<SlowdownInputs>, trace: &Trace, op: &GpuOp) {
    let facts = trace.label(op.label).facts.as_ref();
    let Some(alone_ns) = facts.and_then(|facts| facts.alone_ns) else { return };
    let (phase, is_comm) = (op.place.phase, op.kind.is_comm());
    if phase == Phase::None || !(is_comm || op.kind.is_compute()) {
        return;
    }
    let at = all.iter().position(|one| (one.phase, one.is_comm) == (phase, is_comm));
    let at = at.unwrap_or_else(|| {
        all.push(SlowdownInputs { phase, is_comm, in_place_ns: 0, isolated_ns: 0 });
        all.len() - 1
    });
    all[at].in_place_ns += op.span.len_ns();
    all[at].isolated_ns += alone_ns;
}
