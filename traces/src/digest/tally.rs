use std::ops::AddAssign;

/// What a digest holds, and what it could not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Rows of ops.
    pub ops: u64,
    /// Rows of iterations.
    pub iterations: u64,
    /// Thread blocks summed.
    pub blocks: u64,
    /// Of them those that lie in no op of theirs: no row has their time.
    pub blocks_outside: u64,
    /// Ops that start in no iteration; their rows say no number.
    pub ops_outside: u64,
    /// Communication ops whose group is not known: ranks in other files cannot be told to be in the same collective.
    pub without_group: u64,
    /// Communication ops of which waiting is not known: the other ranks' records are not in the recordings given.
    pub unknown_waits: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        let Self {
            ops,
            iterations,
            blocks,
            blocks_outside,
            ops_outside,
            without_group,
            unknown_waits,
        } = other;
        self.ops += ops;
        self.iterations += iterations;
        self.blocks += blocks;
        self.blocks_outside += blocks_outside;
        self.ops_outside += ops_outside;
        self.without_group += without_group;
        self.unknown_waits += unknown_waits;
    }
}
