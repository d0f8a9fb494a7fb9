//! The hosts of all ranks: step after step, until one waits for an op.

use crate::replay::{HostStep, OpIndex, Replay};

pub(super) struct Hosts {
    ranks: Vec<HostState>,
    /// Of each rank, by step, where the ops that it launches begin in `launches`.
    firsts: Vec<Vec<u32>>,
    launches: Vec<Vec<OpIndex>>,
}

struct HostState {
    /// The next step.
    next: usize,
    /// From when it counts.
    from_ns: i64,
    /// The op that the next step waits for, though it has begun.
    awaits: Option<OpIndex>,
    /// When it began.
    start_ns: i64,
}

impl Hosts {
    pub(super) fn new(replay: &Replay) -> Self {
        let mut launches: Vec<Vec<(u32, OpIndex)>> = vec![Vec::new(); replay.ranks.len()];
        for (op, known) in replay.ops.iter().enumerate() {
            if let Some(launch) = known.launch {
                launches[known.rank].push((launch.step, op as OpIndex));
            }
        }
        launches.iter_mut().for_each(|launches| launches.sort_unstable());
        let first = |(steps, launches): (&Vec<HostStep>, &Vec<(u32, OpIndex)>)| {
            let before = |step: usize| launches.partition_point(|(at, _)| (*at as usize) < step);
            (0..=steps.len()).map(|step| before(step) as u32).collect()
        };
        let firsts = replay.host.iter().zip(&launches).map(first).collect();
        let ops = |launches: Vec<(u32, OpIndex)>| launches.into_iter().map(|(_, op)| op).collect();
        let host = |_: &u32| HostState { next: 0, from_ns: 0, awaits: None, start_ns: 0 };
        Self {
            ranks: replay.ranks.iter().map(host).collect(),
            firsts,
            launches: launches.into_iter().map(ops).collect(),
        }
    }

    /// Whether the host of a rank waits for this op.
    pub(super) fn is_awaited(&self, rank: usize, op: OpIndex) -> bool {
        self.ranks[rank].awaits == Some(op)
    }

    /// Goes on until a step waits for an op that is not done; what is launched goes into `launched`, with the time at which it
    /// may start.
    pub(super) fn advance(
        &mut self,
        replay: &Replay,
        rank: usize,
        is_done: &dyn Fn(OpIndex) -> Option<i64>,
        launched: &mut Vec<(OpIndex, i64)>,
    ) {
        let Some(steps) = replay.host.get(rank) else { return };
        let state = &mut self.ranks[rank];
        while let Some(step) = steps.get(state.next) {
            if state.awaits.is_none() {
                state.start_ns = state.from_ns.saturating_add(step.after_ns);
            }
            let mut end_ns = state.start_ns;
            if let Some(wait) = step.waits {
                let Some(op_end_ns) = is_done(wait.op) else {
                    state.awaits = Some(wait.op);
                    return;
                };
                end_ns = (op_end_ns + wait.gap_ns).max(state.start_ns + step.takes_ns);
            }
            state.awaits = None;
            let firsts = &self.firsts[rank];
            let (first, last) = (firsts[state.next], firsts[state.next + 1]);
            for &op in &self.launches[rank][first as usize..last as usize] {
                let latency_ns = replay.ops[op as usize].launch.map_or(0, |it| it.latency_ns);
                launched.push((op, end_ns + latency_ns));
            }
            state.from_ns = end_ns;
            state.next += 1;
        }
    }
}
