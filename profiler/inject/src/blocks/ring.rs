//! Room for records, a stretch a launch, given out and taken back in order.

use std::ops::Range;

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
    head: u64,
    tail: u64,
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
        Self { layout, head: 0, tail: 0 }
    }

    /// Where the records lie.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Room for as many records side by side; `None` when there is none until more was taken back.
    pub fn take(&mut self, records: u32) -> Option<Region> {
        let (wanted, capacity) = (u64::from(records), self.layout.capacity);
        let left_to_end = capacity - self.head % capacity;
        // A launch's records lie side by side: what is left at the end is passed over.
        let at = if left_to_end < wanted { self.head + left_to_end } else { self.head };
        if self.head == self.tail {
            // Nothing is in use, so what is passed over need not wait for anybody.
            (self.head, self.tail) = (at, at);
        }
        if wanted > capacity || at + wanted > self.tail + capacity {
            return None;
        }
        self.head = at + wanted;
        Some(Region { at, records })
    }

    /// Takes back everything before a position. What lay there must be zero again.
    pub fn give_back(&mut self, before: u64) {
        debug_assert!(self.tail <= before && before <= self.head);
        self.tail = before.clamp(self.tail, self.head);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_launch_lies_side_by_side() {
        let mut ring = Ring::new(Layout { base: 1000, capacity: 10 });
        assert_eq!(ring.take(6), Some(Region { at: 0, records: 6 }));
        assert_eq!(ring.take(6), None);
        ring.give_back(6);
        // Four are left at the end, too few: they are passed over.
        let region = ring.take(6).unwrap();
        assert_eq!((region.at, ring.layout().address(region.at)), (10, 1000));
        assert_eq!(ring.take(11), None);
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
        fn no_record_has_two_owners(steps in proptest::collection::vec((1_u32..40, any::<bool>()), 1..200)) {
            let mut ring = Ring::new(Layout { base: 0, capacity: 64 });
            let mut owners = [None; 64];
            let mut live = VecDeque::new();
            for (number, (records, gives_back)) in steps.into_iter().enumerate() {
                if gives_back {
                    if let Some(oldest) = live.pop_front() {
                        let Region { at, .. } = oldest;
                        for position in at..Region::end(oldest) {
                            owners[(position % 64) as usize] = None;
                        }
                        ring.give_back(oldest.end());
                    }
                } else if let Some(region) = ring.take(records) {
                    prop_assert_eq!(ring.layout().address(region.at) / 32 + u64::from(records) <= 64, true);
                    for position in region.at..region.end() {
                        let owner = &mut owners[(position % 64) as usize];
                        prop_assert_eq!(*owner, None);
                        *owner = Some(number);
                    }
                    live.push_back(region);
                } else {
                    // An empty ring takes whatever fits.
                    prop_assert!(!live.is_empty());
                }
            }
        }
    }
}
