use super::{OpRole, OpWork, Phase, Resources, Split, StreamId};

/// Index into [`Plan::ops`](super::Plan::ops).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OpId(pub u32);

impl OpId {
    /// As an index into a list with an entry an op.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One kernel launch on every rank.
#[derive(Clone, Debug, PartialEq)]
pub struct Op {
    /// Its index.
    pub id: OpId,
    /// What it is: the same op of another layer has the same role.
    pub role: OpRole,
    /// The stream it is issued to.
    pub stream: StreamId,
    /// Ops (of other streams, or redundantly of the same) that must have finished on this rank.
    pub deps: Vec<OpId>,
    /// Layer; `None` before the first and after the last.
    pub layer: Option<u32>,
    /// Which tokens.
    pub split: Split,
    /// Phase of the weave.
    pub phase: Phase,
    /// Rows of the activation (tokens of the split, padding included).
    pub tokens: u32,
    /// What it computes.
    pub work: OpWork,
    /// Thread blocks launched.
    pub grid: u32,
    /// What a block holds of its SM.
    pub resources: Resources,
    /// Floating-point operations on one rank, all blocks.
    pub flops: f64,
    /// Bytes through device memory on one rank, inputs once and outputs once.
    pub hbm_bytes: f64,
    /// Bytes a direction over this rank's links.
    pub link_bytes: f64,
}

impl Op {
    /// All ranks meet in it.
    pub fn is_collective(&self) -> bool {
        matches!(self.work, OpWork::Collective(_))
    }

    /// Nothing was run before it: it begins with cold caches, and where a plan has no other op it is measured alone.
    pub(crate) fn is_first(&self) -> bool {
        self.id.0 == 0
    }
}
