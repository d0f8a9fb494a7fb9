//! Tokens cut in two, as two-batch overlap and TokenWeave run them.
//!
//! Between two collectives a rank computes a block of ops. A block becomes two, one a part of the tokens, one behind the other
//! on the compute stream; each part's collective runs on a stream of its own behind its block, beside the other part's block; the
//! part's next block waits for it. Where that stretch begins and ends tells the [`structure`](crate::analysis::structure())
//! of the rank: embedding, logits and whatever else stands outside layers remain whole.

mod halves;
mod steps;
mod stretch;

use std::collections::{BTreeMap, HashMap};

use super::comm::{NO_COMM, is_comm};
use crate::model::Split;
use crate::replay::{OpIndex, Replay, Stream, StreamGap, Wait};
use crate::words::{counted, percent};
use halves::Halves;
use stretch::Stretch;

/// Cuts every stretch behind a share of its tokens.
pub(super) fn weave(replay: &mut Replay, share: f64) -> Result<String, String> {
    if !replay.ops.iter().any(|op| is_comm(op.kind)) {
        return Err(NO_COMM.to_owned());
    }
    if replay.ops.iter().any(|op| op.place.split != Split::Whole || op.part != Split::Whole) {
        return Err("its tokens are cut in two already".to_owned());
    }
    let stretches = stretch::find(replay)?;
    let blocks: usize = stretches.iter().map(|stretch| stretch.blocks.len()).sum();
    let mut halves = Halves::of(replay, share);
    for stretch in &stretches {
        halves.cut(stretch);
    }
    halves.join_groups()?;
    let second = halves.second;
    let mut comm_streams: Vec<Option<usize>> = vec![None; replay.ranks.len()];
    let mut placed = Placed::default();
    for stretch in &stretches {
        let comm = *comm_streams[stretch.rank].get_or_insert_with(|| own_stream(replay, stretch));
        weave_stretch(replay, stretch, &second, (comm, &mut placed));
    }
    placed.into_streams(replay, &second);
    wait_for_both(replay, &second);
    steps::double(replay, &stretches, &second);
    Ok(format!(
        "{} of ops between collectives cut behind {} of the tokens",
        counted(blocks as u64, "block"),
        percent(share)
    ))
}

/// Puts the parts of a stretch where they run.
fn weave_stretch(
    replay: &mut Replay,
    stretch: &Stretch,
    second: &[Option<OpIndex>],
    (comm, placed): (usize, &mut Placed),
) {
    let part =
        |op: OpIndex, half: usize| if half == 0 { op } else { second[op as usize].unwrap_or(op) };
    let (mut compute, mut communicate) = (Vec::new(), Vec::new());
    let mut waits: Vec<(OpIndex, OpIndex)> = Vec::new();
    let mut done: [Option<OpIndex>; 2] = [None; 2];
    for block in &stretch.blocks {
        for half in [0, 1] {
            let ops: Vec<OpIndex> = block.compute.iter().map(|&op| part(op, half)).collect();
            if let (Some(&first), Some(comm)) = (ops.first(), done[half]) {
                waits.push((first, comm));
            }
            let last = ops.last().copied().or(done[half]);
            compute.extend(ops);
            for &op in &block.comm {
                let op = part(op, half);
                waits.extend(last.map(|last| (op, last)));
                communicate.push(op);
                done[half] = Some(op);
            }
        }
    }
    let after: Vec<OpIndex> = done.into_iter().flatten().collect();
    if let Some(next) = stretch.next {
        waits.extend(after.iter().map(|&comm| (next, comm)));
    }
    if let (Some(last), Some(&first)) = (stretch.previous, communicate.first()) {
        waits.push((first, last));
    }
    let inside = |op: &OpIndex| stretch.contains(*op);
    for &op in compute.iter().chain(&communicate) {
        let known = &mut replay.ops[op as usize];
        known.waits.retain(|wait| !inside(&wait.op));
        known.stream_gap = StreamGap { is_start: false, gap_ns: replay.gaps.stream_ns };
    }
    for (op, producer) in waits {
        let wait = Wait { op: producer, is_start: false, gap_ns: replay.gaps.other_ns };
        let known = &mut replay.ops[op as usize].waits;
        if !known.contains(&wait) {
            known.push(wait);
        }
    }
    for &op in &communicate {
        replay.ops[op as usize].stream = comm;
    }
    if let Some(&first) = compute.first() {
        placed.compute.insert(first, compute);
    }
    placed.communicate.entry(comm).or_default().extend(communicate);
}

/// What stands where on streams, to be put there once.
#[derive(Default)]
struct Placed {
    /// The ops of a stretch that compute, by the first of them.
    compute: HashMap<OpIndex, Vec<OpIndex>>,
    /// By stream, what communicates.
    communicate: BTreeMap<usize, Vec<OpIndex>>,
}

impl Placed {
    fn into_streams(mut self, replay: &mut Replay, second: &[Option<OpIndex>]) {
        let is_cut = |op: OpIndex| second.get(op as usize).is_none_or(Option::is_some);
        for (index, stream) in replay.streams.iter_mut().enumerate() {
            let mut ops = Vec::with_capacity(2 * stream.ops.len());
            for op in std::mem::take(&mut stream.ops) {
                match self.compute.remove(&op) {
                    Some(compute) => ops.extend(compute),
                    None if is_cut(op) => {}
                    None => ops.push(op),
                }
            }
            if let Some(communicate) = self.communicate.remove(&index) {
                ops.extend(communicate);
                ops.sort_by_key(|&op| replay.ops[op as usize].recorded.start_ns);
            }
            stream.ops = ops;
        }
    }
}

/// The stream on which a rank's collectives run: theirs, unless they stood between the ops that compute.
fn own_stream(replay: &mut Replay, stretch: &Stretch) -> usize {
    let own = stretch.blocks.iter().flat_map(|block| &block.comm);
    let other = own.map(|&op| replay.ops[op as usize].stream).find(|&at| at != stretch.stream);
    other.unwrap_or_else(|| {
        let rank = stretch.rank;
        let of_rank = replay.streams.iter().filter(|stream| stream.rank == rank);
        let number = of_rank.map(|stream| stream.number).max().map_or(1, |most| most + 1);
        replay.streams.push(Stream { rank, number, ops: Vec::new() });
        replay.streams.len() - 1
    })
}

/// What stands outside and waited for an op that was cut waits for both of its parts.
fn wait_for_both(replay: &mut Replay, second: &[Option<OpIndex>]) {
    for op in (0..second.len()).filter(|&op| second[op].is_none()) {
        let waits = replay.ops[op].waits.clone();
        for wait in waits {
            if let Some(Some(other)) = second.get(wait.op as usize) {
                replay.ops[op].waits.push(Wait { op: *other, ..wait });
            }
        }
    }
    for step in replay.host.iter_mut().flatten() {
        if let Some(wait) = &mut step.waits
            && let Some(Some(other)) = second.get(wait.op as usize)
        {
            wait.op = *other;
        }
    }
}
