use serde::{Deserialize, Serialize};

use super::{Copies, OpRole, OpWork, Phase, Resources, Split, StreamId};

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
    /// Another op of this rank whose blocks its own follow one by one, instead of the whole op.
    pub tiles: Option<Tiles>,
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

/// Blocks that wait for blocks: each of an op until so many of another, in order of launch, have finished as its place among
/// its own says. A block on an SM holds its place meanwhile, as a kernel does that polls a flag in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tiles {
    /// Place of the op that is waited for; it stands earlier.
    pub of: u32,
    /// First blocks of this op that wait for none: what they need is here already.
    #[serde(default)]
    pub free: u32,
    /// Last blocks of the other that none waits for: what they make stays here.
    #[serde(default)]
    pub spare: u32,
}

impl Tiles {
    /// Blocks of the other op, of `others`, that must have finished before `block` of `grid` begins.
    pub fn needed(&self, block: u32, grid: u32, others: u32) -> u32 {
        if block < self.free {
            return 0;
        }
        let sharing = u64::from(grid.saturating_sub(self.free).max(1));
        let place = u64::from(block - self.free) + 1;
        let useful = u64::from(others.saturating_sub(self.spare));
        (place * useful).div_ceil(sharing).min(useful) as u32
    }
}

impl Op {
    /// Its blocks are copies, which take no SM.
    pub fn copies(&self) -> Option<Copies> {
        match &self.work {
            OpWork::Collective(shape) => shape.copies,
            _ => None,
        }
    }

    /// All ranks meet in it.
    pub fn is_collective(&self) -> bool {
        matches!(self.work, OpWork::Collective(_))
    }

    /// Nothing was run before it: it begins with cold caches, and where a plan has no other op it is measured alone.
    pub(crate) fn is_first(&self) -> bool {
        self.id.0 == 0
    }
}
