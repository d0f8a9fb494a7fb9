//! The host launches a block for each part: twice as many calls. The second of two comes as long after the call before it as
//! the first, but no longer than calls that launch the same usually do: where the host hesitated once, it would not twice.

use std::collections::HashMap;

use super::stretch::Stretch;
use crate::replay::edit::host::usual_gaps_ns;
use crate::replay::{HostStep, Launch, OpIndex, Replay};

/// Doubles the host's steps of every block. Where one call launches more than a block (a graph), it launches both parts.
pub(super) fn double(replay: &mut Replay, stretches: &[Stretch], second: &[Option<OpIndex>]) {
    for rank in 0..replay.host.len() {
        let mut block_of: HashMap<u32, usize> = HashMap::new();
        let mut launched: HashMap<u32, Vec<OpIndex>> = HashMap::new();
        let mut is_shared = false;
        let blocks = stretches.iter().filter(|stretch| stretch.rank == rank);
        for (at, block) in blocks.flat_map(|stretch| &stretch.blocks).enumerate() {
            for &op in block.compute.iter().chain(&block.comm) {
                let Some(launch) = replay.ops[op as usize].launch else { continue };
                is_shared |= *block_of.entry(launch.step).or_insert(at) != at;
                launched.entry(launch.step).or_default().push(op);
            }
        }
        if !is_shared {
            of_rank(replay, rank, &block_of, &launched, second);
        }
    }
}

fn of_rank(
    replay: &mut Replay,
    rank: usize,
    block_of: &HashMap<u32, usize>,
    launched: &HashMap<u32, Vec<OpIndex>>,
    second: &[Option<OpIndex>],
) {
    let usual_ns = usual_gaps_ns(replay, rank);
    let old = std::mem::take(&mut replay.host[rank]);
    let mut new: Vec<HostStep> = Vec::with_capacity(2 * old.len());
    let mut moved: Vec<u32> = vec![0; old.len()];
    let mut at = 0;
    while at < old.len() {
        let block = block_of.get(&(at as u32));
        let same = |step: &usize| block.is_some() && block_of.get(&(*step as u32)) == block;
        let end = (at + 1..old.len()).take_while(same).last().map_or(at + 1, |last| last + 1);
        for step in at..end {
            moved[step] = new.len() as u32;
            new.push(old[step]);
        }
        if block.is_some() {
            for step in at..end {
                for &op in launched.get(&(step as u32)).into_iter().flatten() {
                    if let Some(other) = second[op as usize]
                        && let Some(launch) = &mut replay.ops[other as usize].launch
                    {
                        // Told apart from steps that are still to be moved by being beyond all of them.
                        *launch = Launch { step: (old.len() + new.len()) as u32, ..*launch };
                    }
                }
                let after_ns = old[step].after_ns.min(usual_ns[step]);
                new.push(HostStep { waits: None, after_ns, ..old[step] });
            }
        }
        at = end;
    }
    for op in replay.ops.iter_mut().filter(|op| op.rank == rank) {
        if let Some(launch) = &mut op.launch {
            launch.step = match moved.get(launch.step as usize) {
                Some(&step) => step,
                None => launch.step - old.len() as u32,
            };
        }
    }
    replay.host[rank] = new;
}
