//! What is said at the rendezvous.

use serde::{Deserialize, Serialize};

/// What a process says first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hello {
    /// Of this program.
    pub(super) version: String,
    /// Which process it is.
    pub(super) rank: u32,
    /// How many it was told that there are.
    pub(super) world: u32,
    /// Its computer.
    pub(super) server: String,
    /// Ranks of the plan that it holds.
    pub(super) gpus: u32,
    /// What it is about to run, as a hash in 16 digits.
    pub(super) plan: String,
}

/// Where a process is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its computer.
    pub server: String,
    /// The first rank of the plan that it holds.
    pub first: u32,
    /// How many it holds.
    pub gpus: u32,
}

impl Place {
    /// The ranks of the plan that it holds.
    pub fn ranks(&self) -> std::ops::Range<u32> {
        self.first..self.first.saturating_add(self.gpus)
    }
}

/// What a process is told once everybody is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Welcome {
    /// By process.
    pub(super) places: Vec<Place>,
    /// What rank 0 hands to all, e.g. the id by which NCCL joins.
    pub(super) blob: Vec<u8>,
}

/// What a process says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum FromRank {
    Hello(Hello),
    /// What time is it with you?
    Ping,
    /// It is at the beginning of this step.
    Meet(u64),
    /// It has ended well.
    Bye,
}

/// What rank 0 says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum FromHub {
    Welcome(Welcome),
    /// They do not fit together.
    Refused(String),
    /// Its clock, ns since 1970.
    Pong(i64),
    /// All are there.
    Go,
    /// Somebody is not, and this is what is known of it.
    Broken(String),
}

/// Processes at most.
pub(super) const MOST_WORLD: u32 = 65_536;
/// Bytes of what rank 0 hands to all, at most.
pub(super) const MOST_BLOB: usize = 4_096;
/// Characters of a computer's name that are kept.
pub(super) const MOST_NAME: usize = 255;
/// Bytes of what a process says, at most.
pub(super) const MOST_FROM_RANK: usize = 4_096;

/// Bytes of what rank 0 says to one of so many processes, at most: a name may take six bytes a character.
pub(super) fn most_from_hub(world: u32) -> usize {
    65_536 + world as usize * (64 + 6 * MOST_NAME)
}
