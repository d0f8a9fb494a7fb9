/// The least of a fixed set of keys, with cheap replacement.
///
/// A winner tree: the leaves are the slots of an op, every inner node is the lesser of its two children. Replacing a
/// leaf reads one sibling a level, and those addresses do not depend on the keys, so it costs a few ns where a heap
/// waits for mispredicted branches.
#[derive(Default)]
pub(super) struct WinnerTree {
    nodes: Vec<u64>,
    leaves: usize,
}

/// No block in this slot.
pub(super) const EMPTY: u64 = u64::MAX;

impl WinnerTree {
    /// Empties it and makes room for `slots` leaves.
    pub(super) fn reset(&mut self, slots: usize) {
        self.leaves = slots.next_power_of_two();
        self.nodes.clear();
        self.nodes.resize(2 * self.leaves, EMPTY);
    }

    /// The least key; [`EMPTY`] when there is none.
    pub(super) fn top(&self) -> u64 {
        self.nodes[1]
    }

    /// Sets the key of a slot.
    pub(super) fn set(&mut self, slot: usize, key: u64) {
        let mut at = self.leaves + slot;
        let mut least = key;
        self.nodes[at] = key;
        while at > 1 {
            least = least.min(self.nodes[at ^ 1]);
            at >>= 1;
            self.nodes[at] = least;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn top_is_the_least_key(
            slots in 1_usize..70,
            writes in prop::collection::vec((0_usize..70, 0_u64..1000), 1..200),
        ) {
            let mut tree = WinnerTree::default();
            tree.reset(slots);
            let mut oracle = vec![EMPTY; slots];
            for (slot, key) in writes {
                let (slot, key) = (slot % slots, if key > 900 { EMPTY } else { key });
                tree.set(slot, key);
                oracle[slot] = key;
                prop_assert_eq!(tree.top(), *oracle.iter().min().expect("not empty"));
            }
        }
    }
}
