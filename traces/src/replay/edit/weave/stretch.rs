//! Where a rank's iterations alternate between computing and communicating.

use std::collections::HashSet;

use crate::replay::edit::comm::is_comm;
use crate::replay::{OpIndex, Replay};

/// Blocks of one rank that follow one another within one iteration.
pub(super) struct Stretch {
    pub(super) rank: usize,
    /// The stream that computes.
    pub(super) stream: usize,
    pub(super) blocks: Vec<Block>,
    /// The op before it on that stream.
    pub(super) previous: Option<OpIndex>,
    /// The op behind it on that stream.
    pub(super) next: Option<OpIndex>,
    inside: HashSet<OpIndex>,
}

/// Ops that compute, then what communicates their results; of the last there may be nothing to communicate.
#[derive(Default)]
pub(super) struct Block {
    pub(super) compute: Vec<OpIndex>,
    pub(super) comm: Vec<OpIndex>,
}

impl Stretch {
    /// Whether an op, or the op of which it is a part, is of the stretch.
    pub(super) fn contains(&self, op: OpIndex) -> bool {
        self.inside.contains(&op)
    }
}

/// The stretches of every rank and pass: from its first to its last op within layers, on the stream with most of them.
pub(super) fn find(replay: &Replay) -> Result<Vec<Stretch>, String> {
    let mut all = Vec::new();
    for rank in 0..replay.ranks.len() {
        let in_layers = |stream: &&crate::replay::Stream| {
            let is_in = |op: &&OpIndex| {
                let op = &replay.ops[**op as usize];
                op.place.layer.is_some() && op.kind.is_compute()
            };
            stream.ops.iter().filter(is_in).count()
        };
        let streams = replay.streams.iter().enumerate().filter(|(_, stream)| stream.rank == rank);
        let main = streams.max_by_key(|(_, stream)| in_layers(stream));
        let Some((stream, main)) = main.filter(|(_, stream)| in_layers(stream) > 0) else {
            return Err(format!(
                "where layers begin and end is not known of rank {}",
                replay.ranks[rank]
            ));
        };
        all.extend(of_rank(replay, rank, stream, &main.ops));
    }
    if all.iter().all(|stretch| stretch.blocks.len() < 2) {
        return Err(
            "within layers nothing communicates between one computation and the next".to_owned()
        );
    }
    Ok(all)
}

fn of_rank(replay: &Replay, rank: usize, stream: usize, main: &[OpIndex]) -> Vec<Stretch> {
    // A pass and an iteration together: labels know iterations, the order of kernels passes.
    let of = |op: OpIndex| {
        let op = &replay.ops[op as usize];
        (op.iteration, op.place.pass)
    };
    let streams = replay.streams.iter().filter(|stream| stream.rank == rank);
    let ops = streams.flat_map(|stream| stream.ops.iter().copied());
    let mut comm: Vec<OpIndex> = ops.filter(|&op| is_comm(replay.ops[op as usize].kind)).collect();
    comm.sort_by_key(|&op| replay.ops[op as usize].recorded.start_ns);
    let mut stretches = Vec::new();
    let mut at = 0;
    while at < main.len() {
        let known = &replay.ops[main[at] as usize];
        if known.place.layer.is_none() {
            at += 1;
            continue;
        }
        let of_first = of(main[at]);
        let is_inside = |op: OpIndex| replay.ops[op as usize].place.layer.is_some();
        // What stands between layers goes along; another pass ends it.
        let behind = main[at..].iter().take_while(|&&op| match is_inside(op) {
            true => of(op) == of_first,
            false => of(op).0 == of_first.0,
        });
        let inside = behind.enumerate().filter(|&(_, &op)| is_inside(op));
        let len = inside.last().map_or(1, |(last, _)| last + 1);
        stretches.push(stretch(replay, (rank, stream), main, at..at + len, &comm));
        at += len;
    }
    stretches
}

fn stretch(
    replay: &Replay,
    (rank, stream): (usize, usize),
    main: &[OpIndex],
    range: std::ops::Range<usize>,
    comm: &[OpIndex],
) -> Stretch {
    let start_ns = |op: OpIndex| replay.ops[op as usize].recorded.start_ns;
    let first = main[range.start];
    let previous = range.start.checked_sub(1).map(|at| main[at]);
    let next = main.get(range.end).copied();
    let mut blocks = vec![Block::default()];
    // Up to the next op that computes: what the last block communicates.
    let until_ns = next.map_or(i64::MAX, start_ns);
    let from = comm.partition_point(|&op| start_ns(op) < start_ns(first));
    let mut comm =
        comm[from..].iter().copied().take_while(|&op| start_ns(op) < until_ns).peekable();
    let computing =
        main[range].iter().copied().filter(|&op| !is_comm(replay.ops[op as usize].kind));
    for op in computing {
        while let Some(between) = comm.next_if(|&other| start_ns(other) < start_ns(op)) {
            blocks.last_mut().expect("there is one").comm.push(between);
        }
        let block = blocks.last_mut().expect("there is one");
        if block.comm.is_empty() {
            block.compute.push(op);
        } else {
            blocks.push(Block { compute: vec![op], comm: Vec::new() });
        }
    }
    // Behind the last op only what is known to belong there.
    let of_layers = comm.filter(|&op| replay.ops[op as usize].place.layer.is_some());
    blocks.last_mut().expect("there is one").comm.extend(of_layers);
    let ops = blocks.iter().flat_map(|block| block.compute.iter().chain(&block.comm));
    let inside = ops.copied().collect();
    Stretch { rank, stream, blocks, previous, next, inside }
}
