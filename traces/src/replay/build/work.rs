//! What each op takes by itself.

use crate::model::Span;
use crate::replay::contention::Active;
use crate::replay::{Contention, OpIndex, Replay, ReplayOp};

/// Something begins or ends on a rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    End,
    /// A collective's last rank has arrived.
    Moves,
    Start,
}

/// Takes out of every op's time what ran beside it, as [`Contention`] has it: running it again beside the same takes the same.
pub(super) fn find(replay: &mut Replay) {
    let moves: Vec<i64> = replay.ops.iter().map(|op| moves_ns(replay, op)).collect();
    let mut changes: Vec<(usize, i64, Change, OpIndex)> = Vec::with_capacity(3 * replay.ops.len());
    for (index, op) in replay.ops.iter().enumerate() {
        let Span { start_ns, end_ns } = op.recorded;
        let index = index as OpIndex;
        changes.push((op.rank, start_ns, Change::Start, index));
        changes.push((op.rank, moves[index as usize], Change::Moves, index));
        changes.push((op.rank, end_ns, Change::End, index));
    }
    changes.sort_unstable();
    let mut sweep = Sweep::new(replay.contention);
    let mut rank = usize::MAX;
    for (of_rank, at_ns, change, op) in changes {
        if of_rank != rank {
            rank = of_rank;
            sweep = Sweep::new(replay.contention);
        }
        sweep.upto(at_ns, &mut replay.ops);
        sweep.take(change, op, &replay.ops[op as usize]);
    }
}

/// When an op began to make progress: of a collective when its last rank had arrived.
fn moves_ns(replay: &Replay, op: &ReplayOp) -> i64 {
    let members = op.group.map(|group| &replay.groups[group as usize]);
    let latest = members.and_then(|members| {
        members.iter().map(|&member| replay.ops[member as usize].recorded.start_ns).max()
    });
    latest.unwrap_or(op.recorded.start_ns).clamp(op.recorded.start_ns, op.recorded.end_ns)
}

struct Sweep {
    contention: Contention,
    active: Active,
    moving: Vec<OpIndex>,
    at_ns: i64,
}

impl Sweep {
    fn new(contention: Contention) -> Self {
        Self { contention, active: Active::default(), moving: Vec::new(), at_ns: i64::MIN }
    }

    fn upto(&mut self, at_ns: i64, ops: &mut [ReplayOp]) {
        if at_ns > self.at_ns && !self.moving.is_empty() {
            let ns = (at_ns - self.at_ns) as f64;
            for &op in &self.moving {
                let op = &mut ops[op as usize];
                op.work_ns += ns * self.contention.speed(op.kind, self.active);
            }
        }
        self.at_ns = at_ns;
    }

    fn take(&mut self, change: Change, index: OpIndex, op: &ReplayOp) {
        // What is empty never runs.
        if op.recorded.is_empty() {
            return;
        }
        match change {
            Change::Start => self.active.hold(op.held_sms),
            Change::Moves => {
                self.active.begin(op.kind);
                self.moving.push(index);
            }
            Change::End => {
                self.active.end(op.kind);
                self.active.release(op.held_sms);
                self.moving.retain(|&other| other != index);
            }
        }
    }
}
