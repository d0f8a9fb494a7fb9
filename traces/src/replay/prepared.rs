//! A recording made ready to be asked about, edit after edit.

use super::{Replay, Residual};
use crate::analysis::Ops;
use crate::words::counted;

/// What each edit is made to, and what it is off before any: made once a recording, kept from edit to edit.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// What is run again.
    pub replay: Replay,
    /// How far that is from the recording when nothing is changed.
    pub residual: Residual,
    /// Reasons to doubt the recording itself, a sentence each.
    pub caveats: Vec<String>,
}

impl Prepared {
    /// Of the gathered ops of a recording: a replay and a run of it.
    pub fn of(ops: &Ops<'_>) -> Self {
        let replay = Replay::of(ops);
        let residual = Residual::of(&replay, &replay.run());
        Self { replay, residual, caveats: ops.caveats().to_vec() }
    }

    /// What of the recording is doubtful, was not understood or was guessed, a sentence each.
    pub fn doubts(&self) -> Vec<String> {
        let Self { replay, caveats, .. } = self;
        caveats.iter().cloned().chain(replay.understood.in_words()).collect()
    }

    /// How much of the recording is run again, in a sentence without its end.
    pub fn in_words(&self) -> String {
        let Self { replay, .. } = self;
        let ranks = counted(replay.ranks.len() as u64, "rank");
        let met = counted(replay.understood.matched as u64, "collective");
        let ops = counted(replay.understood.ops as u64, "op");
        format!("{ops} of {ranks} run again, {met} matched across ranks")
    }
}
