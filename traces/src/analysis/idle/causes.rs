use serde::{Deserialize, Serialize};

/// What was waited for while nothing ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdleCause {
    /// The launch of the next op: its call began only when nothing ran any more, or had not returned.
    Launch,
    /// The host, which was busy with something else before it called.
    HostBusy,
    /// The host, which sat in a call that waits for the GPU.
    HostSync,
    /// An op of another stream of the same rank.
    OtherStream,
    /// Another rank: an op of it, or the host in a call that talks to it.
    OtherRank,
    /// The GPU, on its way from one op to the next of the same stream, which lay ready.
    BetweenKernels,
    /// Not known: nothing recorded tells.
    Unknown,
}

impl IdleCause {
    /// Every cause, in the order in which they are shown.
    pub const ALL: [Self; 7] = [
        Self::Launch,
        Self::HostBusy,
        Self::HostSync,
        Self::OtherStream,
        Self::OtherRank,
        Self::BetweenKernels,
        Self::Unknown,
    ];

    /// As users read it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Launch => "launched late",
            Self::HostBusy => "host busy",
            Self::HostSync => "host synchronises",
            Self::OtherStream => "other stream",
            Self::OtherRank => "other rank",
            Self::BetweenKernels => "between kernels",
            Self::Unknown => "unknown",
        }
    }

    /// What it means, in a sentence.
    pub fn about(self) -> &'static str {
        match self {
            Self::Launch => {
                "The call that launches the next op began only when nothing ran any more, or had not returned."
            }
            Self::HostBusy => {
                "The host did something else before it called the launch of the next op."
            }
            Self::HostSync => {
                "The host sat in a call that waits for the GPU before it launched the next op."
            }
            Self::OtherStream => "The next op lay ready and waited for one of another stream.",
            Self::OtherRank => {
                "The next op waited for another rank, or the host sat in a call that talks to one."
            }
            Self::BetweenKernels => {
                "The next op lay ready; the GPU takes this long from one op to the next of a stream."
            }
            Self::Unknown => "Nothing recorded tells what was waited for.",
        }
    }
}

/// Idle time by cause, in nanoseconds; the sum is all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdleCauses {
    /// [`IdleCause::Launch`].
    pub launch_ns: i64,
    /// [`IdleCause::HostBusy`].
    pub host_busy_ns: i64,
    /// [`IdleCause::HostSync`].
    pub host_sync_ns: i64,
    /// [`IdleCause::OtherStream`].
    pub other_stream_ns: i64,
    /// [`IdleCause::OtherRank`].
    pub other_rank_ns: i64,
    /// [`IdleCause::BetweenKernels`].
    pub between_kernels_ns: i64,
    /// [`IdleCause::Unknown`].
    pub unknown_ns: i64,
}

impl IdleCauses {
    /// Time of one cause.
    pub fn get(&self, cause: IdleCause) -> i64 {
        let mut copy = *self;
        *copy.slot(cause)
    }

    /// Causes with time, most first.
    pub fn most(&self) -> Vec<(IdleCause, i64)> {
        let timed = IdleCause::ALL.map(|cause| (cause, self.get(cause))).into_iter();
        let mut timed: Vec<_> = timed.filter(|(_, ns)| *ns > 0).collect();
        timed.sort_by_key(|(_, ns)| std::cmp::Reverse(*ns));
        timed
    }

    /// The cause with most time; `None` without any.
    pub fn main(&self) -> Option<IdleCause> {
        self.most().first().map(|(cause, _)| *cause)
    }

    /// All of it.
    pub fn total_ns(&self) -> i64 {
        IdleCause::ALL.into_iter().map(|cause| self.get(cause)).sum()
    }

    pub(super) fn add(&mut self, cause: IdleCause, ns: i64) {
        *self.slot(cause) += ns;
    }

    pub(in crate::analysis) fn plus(mut self, other: &Self) -> Self {
        for cause in IdleCause::ALL {
            self.add(cause, other.get(cause));
        }
        self
    }

    fn slot(&mut self, cause: IdleCause) -> &mut i64 {
        match cause {
            IdleCause::Launch => &mut self.launch_ns,
            IdleCause::HostBusy => &mut self.host_busy_ns,
            IdleCause::HostSync => &mut self.host_sync_ns,
            IdleCause::OtherStream => &mut self.other_stream_ns,
            IdleCause::OtherRank => &mut self.other_rank_ns,
            IdleCause::BetweenKernels => &mut self.between_kernels_ns,
            IdleCause::Unknown => &mut self.unknown_ns,
        }
    }
}
