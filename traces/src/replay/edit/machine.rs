//! The same run on another machine: GPUs and links are the other's. Host, gaps between kernels and tiles stay, since they are those of
//! the program and its libraries.

use std::sync::Arc;

use crate::model::Kind;
use crate::replay::cost::{Costed, Streaming, isolated_ns};
use crate::replay::fixed::MOST;
use crate::replay::{Contention, MachineRates, Replay, ReplayOp};
use crate::words::counted;

/// From the machine that a run was recorded on to another.
#[derive(Clone, Debug, PartialEq)]
pub struct MachineChange {
    /// The one that it was recorded on; `None` where that is not known.
    pub from: Option<Arc<MachineRates>>,
    /// The other.
    pub to: Arc<MachineRates>,
    /// Somebody said which the first is; else it was told by the recording.
    pub is_from_typed: bool,
}

/// How many ops were changed, and by what.
#[derive(Default)]
struct Counts {
    by_size: u64,
    by_bandwidth: u64,
    kept: u64,
}

/// Gives every op the time that it takes there: by the ratio of what it takes by formula on both where its size is known; what device
/// memory or the link bounds whatever its size by their ratio; all else keeps its time.
pub(super) fn change(replay: &mut Replay, change: &MachineChange) -> Result<String, String> {
    let MachineChange { from, to, .. } = change;
    let Some(from) = replay.moved_to.clone().or_else(|| from.clone()) else {
        let name = &to.name;
        return Err(format!(
            "the machine that this was recorded on is not known; write machine=FROM:{name}"
        ));
    };
    let group = replay.groups.iter().map(Vec::len).max();
    let ranks = group.unwrap_or(1).max(replay.ranks.len());
    if ranks > to.gpus as usize {
        let gpus = counted(to.gpus.into(), "GPU");
        return Err(format!("{} has {gpus}, and {ranks} ranks were recorded", to.name));
    }
    let mut counts = Counts::default();
    for index in 0..replay.ops.len() {
        let work_ns = work_ns(replay, &replay.ops[index], [&from, to], &mut counts);
        let op = &mut replay.ops[index];
        op.work_ns = work_ns;
        // Computation needs some.
        op.held_sms = op.held_sms.map(|held| held.min(to.sms.saturating_sub(1).max(1)));
    }
    replay.contention = Contention::of(Some(to.sms));
    replay.moved_to = Some(Arc::clone(to));
    replay.facts_hold = false;
    let Counts { by_size, by_bandwidth, kept } = counts;
    let mut note = format!(
        "{} instead of {}: {} scaled by what each computes and moves, {by_bandwidth} by bandwidth alone",
        to.name,
        from.name,
        counted(by_size, "op"),
    );
    if kept > 0 {
        note += &format!(", {kept} kept, since their size is not recorded");
    }
    if from.kernels != to.kernels {
        note += &format!(
            "; figures of {} are of {}, those of {} of {}, which is in it too",
            from.name, from.kernels, to.name, to.kernels
        );
    }
    Ok(note + "; launches, gaps and tiles stay")
}

fn work_ns(
    replay: &Replay,
    op: &ReplayOp,
    [from, to]: [&MachineRates; 2],
    counts: &mut Counts,
) -> f64 {
    let size = replay.size_of(op);
    let costed = size.map(|size| costed(replay, op, size));
    let sized = costed.and_then(|it| isolated_ns(&it, from).zip(isolated_ns(&it, to)));
    if let Some((before_ns, after_ns)) = sized {
        counts.by_size += 1;
        return op.work_ns * after_ns / before_ns;
    }
    let streams = |machine: &MachineRates| match op.transport {
        Some(transport) => Some(Streaming::of_transport(transport, machine)),
        None => Streaming::of(op.kind, machine),
    };
    let Some((before, after)) = streams(from).zip(streams(to)) else {
        // Waits and marks have nothing to scale.
        counts.kept += u64::from(op.kind != Kind::Mark);
        return op.work_ns;
    };
    counts.by_bandwidth += 1;
    let fixed_ns = before.fixed_ns.min(MOST * op.work_ns);
    let ratio = before.bytes_per_s / after.bytes_per_s;
    // Of a short op less is known to be fixed than the machine's whole.
    let known = if before.fixed_ns > 0.0 { fixed_ns / before.fixed_ns } else { 1.0 };
    known * after.fixed_ns + (op.work_ns - fixed_ns) * ratio
}

/// What decides the time of an op of this size.
pub(super) fn costed(replay: &Replay, op: &ReplayOp, size: crate::replay::OpSize) -> Costed {
    Costed {
        kind: op.kind,
        size,
        transport: op.transport,
        is_fused: op.has_norm,
        ranks: replay.ranks_of(op),
    }
}
