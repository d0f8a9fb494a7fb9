//! The host: launches as of CUDA graphs, and without hesitating.

use std::collections::BTreeMap;

use crate::analysis::median;
use crate::model::LabelId;
use crate::replay::Replay;
use crate::words::{counted, duration};

/// Only the first op of each iteration of a rank is launched; what comes behind it follows without its host.
pub(super) fn as_graphs(replay: &mut Replay) -> Result<String, String> {
    let mut first: Vec<Vec<Option<(u32, usize)>>> =
        replay.iterations.iter().map(|marks| vec![None; marks.len()]).collect();
    for (op, known) in replay.ops.iter().enumerate() {
        let Some(launch) = known.launch else { continue };
        let first = &mut first[known.rank][known.iteration];
        if first.is_none_or(|(step, _)| launch.step < step) {
            *first = Some((launch.step, op));
        }
    }
    let mut count = 0;
    for op in 0..replay.ops.len() {
        let known = &replay.ops[op];
        let Some((_, leader)) = first[known.rank][known.iteration] else { continue };
        if known.launch.is_none() || leader == op {
            continue;
        }
        // All of a graph is launched where its first op is.
        let launch = replay.ops[leader].launch;
        replay.ops[op].launch = launch;
        count += 1;
    }
    if count == 0 {
        return Err("no launch is recorded".to_owned());
    }
    Ok(format!("{} need no launch of their own", counted(count, "op")))
}

/// No call comes later after the one before than calls that launch the same usually do. Waits for the GPU stay.
pub(super) fn steady(replay: &mut Replay) -> Result<String, String> {
    let (mut count, mut spared_ns) = (0, 0);
    for rank in 0..replay.host.len() {
        let usual_ns = usual_gaps_ns(replay, rank);
        // The first begins when it begins.
        for (step, usual_ns) in replay.host[rank].iter_mut().zip(usual_ns).skip(1) {
            if step.after_ns > usual_ns && step.waits.is_none() {
                spared_ns += step.after_ns - usual_ns;
                step.after_ns = usual_ns;
                count += 1;
            }
        }
    }
    if count == 0 {
        return Err("no launch is recorded that comes later than usual".to_owned());
    }
    let calls = counted(count, "call");
    Ok(format!("{calls} of the host as soon as usual, {} of it in all", duration(spared_ns)))
}

/// By step: the median time from the call before, of all calls of the rank that launch the same kernel.
pub(super) fn usual_gaps_ns(replay: &Replay, rank: usize) -> Vec<i64> {
    let steps = &replay.host[rank];
    let mut launches: Vec<Option<LabelId>> = vec![None; steps.len()];
    for op in replay.ops.iter().filter(|op| op.rank == rank) {
        if let Some(launch) = op.launch.and_then(|launch| launches.get_mut(launch.step as usize)) {
            *launch = Some(op.label);
        }
    }
    let mut gaps: BTreeMap<Option<LabelId>, Vec<i64>> = BTreeMap::new();
    for (step, label) in steps.iter().zip(&launches) {
        gaps.entry(*label).or_default().push(step.after_ns);
    }
    let usual = |(label, gaps)| (label, median(gaps).unwrap_or(0));
    let usual: BTreeMap<Option<LabelId>, i64> = gaps.into_iter().map(usual).collect();
    launches.iter().map(|label| usual[label]).collect()
}
