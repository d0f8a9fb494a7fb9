//! What is run again: ops, what they wait for, the host's steps.

use std::sync::Arc;

use super::{Contention, MachineRates, OpSize, Transport, Understood};
use crate::analysis::Place;
use crate::model::{Kind, LabelId, SliceRef, Span, Split};

/// Index into [`Replay::ops`].
pub type OpIndex = u32;

/// A recording that can be run again. Times are ns on the clock that its ranks share, as far as their collectives tell it.
#[derive(Clone, Debug)]
pub struct Replay {
    /// Ranks, ascending.
    pub ranks: Vec<u32>,
    /// Every kernel and copy, rank by rank, each stream in its order.
    pub ops: Vec<ReplayOp>,
    /// Streams: which ops, in order.
    pub streams: Vec<Stream>,
    /// Of each rank the launches and waits of its host, in order; empty where none are recorded.
    pub host: Vec<Vec<HostStep>>,
    /// Collectives that meet across ranks: their members.
    pub groups: Vec<Vec<OpIndex>>,
    /// Of each rank its iterations; one without marks.
    pub iterations: Vec<Vec<Iteration>>,
    /// What usually passes between ops.
    pub gaps: TypicalGaps,
    /// Ranks of the job, those that are not here included.
    pub world_size: u32,
    /// What runs beside one another, and what that costs.
    pub contention: Contention,
    /// Amounts of ops, each once; see [`ReplayOp::size`].
    pub sizes: Vec<OpSize>,
    /// What plans say of ops is still so: no edit has put it on another machine or among more ranks.
    pub facts_hold: bool,
    /// The machine that an edit put it on; `None`: the one that it was recorded on.
    pub moved_to: Option<Arc<MachineRates>>,
    /// What of the recording was understood, and what was not.
    pub understood: Understood,
}

/// An iteration of a rank, on the shared clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Iteration {
    /// As long as it lasts; of a rank without any, from its first op to its last.
    pub recorded: Span,
    /// From its start to that of its first op.
    pub lead_ns: i64,
    /// From the end of its last op to its own; below 0 where ops outlast it.
    pub tail_ns: i64,
}

/// What passes, on average, from the end of an op to the start of one that waited for nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TypicalGaps {
    /// On one stream.
    pub stream_ns: i64,
    /// From stream to stream.
    pub other_ns: i64,
}

/// A stream of a rank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Index into [`Replay::ranks`].
    pub rank: usize,
    /// Its number in the recording.
    pub number: u32,
    /// Its ops in order.
    pub ops: Vec<OpIndex>,
}

/// A kernel or a copy.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayOp {
    /// Index into [`Replay::ranks`].
    pub rank: usize,
    /// Index into [`Replay::streams`].
    pub stream: usize,
    /// The slice that it comes from; the two parts of an op that was cut share one.
    pub slice: SliceRef,
    /// Its label in the recording.
    pub label: LabelId,
    /// Its kind.
    pub kind: Kind,
    /// Where it belongs.
    pub place: Place,
    /// The iteration of its rank that it is part of; of what is in none the one that started last before it.
    pub iteration: usize,
    /// Which of the tokens it works on, after a cut that an edit made.
    pub part: Split,
    /// When it ran; of what an edit put in, when that ran from which it was made.
    pub recorded: Span,
    /// What it takes with the GPU to itself, of a collective once all ranks have arrived.
    pub work_ns: f64,
    /// What of that does not grow with the tokens it works on, or with its message.
    pub fixed_ns: f64,
    /// How much it computes and moves, in [`Replay::sizes`]; of a part of the tokens what the whole op does. `None` where the
    /// recording does not say.
    pub size: Option<u32>,
    /// What moves its bytes; `None` of what is no communication by itself.
    pub transport: Option<Transport>,
    /// It is a collective with a norm in it.
    pub has_norm: bool,
    /// The norm that an edit put into it.
    pub fused_with: Option<LabelId>,
    /// SMs that it holds while it communicates; 0 of everything else, `None` where the recording does not say.
    pub held_sms: Option<u32>,
    /// From the end of the op before it on its stream to its start, or from its start where the two run side by side; of the
    /// first on its stream not used.
    pub stream_gap: StreamGap,
    /// What it waits for beside its stream and its launch.
    pub waits: Vec<Wait>,
    /// What passes after all that before it starts, though nothing recorded says why.
    pub delay_ns: i64,
    /// The host's step that launches it; `None` where that is not recorded.
    pub launch: Option<Launch>,
    /// When it starts at the earliest; `None` unless nothing at all is known that it waits for.
    pub not_before_ns: Option<i64>,
    /// The collective that it is part of, in [`Replay::groups`].
    pub group: Option<u32>,
}

/// How an op follows the one before it on its stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamGap {
    /// It does not wait for the other's end, only for its start.
    pub is_start: bool,
    /// What passes between the two.
    pub gap_ns: i64,
}

/// How an op is launched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Launch {
    /// Place among the host's steps of its rank.
    pub step: u32,
    /// From the start of that step to the start of the op on a GPU that has nothing else to do.
    pub latency_ns: i64,
}

/// Something that an op waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The op.
    pub op: OpIndex,
    /// For its start instead of its end.
    pub is_start: bool,
    /// What passes between the two.
    pub gap_ns: i64,
}

/// A step of the host: a call that launches, or one that waits for the GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostStep {
    /// From the start of the step before (of a wait: from its end) to the start of this one; of the first, when it starts.
    pub after_ns: i64,
    /// What it takes: of a wait, what it takes when there is nothing to wait for.
    pub takes_ns: i64,
    /// The op that it waits for, if it waits, and what passes from that op's end to the end of the step.
    pub waits: Option<Wait>,
}

impl Replay {
    /// The op before each on its stream.
    pub(super) fn before(&self) -> Vec<Option<OpIndex>> {
        let mut before = vec![None; self.ops.len()];
        for stream in &self.streams {
            for pair in stream.ops.windows(2) {
                before[pair[1] as usize] = Some(pair[0]);
            }
        }
        before
    }

    /// How much an op computes and moves.
    pub(super) fn size_of(&self, op: &ReplayOp) -> Option<OpSize> {
        op.size.map(|size| self.sizes[size as usize])
    }

    /// Ranks that take part in a collective, as far as the recording says: at least one.
    pub(super) fn ranks_of(&self, op: &ReplayOp) -> f64 {
        let members = op.group.map_or(0, |group| self.groups[group as usize].len());
        members.max(self.world_size as usize).max(1) as f64
    }
}
