//! Figures of all ranks together, and what they are of in words: panels show those of one rank beside them.

use crate::analysis::OverlapReport;

/// Sums over ranks, ns.
#[derive(Default)]
pub(super) struct AllRanks {
    pub(super) span_ns: i64,
    pub(super) compute_ns: i64,
    pub(super) comm_ns: i64,
    pub(super) overlap_ns: i64,
    pub(super) exposed_comm_ns: i64,
    pub(super) idle_ns: i64,
    /// With one rank it goes without saying whose figures they are.
    are_several: bool,
}

impl AllRanks {
    pub(super) fn of(overlap: &OverlapReport) -> Self {
        let mut sum = Self { are_several: overlap.ranks.len() > 1, ..Self::default() };
        for rank in overlap.ranks.iter().map(|rank| &rank.total) {
            sum.span_ns += rank.span_ns;
            sum.compute_ns += rank.compute_ns;
            sum.comm_ns += rank.comm_ns;
            sum.overlap_ns += rank.overlap_ns;
            sum.exposed_comm_ns += rank.exposed_comm_ns;
            sum.idle_ns += rank.idle_ns;
        }
        sum
    }

    /// What a share of the time is of.
    pub(super) fn the_time(&self) -> &'static str {
        if self.are_several { "all ranks' time" } else { "the time" }
    }

    /// The same, further on in a sentence that began with [`Self::communication`].
    pub(super) fn their_time(&self) -> &'static str {
        if self.are_several { "their time" } else { "the time" }
    }

    /// What a share of communication is of.
    pub(super) fn communication(&self) -> &'static str {
        if self.are_several { "all ranks' communication" } else { "communication" }
    }
}
