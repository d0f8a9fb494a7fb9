//! Ranks on GPUs: each process holds some of them, and NCCL joins them by what rank 0 hands to all.

use std::{
    io::{self, Write},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use weftscope_engine::{
    cuda::{Checkpoint, CudaError, CudaExecutor, Nccl, NcclId, Share, probe, share_refusal},
    plan::Plan,
};
use weftscope_profiler::world::{StampClock, World};
use weftscope_traces::words::counted;

use super::{RankArgs, together::Who, write};
use crate::{
    cli::{Failure, Outcome, weights},
    files::TraceFormat,
};

/// Meets the others, runs, writes, and says what the ranks computed.
pub(super) fn run(
    args: &RankArgs,
    who: &Who,
    (plan, checkpoint): (&Arc<Plan>, Option<Arc<Checkpoint>>),
    output: Option<&(TraceFormat, PathBuf)>,
) -> Outcome {
    let limit = Duration::from_nanos(args.wait.ns.max(0).unsigned_abs());
    let share =
        Share { first: 0, ranks: args.gpus, world: plan.ranks, first_gpu: 0, id: [0; 128], limit };
    // Before anybody waits for anybody.
    if let Some(why) = share_refusal(plan, &share) {
        return Err(Failure::misuse(why, "--strategy"));
    }
    let is_alone = who.world == 1;
    let id = || match is_alone {
        true => Ok(Vec::new()),
        false => Nccl::new_id().map(|id| id.to_vec()).map_err(|error| error.to_string()),
    };
    let world = who.meet(args, (plan, &StampClock::new(0, 0.0)), id)?;
    let failed = |error: CudaError| Failure::failed(error, "--backend cuda");
    let first = world.place().first;
    let executor = if is_alone {
        CudaExecutor::open(plan.ranks, true)
    } else {
        let id = <NcclId>::try_from(world.blob());
        let id = id.map_err(|_| Failure::failed("rank 0 hands out no id", "weftscope rank"))?;
        let first_gpu = first_gpu(args, who, &world).map_err(failed)?;
        CudaExecutor::open_share(Share { first, first_gpu, id, ..share }, true)
    };
    let has_own = checkpoint.is_some();
    let mut executor = weights::with(executor.map_err(failed)?, checkpoint);
    if has_own {
        weights::load(&mut executor, plan)?;
    }
    write(args, (who, world), (&mut executor, plan), output)?;
    say(first, &executor.logits().map_err(failed)?)
}

/// The first of this process' GPUs among those that it sees: launchers show a process its own alone, or all of the server's.
fn first_gpu(args: &RankArgs, who: &Who, world: &World) -> Result<u32, CudaError> {
    if probe()?.gpus.len() == args.gpus as usize {
        return Ok(0);
    }
    if let Some(local_rank) = who.local_rank {
        return Ok(local_rank.saturating_mul(args.gpus));
    }
    let before = world.places().iter().take(who.rank as usize);
    let here = before.filter(|place| place.server == who.server);
    Ok(here.map(|place| place.gpus).fold(0, u32::saturating_add))
}

/// What each rank's shard of the vocabulary came to, in a number: the same run in one process says the same.
fn say(first: u32, logits: &[Vec<f32>]) -> Outcome {
    let mut out = io::stdout().lock();
    for (rank, logits) in (first..).zip(logits) {
        let count = counted(logits.len() as u64, "logit");
        writeln!(out, "rank {rank}: {count}, checksum {:016x}", checksum(logits))?;
    }
    Ok(out.flush()?)
}

/// FNV-1a over the numbers' bits.
fn checksum(numbers: &[f32]) -> u64 {
    let bytes = numbers.iter().flat_map(|number| number.to_bits().to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::checksum;

    #[test]
    fn one_bit_more_is_another_number() {
        // Of nothing FNV's own offset.
        assert_eq!(checksum(&[]), 0xcbf2_9ce4_8422_2325);
        let one = f32::from_bits(1.0_f32.to_bits() + 1);
        assert_ne!(checksum(&[1.0, 2.0]), checksum(&[one, 2.0]));
        assert_ne!(checksum(&[1.0, 2.0]), checksum(&[2.0, 1.0]));
    }
}
