//! A collective and the norm behind it as one kernel.

use super::comm::{NO_COMM, is_comm};
use super::remove::remove;
use crate::model::Kind;
use crate::replay::fixed::{MOST, PEER_NS};
use crate::replay::{OpIndex, Replay, ReplayOp, Transport};
use crate::words::counted;

/// Merges each collective with the norm that is the first to need it. In the fused kernel a rank norms its share of the tokens
/// between the two halves of the collective, so it adds the norm's time over the number of ranks. NCCL has no such kernel: it is one
/// by loads and stores to peers, with their fixed time in place of NCCL's, as fast a byte as what is recorded.
pub(super) fn fuse(replay: &mut Replay) -> Result<String, String> {
    if !replay.ops.iter().any(|op| is_comm(op.kind)) {
        return Err(NO_COMM.to_owned());
    }
    let mut next: Vec<Option<OpIndex>> = vec![None; replay.ops.len()];
    for stream in &replay.streams {
        for pair in stream.ops.windows(2) {
            next[pair[0] as usize] = Some(pair[1]);
        }
    }
    let mut waiting: Vec<Vec<OpIndex>> = vec![Vec::new(); replay.ops.len()];
    for (op, known) in replay.ops.iter().enumerate() {
        known.waits.iter().for_each(|wait| waiting[wait.op as usize].push(op as OpIndex));
    }
    let mut gone = vec![false; replay.ops.len()];
    let mut instead = vec![None; replay.ops.len()];
    let mut alone = 0;
    let comms: Vec<usize> =
        (0..replay.ops.len()).filter(|&op| is_comm(replay.ops[op].kind)).collect();
    for comm in comms {
        let behind = waiting[comm].iter().copied().chain(after(replay, &next, comm));
        let kind = |op: &OpIndex| replay.ops[*op as usize].kind;
        let Some(norm) = behind
            .filter(|op| kind(op) == Kind::Norm)
            .min_by_key(|&op| replay.ops[op as usize].recorded.start_ns)
        else {
            continue;
        };
        if std::mem::replace(&mut gone[norm as usize], true) {
            continue;
        }
        instead[norm as usize] = Some(comm as OpIndex);
        let ReplayOp { work_ns, label, .. } = replay.ops[norm as usize];
        let ranks = replay.ranks_of(&replay.ops[comm]);
        alone += u64::from(ranks < 2.0);
        let norm_ns = work_ns / ranks;
        let comm = &mut replay.ops[comm];
        comm.transport = comm.transport.map(|transport| match transport {
            Transport::Nccl => Transport::Peers,
            other => other,
        });
        (comm.has_norm, comm.fused_with) = (true, Some(label));
        let fixed_ns = comm.fixed_ns.min(MOST * comm.work_ns);
        comm.work_ns += norm_ns - fixed_ns + fixed_ns.min(PEER_NS);
        comm.fixed_ns = comm.fixed_ns.min(PEER_NS);
    }
    let count = gone.iter().filter(|gone| **gone).count();
    if count == 0 {
        return Err("no norm stands right behind a collective".to_owned());
    }
    remove(replay, &gone, &instead);
    let mut note = format!("{} fused with the norm behind", counted(count as u64, "collective"));
    if alone > 0 {
        let whole = counted(alone, "norm");
        note += &format!("; {whole} whole in it, since how many ranks share them is not recorded");
    }
    Ok(note)
}

/// The first kernel behind an op on its stream; copies and sets of memory are passed over.
fn after(replay: &Replay, next: &[Option<OpIndex>], op: usize) -> Option<OpIndex> {
    let mut at = next[op];
    while let Some(other) = at.filter(|&other| replay.ops[other as usize].kind == Kind::Memcpy) {
        at = next[other as usize];
    }
    at
}
