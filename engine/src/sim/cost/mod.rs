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
    /// Of a persistent launch: the first tile of each of its blocks, which starts cold, and every later one.
    Walk {
        /// A block's first tile.
        first: Ticks,
        /// A later tile.
        later: Ticks,
        /// Blocks of the launch.
        walkers: u32,
    },
}

impl Work {
    /// Of one block.
    #[inline]
    pub(super) fn of(&self, block: u32) -> Ticks {
        match self {
            Self::Equal(work) => *work,
            Self::Each(works) => works[block as usize],
            Self::Walk { first, later, walkers } => {
                if block < *walkers {
                    *first
                } else {
                    *later
                }
            }
        }
    }

    /// Of all blocks together, ns.
    fn total_ns(&self, grid: u32) -> f64 {
        let total = match self {
            Self::Equal(work) => *work * Ticks::from(grid),
            Self::Each(works) => works.iter().sum(),
            Self::Walk { first, later, walkers } => {
                let cold = grid.min(*walkers);
                *first * Ticks::from(cold) + *later * Ticks::from(grid - cold)
            }
        };
        total as f64 / ticks(1.0) as f64
    }
}

impl OpCost {
    /// A cost whose blocks together ask for `whole`.
    pub(super) fn new(work: Work, grid: u32, whole: Demand) -> Self {
        let demand = whole.scaled(1.0 / work.total_ns(grid).max(1.0));
        let launched = match work {
            Work::Walk { walkers, .. } => walkers.min(grid),
            Work::Equal(_) | Work::Each(_) => grid,
        };
        Self {
            work,
            demand,
            issue: 1.0,
            launched,
            meeting: 0,
            collective: false,
            latency_bound: false,
            copies: None,
        }
    }
}
