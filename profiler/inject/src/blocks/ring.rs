//! Room for records, a stretch a launch, given out in order.

use std::{collections::VecDeque, ops::Range};

/// Where the records lie. Positions count up for ever; the memory behind them comes round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Device address of the first record.
    pub base: u64,
    /// Records.
    pub capacity: u64,
}

impl Layout {
    /// Device address of a position.
    pub fn address(self, position: u64) -> u64 {
        self.base + position % self.capacity * super::record::BYTES as u64
    }

    /// The stretches of memory between two positions, as record numbers: one, or two where they come round.
    pub fn stretches(self, range: Range<u64>) -> impl Iterator<Item = Range<u64>> + use<> {
        let capacity = self.capacity;
        let (first, count) = (range.start % capacity, (range.end - range.start).min(capacity));
        let until_end = count.min(capacity - first);
        [first..first + until_end, 0..count - until_end]
            .into_iter()
            .filter(|stretch| !stretch.is_empty())
    }
}

/// What is given out of it.
#[derive(Debug)]
pub struct Ring {
    layout: Layout,
    /// What was given out, in order, and whether it was given back: threads give back in no order.
    out: VecDeque<(Region, bool)>,
    head: u64,
}

/// Room for the records of one launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Position of its first record.
    pub at: u64,
    /// Records.
    pub records: u32,
}

impl Region {
    /// Position behind its last record.
    pub fn end(self) -> u64 {
        self.at + u64::from(self.records)
    }
}

impl Ring {
    /// All of it free.
    pub fn new(layout: Layout) -> Self {
        Self { layout, out: VecDeque::new(), head: 0 }
    }

    /// Where the records lie.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// End of what was given out.
    pub fn head(&self) -> u64 {
        self.head
    }

    /// Everything before this was given back.
    pub fn tail(&self) -> u64 {
        self.out.front().map_or(self.head, |(region, _)| region.at)
    }

    /// Room for as many records side by side, from a multiple of `align` on, which divides the capacity; `None` when there
    /// is none until more was given back.
    pub fn take(&mut self, records: u32, align: u64) -> Option<Region> {
        let (wanted, capacity) = (u64::from(records), self.layout.capacity);
        let mut at = self.head.next_multiple_of(align);
        let left_to_end = capacity - at % capacity;
        // A launch's records lie side by side: what is left at the end is passed over.
        if left_to_end < wanted {
            at += left_to_end;
        }
        let is_free = self.out.is_empty() || at + wanted <= self.tail() + capacity;
        if wanted > capacity || !is_free {
            return None;
        }
        self.head = at + wanted;
        let region = Region { at, records };
        self.out.push_back((region, false));
        Some(region)
    }

    /// Takes back what was given out. What lies there must be zero again.
    pub fn give_back(&mut self, region: Region) {
        if let Ok(index) = self.out.binary_search_by_key(&region.at, |(known, _)| known.at) {
            self.out[index].1 = true;
        }
        while let Some((_, true)) = self.out.front() {
            self.out.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_launch_lies_side_by_side() {
        let mut ring = Ring::new(Layout { base: 1000, capacity: 10 });
        let first = ring.take(6, 1).unwrap();
        assert_eq!(first, Region { at: 0, records: 6 });
        assert_eq!(ring.take(6, 1), None);
        ring.give_back(first);
        // Four are left at the end, too few: they are passed over.
        let region = ring.take(6, 1).unwrap();
        assert_eq!((region.at, ring.layout().address(region.at)), (10, 1000));
        assert_eq!(ring.take(11, 1), None);
    }

    #[test]
    fn what_is_given_back_early_waits_for_what_lies_before_it() {
        let mut ring = Ring::new(Layout { base: 0, capacity: 10 });
        let (first, second) = (ring.take(4, 1).unwrap(), ring.take(4, 1).unwrap());
        ring.give_back(second);
        assert_eq!((ring.tail(), ring.take(4, 1)), (0, None));
        ring.give_back(first);
        assert_eq!((ring.tail(), ring.head()), (8, 8));
        assert!(ring.take(4, 1).is_some());
    }

    #[test]
    fn a_stretch_that_comes_round_is_two() {
        let ring = Layout { base: 0, capacity: 10 };
        assert_eq!(ring.stretches(7..13).collect::<Vec<_>>(), [7..10, 0..3]);
        assert_eq!(ring.stretches(20..25).collect::<Vec<_>>(), vec![0..5]);
        assert_eq!(ring.stretches(5..5).count(), 0);
    }

    proptest! {
        /// Against a list of who owns which record: nobody is given what another still has.
        #[test]
        fn no_record_has_two_owners(
            steps in proptest::collection::vec((1_u32..40, 0_usize..6, any::<bool>()), 1..200),
        ) {
            let mut ring = Ring::new(Layout { base: 0, capacity: 64 });
            let mut owners = [None; 64];
            let mut live: Vec<Region> = Vec::new();
            for (number, (records, which, is_aligned)) in steps.into_iter().enumerate() {
                // Half of the steps give one of the oldest back, in no order.
                if which >= 3 {
                    if let Some(index) = live.len().checked_sub(1).map(|last| last.min(which - 3)) {
                        let region = live.remove(index);
                        for position in region.at..region.end() {
                            owners[(position % 64) as usize] = None;
                        }
                        ring.give_back(region);
                    }
                    continue;
                }
                let align = if is_aligned { 16 } else { 1 };
                if let Some(region) = ring.take(records, align) {
                    prop_assert_eq!(region.at % align, 0);
                    prop_assert!(ring.layout().address(region.at) / 32 + u64::from(records) <= 64);
                    for position in region.at..region.end() {
                        let owner = &mut owners[(position % 64) as usize];
                        prop_assert_eq!(*owner, None);
                        *owner = Some(number);
                    }
                    live.push(region);
                } else {
                    // An empty ring takes whatever fits.
                    prop_assert!(!live.is_empty());
                }
            }
        }
    }
}
