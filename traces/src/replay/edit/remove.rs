//! Ops taken out: what waited for them waits for what they waited for.

use crate::replay::{HostStep, OpIndex, Replay, Wait};

/// What stands for an op that goes.
#[derive(Clone, Debug, Default)]
struct Heirs {
    /// Ops that stay, in old numbers.
    ops: Vec<OpIndex>,
    /// Where there are none: from when what comes behind it may begin.
    from_ns: Option<i64>,
}

/// Takes ops out. What waited for one waits for `instead` where that names an op, else for all that the op itself waited for.
/// A call that launched nothing else is taken out of the host's time.
pub(super) fn remove(replay: &mut Replay, gone: &[bool], instead: &[Option<OpIndex>]) {
    let places = Places::of(replay);
    let heirs = heirs(replay, gone, instead, &places);
    shorten_host(replay, gone);
    hand_on(replay, gone, &places);
    begin(replay, gone, &heirs);
    let mut new = vec![OpIndex::MAX; replay.ops.len()];
    let mut next = 0;
    for (at, gone) in gone.iter().enumerate() {
        if !gone {
            new[at] = next;
            next += 1;
        }
    }
    for op in 0..replay.ops.len() {
        let waits = std::mem::take(&mut replay.ops[op].waits);
        replay.ops[op].waits = inherited(&waits, gone, &heirs, &new, op as OpIndex);
    }
    for steps in &mut replay.host {
        for step in steps.iter_mut().filter(|step| step.waits.is_some()) {
            let waits: Vec<Wait> = step.waits.into_iter().collect();
            let mut left = inherited(&waits, gone, &heirs, &new, OpIndex::MAX);
            step.waits = left.pop();
        }
    }
    for stream in &mut replay.streams {
        stream.ops.retain(|&op| !gone[op as usize]);
        stream.ops.iter_mut().for_each(|op| *op = new[*op as usize]);
    }
    let mut at = 0;
    replay.ops.retain(|_| {
        at += 1;
        !gone[at - 1]
    });
    for members in &mut replay.groups {
        members.retain(|&op| !gone[op as usize]);
        members.iter_mut().for_each(|op| *op = new[*op as usize]);
    }
}

/// Where each op stands on its stream.
struct Places(Vec<(usize, u32)>);

impl Places {
    fn of(replay: &Replay) -> Self {
        let mut places = vec![(0, 0); replay.ops.len()];
        for (index, stream) in replay.streams.iter().enumerate() {
            for (&op, at) in stream.ops.iter().zip(0..) {
                places[op as usize] = (index, at);
            }
        }
        Self(places)
    }

    /// Keeps the last of each stream: those before it are done by then.
    fn keep_last<T>(&self, all: &mut Vec<T>, op: impl Fn(&T) -> OpIndex) {
        let place = |it: &T| self.0[op(it) as usize];
        all.sort_by_key(|it| std::cmp::Reverse(place(it)));
        all.dedup_by_key(|it| place(it).0);
    }
}

/// What stands for each op that goes. Where it waited for nothing but others that go, the first of them began when it did.
fn heirs(
    replay: &Replay,
    gone: &[bool],
    instead: &[Option<OpIndex>],
    places: &Places,
) -> Vec<Heirs> {
    let before = replay.before();
    let mut heirs = vec![Heirs::default(); replay.ops.len()];
    let mut order: Vec<usize> = (0..replay.ops.len()).filter(|&op| gone[op]).collect();
    order.sort_by_key(|&op| (replay.ops[op].recorded.start_ns, op));
    for op in order {
        let waits = replay.ops[op].waits.iter().map(|wait| wait.op).chain(before[op]);
        let producers: Vec<OpIndex> = match instead[op] {
            Some(instead) => vec![instead],
            None => waits.collect(),
        };
        let (mut left, mut from_ns) = (Vec::new(), None);
        for producer in producers {
            if gone[producer as usize] {
                let heirs = &heirs[producer as usize];
                left.extend_from_slice(&heirs.ops);
                from_ns = from_ns.max(heirs.from_ns);
            } else {
                left.push(producer);
            }
        }
        places.keep_last(&mut left, |op| *op);
        let own_ns = || replay.ops[op].not_before_ns.unwrap_or(replay.ops[op].recorded.start_ns);
        let from_ns = left.is_empty().then(|| from_ns.unwrap_or_else(own_ns));
        heirs[op] = Heirs { ops: left, from_ns };
    }
    heirs
}

/// An op that is left with nothing to wait for begins no sooner than those could that it waited for.
fn begin(replay: &mut Replay, gone: &[bool], heirs: &[Heirs]) {
    for stream in &replay.streams {
        let went = stream.ops.iter().take_while(|&&op| gone[op as usize]);
        let Some(&first) = stream.ops.get(went.clone().count()) else { continue };
        let known = &replay.ops[first as usize];
        let waits = known.waits.iter().map(|wait| &wait.op);
        let (mut is_left, mut from_ns) = (known.launch.is_some(), known.not_before_ns);
        for &op in waits.chain(went) {
            let heirs = &heirs[op as usize];
            is_left |= !gone[op as usize] || heirs.ops.iter().any(|&heir| heir != first);
            from_ns = from_ns.max(heirs.from_ns);
        }
        if !is_left {
            replay.ops[first as usize].not_before_ns = from_ns;
        }
    }
}

/// What an op waited for, the next that stays on its stream waits for: it came behind it.
fn hand_on(replay: &mut Replay, gone: &[bool], places: &Places) {
    for stream in &replay.streams {
        let mut left: Vec<Wait> = Vec::new();
        for &op in &stream.ops {
            let waits = &mut replay.ops[op as usize].waits;
            if gone[op as usize] {
                left.extend_from_slice(waits);
                places.keep_last(&mut left, |wait| wait.op);
            } else {
                waits.append(&mut left);
            }
        }
    }
}

/// Waits in new numbers.
fn inherited(
    waits: &[Wait],
    gone: &[bool],
    heirs: &[Heirs],
    new: &[OpIndex],
    own: OpIndex,
) -> Vec<Wait> {
    let mut left: Vec<Wait> = Vec::new();
    for wait in waits {
        let stays = [wait.op];
        let producers: &[OpIndex] = match gone[wait.op as usize] {
            true => &heirs[wait.op as usize].ops,
            false => &stays,
        };
        for &producer in producers.iter().filter(|&&producer| producer != own) {
            let wait = Wait { op: new[producer as usize], ..*wait };
            if !left.iter().any(|known| known.op == wait.op) {
                left.push(wait);
            }
        }
    }
    left
}

/// Takes the calls that launched only what goes out of the time from step to step.
fn shorten_host(replay: &mut Replay, gone: &[bool]) {
    let none = |steps: &Vec<HostStep>| vec![[false; 2]; steps.len()];
    let mut launches: Vec<Vec<[bool; 2]>> = replay.host.iter().map(none).collect();
    for (op, known) in replay.ops.iter().enumerate() {
        if let Some(launch) = known.launch {
            launches[known.rank][launch.step as usize][usize::from(gone[op])] = true;
        }
    }
    for (steps, launches) in replay.host.iter_mut().zip(launches) {
        for at in 0..steps.len().saturating_sub(1) {
            if launches[at] == [false, true] && steps[at].waits.is_none() {
                let spared_ns = steps[at].takes_ns.min(steps[at + 1].after_ns.max(0));
                steps[at + 1].after_ns -= spared_ns;
                steps[at].takes_ns = 0;
            }
        }
    }
}
