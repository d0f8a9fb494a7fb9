//! The same collective on every rank.
//!
//! [`keys`] says what a record tells of its collective, [`groups`] which records can belong together, [`align`] which of
//! two ranks do, whatever either lacks, [`join`] puts all ranks together, [`clocks`] keeps what the ends tell of the
//! ranks' clocks, [`matching`] goes through a run, [`volume`] says how many bytes move.

mod align;
mod clocks;
mod groups;
mod identity;
mod join;
mod keys;
mod line;
mod matching;
mod volume;

use serde::{Deserialize, Serialize};

use super::gpu_ops::GpuOp;
use super::runs::RunMember;
use crate::model::{SliceRef, Span, Trace};

pub(crate) use identity::Identity;
pub use identity::rank_ranges;
pub(crate) use line::{Line, Reading};
use matching::Matching;
pub(crate) use volume::link_bytes;
pub(super) use volume::{Volume, width};

/// How the same collective was recognised on several ranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchMethod {
    /// By the plan's op, and by its turn when the op runs several times.
    Plan,
    /// By process group, operation and sequence number, as Kineto's `Seq` argument gives them.
    Sequence,
    /// By operation and process group, as far as that is known, in turn; where records are missing, by their ends.
    Order,
}

/// One rank's part in a collective.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Which of the traces given.
    pub trace: usize,
    /// Its rank.
    pub rank: u32,
    /// When, whole, on the clock of the first trace given, as far as ends of collectives tell it.
    pub span: Span,
    /// The slice in its own trace.
    pub slice: SliceRef,
}

/// The same collective on every rank that took part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collective {
    /// Name of the first member.
    pub name: String,
    /// How its members were found.
    pub method: MatchMethod,
    /// Members by rank.
    pub members: Vec<Member>,
    /// How many ranks its process group has; `None` where no record says.
    pub group_size: Option<usize>,
}

impl Collective {
    /// Ranks of its group of which no record was found.
    pub fn missing(&self) -> usize {
        self.group_size.map_or(0, |size| size.saturating_sub(self.members.len()))
    }

    /// When the last rank arrived.
    pub fn latest_start_ns(&self) -> i64 {
        self.members.iter().map(|member| member.span.start_ns).max().unwrap_or_default()
    }

    /// Every member and how long it waited for the last rank: until that arrived, at most the member's own duration.
    pub fn waits_ns(&self) -> impl Iterator<Item = (&Member, i64)> + Clone {
        let latest_ns = self.latest_start_ns();
        self.members.iter().map(move |member| {
            let waited_ns = latest_ns - member.span.start_ns;
            (member, waited_ns.clamp(0, member.span.len_ns()))
        })
    }
}

/// Communication of one rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankMatch {
    /// Which of the traces given.
    pub trace: usize,
    /// Its rank.
    pub rank: u32,
    /// Ops with a partner on another rank.
    pub matched: usize,
    /// Ops with none: how long they waited is not known.
    pub unmatched: usize,
}

/// How the clock of a rank stands to that of the first trace, by the ends of collectives.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankClock {
    /// Which of the traces given.
    pub trace: usize,
    /// Its rank.
    pub rank: u32,
    /// What was taken off its times for them to be on that clock; 0 where they agree within what clocks that agree show.
    pub offset_ns: i64,
    /// The time of its own trace at which that holds.
    pub at_ns: i64,
    /// By how much that grows, in ns a second.
    pub drift_ns_per_s: f64,
    /// Collectives whose ends were compared.
    pub readings: usize,
    /// The distance that 99 % of their ends kept, after that, from those of another rank.
    pub residual_p99_ns: i64,
    /// Neither base time nor file says how the clocks stand: without the ends it would be a guess.
    pub is_untold: bool,
}

/// The collectives of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Collectives {
    /// In order of their first start.
    pub matched: Vec<Collective>,
    /// The least certain way in which some were; `None` when nothing could be matched.
    pub method: Option<MatchMethod>,
    /// Communication ops with no partner.
    pub unmatched: usize,
    /// The same by rank, for ranks that ran with others.
    pub ranks: Vec<RankMatch>,
    /// Clocks of ranks whose ends were compared.
    pub clocks: Vec<RankClock>,
}

impl Collectives {
    /// Takes in those of another run.
    pub(super) fn extend(&mut self, other: Self) {
        self.matched.extend(other.matched);
        self.method = self.method.max(other.method);
        self.unmatched += other.unmatched;
        self.ranks.extend(other.ranks);
        self.clocks.extend(other.clocks);
    }
}

/// Communication ops of one rank of a run.
#[derive(Clone)]
pub(super) struct RankComm<'a> {
    pub(super) member: RunMember,
    /// Its trace.
    pub(super) trace: &'a Trace,
    /// In order of start, whole.
    pub(super) ops: Vec<GpuOp>,
}

impl RankComm<'_> {
    fn span(&self, op: &GpuOp) -> Span {
        op.span.shifted(self.member.offset_ns)
    }
}

/// The ranks meet in this communication op. A plan's send is each rank's own: the same op of another rank is no partner of it,
/// and none waits.
pub(super) fn meets(trace: &Trace, op: &GpuOp) -> bool {
    let label = trace.label(op.label);
    op.kind.is_comm() && !(label.facts.is_some() && label.name == "send")
}

/// Finds the same collective on all ranks of a run, which may be spread over several traces (one a rank, as the
/// PyTorch profiler writes them). Ranks ascend. See [`MatchMethod`].
///
/// Costs n log n of the records, times the ranks.
pub(super) fn match_run(ranks: &[RankComm<'_>]) -> Collectives {
    if ranks.len() < 2 {
        return Collectives::default();
    }
    Matching::new(ranks).run()
}

#[cfg(test)]
mod tests;
