//! The first of many rows that is free at a time, in logarithmic time: a tree of minima.

/// When each row's last slice ends.
#[derive(Clone, Debug, Default)]
pub(crate) struct FirstFree {
    /// A complete binary tree: the children of `i` are `2 i` and `2 i + 1`, the leaves are the rows, those that are not
    /// there yet never free.
    least: Vec<i64>,
    num: usize,
}

impl FirstFree {
    /// The first row whose last slice ends by then.
    pub(crate) fn at(&self, start_ns: i64) -> Option<usize> {
        if self.num == 0 || self.least[1] > start_ns {
            return None;
        }
        let leaves = self.least.len() / 2;
        let mut at = 1;
        while at < leaves {
            at = if self.least[2 * at] <= start_ns { 2 * at } else { 2 * at + 1 };
        }
        Some(at - leaves)
    }

    /// Adds a row below the others.
    pub(crate) fn push(&mut self, end_ns: i64) {
        let leaves = self.least.len() / 2;
        if self.num == leaves {
            let ends: Vec<i64> = self.least[leaves..].to_vec();
            let more = (2 * leaves).max(1);
            self.least = vec![i64::MAX; 2 * more];
            self.least[more..more + ends.len()].copy_from_slice(&ends);
            for at in (1..more).rev() {
                self.least[at] = self.least[2 * at].min(self.least[2 * at + 1]);
            }
        }
        self.num += 1;
        self.set(self.num - 1, end_ns);
    }

    /// Says when a row's last slice ends.
    pub(crate) fn set(&mut self, row: usize, end_ns: i64) {
        let mut at = self.least.len() / 2 + row;
        self.least[at] = end_ns;
        while at > 1 {
            at /= 2;
            self.least[at] = self.least[2 * at].min(self.least[2 * at + 1]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Oracle: looking at every row.
        #[test]
        fn the_first_free_row_is_found(
            steps in proptest::collection::vec((0_i64..50, 0_i64..20, any::<bool>()), 0..200),
        ) {
            let (mut tree, mut ends) = (FirstFree::default(), Vec::<i64>::new());
            for (start_ns, dur_ns, is_new) in steps {
                let found = ends.iter().position(|&end_ns| end_ns <= start_ns);
                prop_assert_eq!(tree.at(start_ns), found);
                let end_ns = start_ns + dur_ns;
                match found.filter(|_| !is_new) {
                    Some(row) => {
                        ends[row] = end_ns;
                        tree.set(row, end_ns);
                    }
                    None => {
                        ends.push(end_ns);
                        tree.push(end_ns);
                    }
                }
            }
        }
    }
}
