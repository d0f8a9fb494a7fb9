//! What the blocks of an op cost: work at full rate, and what they ask of the GPU meanwhile.

mod collective;
mod compute;

use super::{
    capacity::Demand,
    time::{Ticks, ticks},
};

/// What the blocks of an op cost on a machine.
#[derive(Clone, Debug)]
pub(super) struct OpCost {
    /// Work of each block: its isolated time, on an SM with nothing else on the GPU.
    pub(super) work: Work,
    /// What a block asks for while it works at full rate.
    pub(super) demand: Demand,
    /// Share of its SM's issue and load slots that a block uses at full rate.
    pub(super) issue: f64,
    /// Blocks that are launched. Where they are fewer than the grid, a block does every so manieth of it in its place:
    /// a persistent launch, which takes no SM beyond those, and none that is freed meanwhile.
    pub(super) launched: u32,
    /// Each of them does the next block that none has done instead, when it is ready for one.
    pub(super) deals: bool,
    /// How much longer than a flag takes the blocks of a collective need to meet: they start, and their flags share the
    /// fabric. Nothing is moved meanwhile.
    pub(super) meeting: Ticks,
    /// All ranks' blocks of an index meet before and after.
    pub(super) collective: bool,
    /// Progress waits for answers of links and memory.
    pub(super) latency_bound: bool,
    /// Its blocks take no SM, and so many are under way at one time.
    pub(super) copies: Option<u32>,
}

/// Work per block.
#[derive(Clone, Debug)]
pub(super) enum Work {
    /// The same for all.
    Equal(Ticks),
    /// By block index.
    Each(Vec<Ticks>),
    /// Of a persistent launch.
    Walk {
        /// Before a block's first tile.
        start: Ticks,
        /// The tiles.
        tiles: Box<Work>,
        /// Blocks of the launch.
        walkers: u32,
        /// They take the next tile that nobody has taken, instead of every so manieth.
        deals: bool,
    },
}

impl Work {
    /// Of one block.
    #[inline]
    pub(super) fn of(&self, block: u32) -> Ticks {
        match self {
            Self::Equal(work) => *work,
            Self::Each(works) => works[block as usize],
            Self::Walk { start, tiles, walkers, .. } => {
                tiles.of(block) + if block < *walkers { *start } else { 0 }
            }
        }
    }

    /// Of all blocks together, ns.
    fn total_ns(&self, grid: u32) -> f64 {
        self.total(grid) as f64 / ticks(1.0) as f64
    }

    fn total(&self, grid: u32) -> Ticks {
        match self {
            Self::Equal(work) => *work * Ticks::from(grid),
            Self::Each(works) => works.iter().sum(),
            Self::Walk { start, tiles, walkers, .. } => {
                tiles.total(grid) + *start * Ticks::from(grid.min(*walkers))
            }
        }
    }
}

impl OpCost {
    /// A cost whose blocks together ask for `whole`.
    pub(super) fn new(work: Work, grid: u32, whole: Demand) -> Self {
        let demand = whole.scaled(1.0 / work.total_ns(grid).max(1.0));
        let (launched, deals) = match work {
            Work::Walk { walkers, deals, .. } => (walkers.min(grid), deals),
            Work::Equal(_) | Work::Each(_) => (grid, false),
        };
        Self {
            work,
            demand,
            issue: 1.0,
            launched,
            deals,
            meeting: 0,
            collective: false,
            latency_bound: false,
            copies: None,
        }
    }
}
