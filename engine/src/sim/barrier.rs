//! Where blocks of ranks meet: each waits for those of its index on all others, or for none where it sends.

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

/// How the blocks of an op meet those of the other ranks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Meeting {
    /// Blocks with barriers; 0: none.
    pub(super) blocks: u32,
    /// How much longer than a flag they take to meet at the start.
    pub(super) longer: Ticks,
    /// Each goes on by itself, as if all were there.
    pub(super) alone: bool,
}

const NOT_YET: Ticks = Ticks::MIN;

/// All barriers of an iteration.
pub(super) struct Barriers {
    ranks: usize,
    latency: Ticks,
    /// Of each op.
    meeting: Vec<Meeting>,
    /// First barrier of each op; ops without barriers have an empty range.
    first: Vec<u32>,
    arrivals: Vec<Ticks>,
    arrived: Vec<u8>,
    /// Released since [`Barriers::take_released`].
    released: Vec<Release>,
}

impl Barriers {
    /// For ops whose blocks meet so; `latency` is the time of a flag from rank to rank.
    pub(super) fn new(ranks: usize, latency: Ticks, ops: impl Iterator<Item = Meeting>) -> Self {
        let (mut first, mut meeting) = (vec![0], Vec::new());
        let mut total = 0;
        for op in ops {
            total += 2 * op.blocks;
            first.push(total);
            meeting.push(op);
        }
        let total = total as usize;
        let arrivals = vec![NOT_YET; total * ranks];
        Self {
            ranks,
            latency,
            meeting,
            first,
            arrivals,
            arrived: vec![0; total],
            released: Vec::new(),
        }
    }

    /// A rank arrives. When it is the last one, the release of every rank is known; where each goes on alone, its own is.
    pub(super) fn arrive(&mut self, barrier: BarrierId, rank: u16, at: Ticks) {
        let index = self.index(barrier);
        let row = index * self.ranks..(index + 1) * self.ranks;
        self.arrivals[row.start + usize::from(rank)] = at;
        self.arrived[index] += 1;
        let meeting = self.meeting[barrier.op.index()];
        let longer = match barrier.side {
            Side::Entry => meeting.longer,
            Side::Exit => 0,
        };
        if meeting.alone {
            self.released.push(Release { rank, at: at + self.latency + longer, barrier });
            return;
        }
        if usize::from(self.arrived[index]) == self.ranks {
            let arrivals = &self.arrivals[row];
            for (rank, &own) in arrivals.iter().enumerate() {
                let at = own.max(last_of_others(arrivals, rank) + self.latency) + longer;
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

    fn met(alone: bool) -> impl Iterator<Item = Meeting> {
        std::iter::once(Meeting { blocks: 1, longer: 0, alone })
    }

    #[test]
    fn who_sends_waits_for_nobody() {
        let mut barriers = Barriers::new(3, 10, met(true));
        let barrier = BarrierId { op: OpId(0), block: 0, side: Side::Entry };
        for (rank, at) in [(2, 500), (0, 100)] {
            barriers.arrive(barrier, rank, at);
            let released = barriers.take_released().expect("it goes on");
            assert_eq!((released.rank, released.at), (rank, at + 10));
            assert!(barriers.take_released().is_none());
        }
    }

    #[test]
    fn a_late_rank_makes_the_others_wait_and_does_not_wait_itself() {
        let mut barriers = Barriers::new(3, 10, met(false));
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
