//! Ranks that are late: added, or taken out.

use crate::analysis::median;
use crate::replay::{Launch, OpIndex, Replay};
use crate::words::{counted, duration};

/// A rank begins every iteration so much later: whatever of it waits for something of iterations before waits so much longer, and
/// its host launches it so much later. Its marks stay where it would have begun.
pub(super) fn add(replay: &mut Replay, rank: u32, late_ns: i64) -> Result<String, String> {
    let Some(index) = replay.ranks.iter().position(|&known| known == rank) else {
        return Err(format!("there is no rank {rank} in this recording"));
    };
    let iterations: Vec<usize> = replay.ops.iter().map(|op| op.iteration).collect();
    let mut first_steps: Vec<Option<u32>> = vec![None; replay.iterations[index].len()];
    let mut has_ops = vec![false; first_steps.len()];
    for stream in replay.streams.iter().filter(|stream| stream.rank == index) {
        let mut latest = None;
        for &op in &stream.ops {
            let known = &mut replay.ops[op as usize];
            let at = known.iteration;
            has_ops[at] = true;
            // Iterations may take turns on a stream; each is late once.
            if latest.is_some_and(|latest| latest < at) {
                known.stream_gap.gap_ns += late_ns;
            }
            latest = latest.max(Some(at));
            for wait in known.waits.iter_mut().filter(|wait| iterations[wait.op as usize] < at) {
                wait.gap_ns += late_ns;
            }
            known.not_before_ns =
                known.not_before_ns.map(|from_ns| from_ns + late_ns * (at as i64 + 1));
            if let Some(Launch { step, .. }) = known.launch {
                first_steps[at] = Some(first_steps[at].map_or(step, |first| first.min(step)));
            }
        }
    }
    for step in first_steps.into_iter().flatten() {
        replay.host[index][step as usize].after_ns += late_ns;
    }
    let marks = replay.iterations[index].iter_mut().zip(has_ops);
    let mut count = 0;
    for (mark, _) in marks.filter(|(_, has_ops)| *has_ops) {
        mark.lead_ns += late_ns;
        count += 1;
    }
    let iterations = counted(count, "iteration");
    Ok(format!("rank {rank} begins {iterations} later by {}", duration(late_ns)))
}

/// From collective to collective every rank takes at most what the median of its peers does: its ops and its host between the
/// two are as much faster.
pub(super) fn none(replay: &mut Replay) -> Result<String, String> {
    if replay.groups.is_empty() {
        return Err(
            "no collective is matched across ranks, so no rank is known to be late".to_owned()
        );
    }
    let mut between = between(replay);
    let mut faster: Vec<f64> = vec![1.0; replay.ops.len()];
    let (mut count, mut most) = (0, 1.0_f64);
    for group in 0..replay.groups.len() {
        let members = &replay.groups[group];
        let lengths: Vec<i64> =
            members.iter().filter_map(|op| between[*op as usize].take()).collect();
        if lengths.len() < 2 {
            continue;
        }
        for (at, (&op, &own_ns)) in members.iter().zip(&lengths).enumerate() {
            let mut peers = lengths.clone();
            peers.swap_remove(at);
            let median_ns = median(peers).unwrap_or(0).max(1);
            if own_ns > median_ns {
                faster[op as usize] = median_ns as f64 / own_ns as f64;
                most = most.min(faster[op as usize]);
                count += 1;
            }
        }
    }
    if count == 0 {
        return Err("no rank is ever late".to_owned());
    }
    hasten(replay, &faster);
    Ok(format!(
        "{} shortened, by at most {:.0} %",
        counted(count, "wait for a late rank"),
        100.0 * (1.0 - most)
    ))
}

/// By collective op: from the end of the one before it on its rank to its own start; `None` of the first.
fn between(replay: &Replay) -> Vec<Option<i64>> {
    let mut between = vec![None; replay.ops.len()];
    let mut order: Vec<OpIndex> = (0..replay.ops.len() as OpIndex).collect();
    order.retain(|&op| replay.ops[op as usize].group.is_some());
    order.sort_by_key(|&op| {
        let op = &replay.ops[op as usize];
        (op.rank, op.recorded.start_ns)
    });
    for pair in order.windows(2) {
        let [before, op] = [pair[0], pair[1]].map(|op| &replay.ops[op as usize]);
        if before.rank == op.rank {
            between[pair[1] as usize] =
                Some((op.recorded.start_ns - before.recorded.end_ns).max(0));
        }
    }
    between
}

/// Makes what runs before each collective, back to the one before it, so much faster: ops, delays and steps of the host.
fn hasten(replay: &mut Replay, faster: &[f64]) {
    let mut order: Vec<usize> = (0..replay.ops.len()).collect();
    order.sort_by_key(|&op| {
        (replay.ops[op].rank, std::cmp::Reverse(replay.ops[op].recorded.start_ns))
    });
    let (mut rank, mut factor) = (usize::MAX, 1.0);
    for op in order {
        let known = &mut replay.ops[op];
        if known.rank != rank {
            (rank, factor) = (known.rank, 1.0);
        }
        if known.group.is_some() {
            factor = faster[op];
            continue;
        }
        known.work_ns *= factor;
        known.delay_ns = (known.delay_ns as f64 * factor).round() as i64;
        if let Some(step) =
            known.launch.and_then(|launch| replay.host[rank].get_mut(launch.step as usize))
        {
            // The first step begins when it begins.
            if step.after_ns > 0 && known.launch.is_some_and(|launch| launch.step > 0) {
                step.after_ns = (step.after_ns as f64 * factor).round() as i64;
            }
        }
    }
}
