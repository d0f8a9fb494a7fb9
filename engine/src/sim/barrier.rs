use super::time::Ticks;
use crate::plan::OpId;

/// Which barrier of a collective's block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Entry,
    Exit,
}

/// The barrier that the blocks of one index of a collective meet at, one of every rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BarrierId {
    pub(super) op: OpId,
    pub(super) block: u32,
    pub(super) side: Side,
}

/// A rank's block may go on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Release {
    pub(super) rank: u16,
    pub(super) at: Ticks,
    pub(super) barrier: BarrierId,
}

const NOT_YET: Ticks = Ticks::MIN;

/// All barriers of an iteration.
pub(super) struct Barriers {
    ranks: usize,
    latency: Ticks,
    /// First barrier of each op; ops without barriers have an empty range.
    first: Vec<u32>,
    arrivals: Vec<Ticks>,
    arrived: Vec<u8>,
    /// Released since [`Barriers::take_released`].
    released: Vec<Release>,
}

impl Barriers {
    /// For ops that have `blocks(op)` blocks with barriers (0: none). A flag takes `latency` from rank to rank.
    pub(super) fn new(ranks: usize, latency: Ticks, blocks: impl Iterator<Item = u32>) -> Self {
        let mut first = vec![0];
        let mut total = 0;
        for blocks in blocks {
            total += 2 * blocks;
            first.push(total);
        }
        let total = total as usize;
        let arrivals = vec![NOT_YET; total * ranks];
        Self { ranks, latency, first, arrivals, arrived: vec![0; total], released: Vec::new() }
    }

    /// A rank arrives. When it is the last one, the release of every rank is known.
    pub(super) fn arrive(&mut self, barrier: BarrierId, rank: u16, at: Ticks) {
        let index = self.index(barrier);
        let row = index * self.ranks..(index + 1) * self.ranks;
        self.arrivals[row.start + usize::from(rank)] = at;
        self.arrived[index] += 1;
        if usize::from(self.arrived[index]) == self.ranks {
            let arrivals = &self.arrivals[row];
            for (rank, &own) in arrivals.iter().enumerate() {
                let at = own.max(last_of_others(arrivals, rank) + self.latency);
                self.released.push(Release { rank: rank as u16, at, barrier });
            }
        }
    }

    /// Whether a rank has arrived.
    pub(super) fn has_arrived(&self, barrier: BarrierId, rank: usize) -> bool {
        self.arrivals[self.index(barrier) * self.ranks + rank] != NOT_YET
    }

    /// A release that has not been taken yet.
    pub(super) fn take_released(&mut self) -> Option<Release> {
        self.released.pop()
    }

    fn index(&self, barrier: BarrierId) -> usize {
        let side = u32::from(barrier.side == Side::Exit);
        (self.first[barrier.op.index()] + 2 * barrier.block + side) as usize
    }
}

/// The latest arrival of the other ranks; a single rank meets a peer that is exactly on time.
fn last_of_others(arrivals: &[Ticks], rank: usize) -> Ticks {
    let others = arrivals.iter().enumerate().filter(|&(other, _)| other != rank);
    others.map(|(_, &at)| at).max().unwrap_or(arrivals[rank])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_rank_makes_the_others_wait_and_does_not_wait_itself() {
        let mut barriers = Barriers::new(3, 10, [1].into_iter());
        let barrier = BarrierId { op: OpId(0), block: 0, side: Side::Entry };
        for (rank, at) in [(0, 100), (2, 100), (1, 500)] {
            assert!(barriers.take_released().is_none());
            barriers.arrive(barrier, rank, at);
        }
        let mut released: Vec<_> = std::iter::from_fn(|| barriers.take_released()).collect();
        released.sort_by_key(|release| release.rank);
        assert_eq!(released.iter().map(|release| release.at).collect::<Vec<_>>(), [510, 500, 510]);
    }
}
