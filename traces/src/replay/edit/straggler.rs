//! Ranks that are late: added, or taken out.

use crate::analysis::intervals::IntervalSet;
use crate::analysis::median;
use crate::model::Span;
use crate::replay::{Launch, OpIndex, Replay, ReplayOp};
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

/// From collective to collective no rank computes or idles longer than the median of its peers, where it takes longer than they.
pub(super) fn none(replay: &mut Replay) -> Result<String, String> {
    if replay.groups.is_empty() {
        return Err(
            "no collective is matched across ranks, so no rank is known to be late".to_owned()
        );
    }
    let stretches = stretches(replay);
    let mut before: Vec<Option<&Stretch>> = vec![None; replay.ops.len()];
    for stretch in &stretches {
        before[stretch.before as usize] = Some(stretch);
    }
    let mut late: Vec<(&Stretch, Late)> = Vec::new();
    for members in &replay.groups {
        let known: Vec<&Stretch> = members.iter().filter_map(|&op| before[op as usize]).collect();
        for (at, &own) in known.iter().enumerate() {
            let peers = known.iter().enumerate().filter(|(other, _)| *other != at);
            let peers: Vec<&Stretch> = peers.map(|(_, peer)| *peer).collect();
            late.extend(Late::of(own, &peers).map(|late| (own, late)));
        }
    }
    let Some(most) = late.iter().map(|(own, late)| late.share_of(own)).max_by(f64::total_cmp)
    else {
        return Err("no rank is ever late".to_owned());
    };
    for (own, late) in &late {
        hasten(replay, own, *late);
    }
    let waits = counted(late.len() as u64, "wait");
    Ok(format!("{waits} for a late rank shortened, by at most {:.0} %", 100.0 * most))
}

/// What a rank does from the end of one collective to the start of the next.
#[derive(Clone, Debug)]
struct Stretch {
    /// The next.
    before: OpIndex,
    len_ns: i64,
    /// Of it something runs on the GPU.
    busy_ns: i64,
    /// What starts between the starts of the two.
    ops: Vec<OpIndex>,
}

impl Stretch {
    fn idle_ns(&self) -> i64 {
        self.len_ns - self.busy_ns
    }
}

/// By how much a stretch is longer than its peers'.
#[derive(Clone, Copy, Debug)]
struct Late {
    len_ns: i64,
    busy_ns: i64,
    idle_ns: i64,
}

impl Late {
    /// Nothing where the rank is not late.
    fn of(own: &Stretch, peers: &[&Stretch]) -> Option<Self> {
        let longer = |ns: fn(&Stretch) -> i64| {
            let usual_ns = median(peers.iter().map(|peer| ns(peer)).collect())?;
            Some((ns(own) - usual_ns).max(0))
        };
        let [len_ns, busy_ns, idle_ns] =
            [longer(|it| it.len_ns)?, longer(|it| it.busy_ns)?, longer(Stretch::idle_ns)?];
        (len_ns > 0).then_some(Self { len_ns, busy_ns, idle_ns })
    }

    fn share_of(self, own: &Stretch) -> f64 {
        self.len_ns as f64 / own.len_ns as f64
    }
}

/// Of each collective that is matched the stretch before it on its rank; none of the first.
fn stretches(replay: &Replay) -> Vec<Stretch> {
    let mut order: Vec<OpIndex> = (0..replay.ops.len() as OpIndex).collect();
    order.sort_by_key(|&op| {
        let op = &replay.ops[op as usize];
        (op.rank, op.recorded.start_ns)
    });
    let mut stretches = Vec::new();
    for of_rank in
        order.chunk_by(|a, b| replay.ops[*a as usize].rank == replay.ops[*b as usize].rank)
    {
        let mut from_ns: Option<i64> = None;
        let (mut running, mut ops) = (Vec::new(), Vec::new());
        for &op in of_rank {
            let known = &replay.ops[op as usize];
            if known.group.is_none() {
                running.push(known.recorded);
                ops.push(op);
                continue;
            }
            let ops = std::mem::take(&mut ops);
            if let Some(from_ns) = from_ns {
                let between = Span::new(from_ns, known.recorded.start_ns.max(from_ns));
                let within = running.iter().map(|span: &Span| span.intersect(between));
                let busy_ns = IntervalSet::union_of(within).len_ns();
                stretches.push(Stretch { before: op, len_ns: between.len_ns(), busy_ns, ops });
            }
            from_ns = Some(known.recorded.end_ns);
            running.retain(|span| span.end_ns > known.recorded.end_ns);
        }
    }
    stretches
}

/// Takes out of a stretch by how much it is longer: of its ops, of what passes between them though nothing recorded says why, and, where
/// the rank idles longer, of what passes between the host's launches.
fn hasten(replay: &mut Replay, stretch: &Stretch, late: Late) {
    let left = |late_ns: i64, of_ns: f64| match of_ns {
        ..=0.0 => 1.0,
        _ => (1.0 - late_ns as f64 / of_ns).max(0.0),
    };
    let sum = |ns: &dyn Fn(&ReplayOp) -> f64| -> f64 {
        stretch.ops.iter().map(|&op| ns(&replay.ops[op as usize])).sum()
    };
    let work = left(late.busy_ns, sum(&|op| op.work_ns));
    let idle = left(late.idle_ns, sum(&|op| op.delay_ns as f64));
    let mut steps: Vec<usize> = Vec::new();
    for &op in stretch.ops.iter().filter(|_| late.idle_ns > 0) {
        // The first step begins when it begins.
        steps
            .extend(replay.ops[op as usize].launch.map(|it| it.step as usize).filter(|&it| it > 0));
    }
    steps.sort_unstable();
    steps.dedup();
    for &op in &stretch.ops {
        let op = &mut replay.ops[op as usize];
        op.work_ns *= work;
        op.delay_ns = (op.delay_ns as f64 * idle).round() as i64;
    }
    let rank = replay.ops[stretch.before as usize].rank;
    let Some(host) = replay.host.get_mut(rank) else { return };
    steps.retain(|&step| host[step].after_ns > 0);
    let after_ns: i64 = steps.iter().map(|&step| host[step].after_ns).sum();
    let share = left(late.len_ns, after_ns as f64);
    for step in steps {
        host[step].after_ns = (host[step].after_ns as f64 * share).round() as i64;
    }
}
