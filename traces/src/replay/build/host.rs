//! The host of each rank: its launches and waits in their order.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::ops::Clock;
use crate::analysis::{Host, LATENCY_NS, Ops};
use crate::model::{SliceRef, Span, TrackId};
use crate::replay::{HostStep, Launch, OpIndex, Replay, Wait};

/// A launch that takes long while so many are under way waits for room in the queue.
const QUEUE: usize = 512;

/// Finds the steps of every rank: its calls that launch, and those of the same threads that wait for the GPU, in order of start.
pub(super) fn steps(
    replay: &mut Replay,
    ops: &Ops<'_>,
    host: &Host<'_>,
    at: &HashMap<SliceRef, OpIndex>,
) {
    let mut by_rank: Vec<BTreeMap<(i64, SliceRef), Vec<OpIndex>>> =
        vec![BTreeMap::new(); replay.ranks.len()];
    let mut threads: Vec<BTreeSet<TrackId>> = vec![BTreeSet::new(); replay.ranks.len()];
    for (&slice, &op) in at {
        let Some(call) = host.call(slice) else { continue };
        let rank = replay.ops[op as usize].rank;
        let start_ns = host.span_of(call).start_ns;
        by_rank[rank].entry((start_ns, call)).or_default().push(op);
        threads[rank].insert(ops.trace.lane(call.lane).track);
    }
    let mut by_end: Vec<Vec<(i64, OpIndex)>> = vec![Vec::new(); replay.ranks.len()];
    for (op, known) in replay.ops.iter().enumerate() {
        by_end[known.rank].push((known.recorded.end_ns, op as OpIndex));
    }
    by_end.iter_mut().for_each(|ends| ends.sort_unstable());
    for (rank, calls) in by_rank.into_iter().enumerate() {
        let clock = Clock::of(ops, replay.ranks[rank]);
        let launches = calls
            .into_iter()
            .map(|((_, call), launched)| (clock.span(host.span_of(call)), launched));
        let syncs = threads[rank].iter().flat_map(|&thread| host.syncs_of(thread));
        let syncs = syncs.map(|&span| (clock.span(span), Vec::new()));
        let mut all: Vec<(Span, Vec<OpIndex>)> = launches.chain(syncs).collect();
        all.sort_by_key(|(span, _)| (span.start_ns, span.end_ns));
        let steps = of_rank(replay, &all, &by_end[rank]);
        replay.host.push(steps);
    }
}

/// The steps of one rank. `by_end` are its ops in order of end.
fn of_rank(
    replay: &mut Replay,
    calls: &[(Span, Vec<OpIndex>)],
    by_end: &[(i64, OpIndex)],
) -> Vec<HostStep> {
    let mut steps = Vec::with_capacity(calls.len());
    let (mut from_ns, mut launched) = (None, 0);
    for (index, (call, launches)) in calls.iter().enumerate() {
        let after_ns = from_ns.map_or(call.start_ns, |from_ns: i64| call.start_ns - from_ns);
        let upto = by_end.partition_point(|(end_ns, _)| *end_ns <= call.end_ns);
        let under_way =
            launched - by_end.partition_point(|(end_ns, _)| *end_ns < call.start_ns).min(launched);
        let waits_for_room = call.len_ns() > LATENCY_NS && under_way >= QUEUE;
        let is_wait = launches.is_empty() || waits_for_room;
        let ended = by_end[..upto].iter().rev().take(64);
        // Only what was launched before can be waited for.
        let mut ended = ended.filter(|(_, op)| replay.ops[*op as usize].launch.is_some());
        let awaited = ended.next().filter(|_| is_wait);
        let waits = awaited.map(|&(end_ns, op)| {
            let has_waited = end_ns > call.start_ns;
            let gap_ns = if has_waited { call.end_ns - end_ns } else { 0 };
            (Wait { op, is_start: false, gap_ns }, has_waited)
        });
        let takes_ns = match waits {
            Some((_, true)) => 0,
            _ => call.len_ns(),
        };
        for &op in launches {
            replay.ops[op as usize].launch = Some(Launch { step: index as u32, latency_ns: 0 });
        }
        launched += launches.len();
        from_ns = Some(if waits.is_some() { call.end_ns } else { call.start_ns });
        steps.push(HostStep { after_ns, takes_ns, waits: waits.map(|(wait, _)| wait) });
    }
    replay.understood.launched += launched;
    steps
}
