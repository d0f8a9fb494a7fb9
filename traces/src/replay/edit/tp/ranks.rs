//! Ranks added, each like one that is there, or removed.

use crate::replay::edit::remove::remove;
use crate::replay::{OpIndex, Replay, Stream, Wait};

/// Leaves the first `count` ranks, or adds copies of those that there are in turn. Every collective is then of all of them.
pub(super) fn resize(replay: &mut Replay, count: usize) {
    let recorded = replay.ranks.len();
    if count < recorded {
        shrink(replay, count);
    }
    for new in recorded..count {
        add_like(replay, new % recorded);
    }
}

fn shrink(replay: &mut Replay, count: usize) {
    let gone: Vec<bool> = replay.ops.iter().map(|op| op.rank >= count).collect();
    remove(replay, &gone, &vec![None; gone.len()]);
    let mut place = Vec::with_capacity(replay.streams.len());
    let mut left = 0;
    for stream in &replay.streams {
        place.push(left);
        left += usize::from(stream.rank < count);
    }
    replay.ops.iter_mut().for_each(|op| op.stream = place[op.stream]);
    replay.streams.retain(|stream| stream.rank < count);
    replay.ranks.truncate(count);
    replay.host.truncate(count);
    replay.iterations.truncate(count);
}

fn add_like(replay: &mut Replay, like: usize) {
    let rank = replay.ranks.len();
    let number = replay.ranks.iter().max().map_or(0, |most| most + 1);
    replay.ranks.push(number);
    replay.iterations.push(replay.iterations[like].clone());
    let mut copies: Vec<Option<OpIndex>> = vec![None; replay.ops.len()];
    let own = (0..copies.len()).filter(|&op| replay.ops[op].rank == like);
    for (new, op) in (replay.ops.len() as OpIndex..).zip(own) {
        copies[op] = Some(new);
    }
    let copied = |op: OpIndex| copies[op as usize].unwrap_or(op);
    let moved = |wait: &Wait| Wait { op: copied(wait.op), ..*wait };
    let streams: Vec<usize> =
        (0..replay.streams.len()).filter(|&at| replay.streams[at].rank == like).collect();
    let first = replay.streams.len();
    for &at in &streams {
        let Stream { number, ops, .. } = &replay.streams[at];
        let ops = ops.iter().map(|&op| copied(op)).collect();
        replay.streams.push(Stream { rank, number: *number, ops });
    }
    for op in (0..copies.len()).filter(|&op| copies[op].is_some()) {
        let mut copy = replay.ops[op].clone();
        let stream = streams.iter().position(|&at| at == copy.stream).unwrap_or(0);
        (copy.rank, copy.stream) = (rank, first + stream);
        copy.waits = copy.waits.iter().map(moved).collect();
        if let Some(group) = copy.group {
            replay.groups[group as usize].push(replay.ops.len() as OpIndex);
        }
        replay.ops.push(copy);
    }
    if let Some(steps) = replay.host.get(like) {
        let mut steps = steps.clone();
        for step in &mut steps {
            step.waits = step.waits.as_ref().map(moved);
        }
        replay.host.push(steps);
    }
}
