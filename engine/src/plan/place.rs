use serde::Serialize;

/// Which tokens an op works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum Split {
    /// All tokens.
    Whole,
    /// The prefix.
    First,
    /// The suffix.
    Second,
}

impl Split {
    /// Name in the plan's table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::First => "0",
            Self::Second => "1",
        }
    }
}

/// Where in the weave an op belongs; see `tokenweave` in [`crate::spec::StrategyKind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// Not part of a phased schedule.
    None,
    /// Before the first weave.
    Head,
    /// Attention of split 0 over the input norm of split 1.
    A,
    /// Attention of split 1 over the post-attention norm of split 0.
    B,
    /// MLP of split 0 over the post-attention norm of split 1.
    C,
    /// MLP of split 1 over the next layer's input norm of split 0.
    D,
    /// After the last weave.
    Tail,
}

impl Phase {
    /// Name in the plan's table.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "-",
            Self::Head => "head",
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
            Self::Tail => "tail",
        }
    }
}

/// A stream of a rank. Stream 0 computes, stream 1 communicates at high priority, stream 2 computes beside the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId(pub u8);

impl StreamId {
    /// The compute stream, normal priority.
    pub const COMPUTE: Self = Self(0);
    /// The communication stream, high priority: its blocks are placed before waiting compute blocks.
    pub const COMM: Self = Self(1);
    /// A second compute stream, another process's, of the same priority as the first: whose op was launched earlier places its
    /// blocks first, and its host issues beside the first one's.
    pub const BESIDE: Self = Self(2);

    /// Name as shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::COMM => "comm stream",
            Self::BESIDE => "second compute stream",
            _ => "compute stream",
        }
    }

    /// The same in a word, for tables.
    pub fn short(self) -> &'static str {
        match self {
            Self::COMM => "comm",
            Self::BESIDE => "beside",
            _ => "compute",
        }
    }
}

/// Where in the schedule an op stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// Issued to it, behind all ops that are already there.
    pub stream: StreamId,
    /// `None` before the first layer and after the last.
    pub layer: Option<u32>,
    /// Phase of the weave, or [`Phase::None`].
    pub phase: Phase,
}

impl At {
    /// On the compute stream.
    pub fn compute(layer: Option<u32>, phase: Phase) -> Self {
        Self { stream: StreamId::COMPUTE, layer, phase }
    }

    /// On the communication stream.
    pub fn comm(layer: Option<u32>, phase: Phase) -> Self {
        Self { stream: StreamId::COMM, layer, phase }
    }
}
