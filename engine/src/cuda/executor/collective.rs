//! Ops in which all ranks meet.

use weftscope_kernels::abi::Peers;

use super::{layout::Rows, rank::Rank};
use crate::{
    cuda::{
        driver::{Args, CudaError, Kernel, Shape},
        kernels::FusedForm,
    },
    plan::{Collective, Op},
};

/// Threads of the plain collectives.
const PLAIN_THREADS: u32 = 512;

/// What a collective knows of the other ranks: addresses by rank, the same on every rank but for the rank itself.
pub(super) fn peers(ranks: &[Rank]) -> Vec<Peers> {
    let mut all = Peers { ranks: ranks.len() as u32, ..Peers::default() };
    for (index, rank) in ranks.iter().enumerate() {
        all.hidden[index] = rank.act.hidden.address();
        all.pads[index] = rank.act.pads.address();
    }
    let mut each = vec![all; ranks.len()];
    for (rank, own) in each.iter_mut().enumerate() {
        own.rank = rank as u32;
    }
    each
}

/// Launches one rank's part of a collective on the op's stream.
///
/// # Errors
/// What the driver refuses.
pub(super) fn launch(
    rank: &Rank,
    peers: &Peers,
    op: &Op,
    collective: Collective,
) -> Result<(), CudaError> {
    let rows = rank.sizes.rows_of(op);
    let hidden = rank.sizes.shard.hidden;
    let tail = |args: Args| {
        args.with(op.id.0).with(rank.recording.ring_address()).with(rank.recording.error_address())
    };
    let plain = |kernel, rows: Rows| {
        let vectors = u64::from(hidden / 8);
        let args = Args::new()
            .with(*peers)
            .with(u64::from(rows.first) * vectors)
            .with(u64::from(rows.rows) * vectors);
        put(rank, op, kernel, PLAIN_THREADS, tail(args))
    };
    match collective {
        Collective::AllReduce => plain(&rank.programs.all_reduce, rows),
        // The kernels cut by vectors: whole rows go to each rank when they divide.
        Collective::ReduceScatter => {
            plain(&rank.programs.reduce_scatter, rows.in_equal_shards(peers.ranks))
        }
        Collective::AllGather => {
            plain(&rank.programs.all_gather, rows.in_equal_shards(peers.ranks))
        }
        Collective::FusedArNorm => {
            let own = rows.shard(peers.rank, peers.ranks);
            let form = FusedForm::of(op, peers.ranks, hidden, rank.device.family());
            let kernel = &rank.programs.fused[&form];
            let args = Args::new()
                .with(*peers)
                .with(rank.act.residual.address())
                .with(rank.gamma(op))
                .with(own.first)
                .with(own.rows)
                .with(form.slots)
                .with(rank.sizes.rms_eps);
            put(rank, op, kernel, form.groups * form.group_threads, tail(args))
        }
    }
}

fn put(rank: &Rank, op: &Op, kernel: &Kernel, threads: u32, args: Args) -> Result<(), CudaError> {
    // SAFETY: the arguments are the kernel's own; hidden buffers and pads of all ranks live as long as the executor,
    // and no two collectives run at one time: the plan orders them on both streams.
    unsafe { kernel.launch(rank.stream_of(op), Shape { blocks: op.grid, threads }, args) }
}
