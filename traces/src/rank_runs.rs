//! Ascending ranks as runs of equal steps, of which both what is shown and what is written are made.

/// Ranks of which each is as far from the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RankRun {
    pub(crate) first: u32,
    pub(crate) last: u32,
    /// From one to the next; 1 of a single rank.
    pub(crate) step: u32,
}

impl RankRun {
    /// How many ranks it has.
    pub(crate) fn count(self) -> u32 {
        (self.last - self.first) / self.step + 1
    }

    /// Its ranks.
    pub(crate) fn ranks(self) -> impl Iterator<Item = u32> {
        (self.first..=self.last).step_by(self.step as usize)
    }
}

/// The longest runs from the first rank on. Two with a gap between them are no run.
pub(crate) fn rank_runs(ranks: &[u32]) -> Vec<RankRun> {
    let mut runs = Vec::new();
    let mut at = 0;
    while at < ranks.len() {
        let mut step = ranks.get(at + 1).map_or(1, |next| next.saturating_sub(ranks[at]).max(1));
        let mut last = at;
        while ranks.get(last + 1).is_some_and(|&next| next == ranks[last] + step) {
            last += 1;
        }
        if last < at + 2 && step > 1 {
            (last, step) = (at, 1);
        }
        runs.push(RankRun { first: ranks[at], last: ranks[last], step });
        at = last + 1;
    }
    runs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn runs_hold_every_rank_once(ranks in proptest::collection::btree_set(0..60_u32, 0..20)) {
            let ranks: Vec<u32> = ranks.into_iter().collect();
            let runs = rank_runs(&ranks);
            let again: Vec<u32> = runs.iter().flat_map(|run| run.ranks()).collect();
            prop_assert_eq!(again, ranks);
            prop_assert!(runs.iter().all(|run| run.ranks().count() == run.count() as usize));
        }
    }
}
