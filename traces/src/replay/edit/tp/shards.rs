//! Which ops work on a shard: between two collectives, from the first product on. The product whose result is communicated sums over a
//! shard, the ones before have a shard of columns; norms and what else stands before the first product work on all of every row.

use crate::model::Kind;
use crate::replay::edit::comm::is_comm;
use crate::replay::{OpIndex, Replay, Stream};

/// What becomes of an op with another degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Shard {
    /// It is the same on every rank.
    Replicated,
    /// It has fewer columns, or heads, or elements.
    Columns,
    /// It sums over fewer.
    Depth,
    /// It communicates.
    Communicates,
    /// What it works on is not known.
    Unknown,
}

impl Shard {
    /// Its work is that of a shard.
    pub(super) fn shrinks(self) -> bool {
        matches!(self, Self::Columns | Self::Depth)
    }
}

/// By op.
pub(super) fn of(replay: &Replay) -> Vec<Shard> {
    let ends = block_ends(replay);
    let mut shards = vec![Shard::Unknown; replay.ops.len()];
    for stream in &replay.streams {
        of_stream(replay, stream, &ends, &mut shards);
    }
    shards
}

fn of_stream(replay: &Replay, stream: &Stream, ends: &[bool], shards: &mut [Shard]) {
    let (mut is_sharded, mut product) = (false, None);
    for &op in &stream.ops {
        let kind = replay.ops[op as usize].kind;
        let is_end = is_comm(kind) || ends[op as usize];
        shards[op as usize] = match kind {
            _ if is_comm(kind) => Shard::Communicates,
            Kind::Gemm => {
                product = Some(op);
                is_sharded = true;
                Shard::Columns
            }
            Kind::Attention => {
                is_sharded = true;
                Shard::Columns
            }
            Kind::Norm | Kind::Elementwise if is_sharded => Shard::Columns,
            Kind::Norm | Kind::Elementwise => Shard::Replicated,
            _ => Shard::Unknown,
        };
        if is_end {
            is_sharded = false;
            if let Some(last) = product.take() {
                shards[last as usize] = Shard::Depth;
            }
        }
    }
}

/// What collectives of other streams wait for; where nothing says what one waits for, what had ended last before it.
fn block_ends(replay: &Replay) -> Vec<bool> {
    let mut ends = vec![false; replay.ops.len()];
    let mut by_end: Vec<Vec<OpIndex>> = vec![Vec::new(); replay.ranks.len()];
    for (op, known) in replay.ops.iter().enumerate().filter(|(_, op)| op.kind.is_compute()) {
        by_end[known.rank].push(op as OpIndex);
    }
    let end_ns = |op: OpIndex| replay.ops[op as usize].recorded.end_ns;
    by_end.iter_mut().for_each(|ops| ops.sort_by_key(|&op| end_ns(op)));
    let computes: Vec<bool> = replay
        .streams
        .iter()
        .map(|stream| stream.ops.iter().any(|&op| replay.ops[op as usize].kind.is_compute()))
        .collect();
    for comm in replay.ops.iter().filter(|op| is_comm(op.kind) && !computes[op.stream]) {
        let awaited = comm.waits.iter().map(|wait| wait.op);
        let mut awaited = awaited.filter(|&op| !is_comm(replay.ops[op as usize].kind)).peekable();
        if awaited.peek().is_none() {
            let ops = &by_end[comm.rank];
            let upto = ops.partition_point(|&op| end_ns(op) <= comm.recorded.start_ns);
            ops[..upto].last().into_iter().for_each(|&op| ends[op as usize] = true);
        }
        awaited.for_each(|op| ends[op as usize] = true);
    }
    ends
}
