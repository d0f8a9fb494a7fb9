//! What each op waited for, and what of its start nothing explains.

use std::collections::HashMap;

use crate::analysis::{LATENCY_NS, Ops};
use crate::model::{FlowKind, SliceRef};
use crate::replay::{OpIndex, Replay, StreamGap, TypicalGaps, Wait};

/// What passes from kernel to kernel on a stream, and over an event from stream to stream, where a recording has no example:
/// measured on H200s (engine/machines/h200x2.json, `kernel_gap_ns` and `join_gap_ns`).
const STREAM_GAP_NS: i64 = 1_830;
const JOIN_GAP_NS: i64 = 2_400;

/// What a start can be bound by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    /// The op before it on its stream.
    Stream,
    /// An op of another stream.
    Other(usize),
    Launch,
}

/// What passes, on average, from what an op waited for last to its start.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    sum_ns: i64,
    count: i64,
}

impl Mean {
    fn add(&mut self, ns: i64) {
        self.sum_ns += ns;
        self.count += 1;
    }

    /// The mean, or this where there is none.
    fn typical_ns(self, otherwise_ns: i64) -> i64 {
        if self.count > 0 { self.ns() } else { otherwise_ns }
    }

    fn ns(self) -> i64 {
        self.sum_ns / self.count.max(1)
    }
}

/// Gaps after each kind of bound.
#[derive(Clone, Copy, Debug, Default)]
struct Gaps {
    stream: Mean,
    other: Mean,
    launch: Mean,
}

impl Gaps {
    fn of(&mut self, bound: Bound) -> &mut Mean {
        match bound {
            Bound::Stream => &mut self.stream,
            Bound::Other(_) => &mut self.other,
            Bound::Launch => &mut self.launch,
        }
    }
}

/// Tells what every op waits for. An op's start is bound by the latest of what it waits for; what passes from there is, of all
/// ops bound alike, the mean. What is left beyond [`LATENCY_NS`] is put down to an op that had just ended on another stream,
/// and where there is none stays as it is, unexplained.
pub(super) fn find(replay: &mut Replay, ops: &Ops<'_>, at: &HashMap<SliceRef, OpIndex>) {
    let is_told = recorded(replay, ops, at);
    if !is_told {
        by_launch_order(replay);
    }
    let before = replay.before();
    let launched = launch_starts(replay);
    if !is_told {
        by_ends(replay, &before, &launched);
    }
    let mut gaps = Gaps::default();
    for op in 0..replay.ops.len() {
        let Some((bound, at_ns)) = bound(replay, op, &before, &launched) else { continue };
        let gap_ns = replay.ops[op].recorded.start_ns - at_ns;
        if (0..=LATENCY_NS).contains(&gap_ns) {
            gaps.of(bound).add(gap_ns);
        }
    }
    replay.gaps = TypicalGaps {
        stream_ns: gaps.stream.typical_ns(STREAM_GAP_NS),
        other_ns: gaps.other.typical_ns(JOIN_GAP_NS),
    };
    for op in 0..replay.ops.len() {
        settle(replay, op, &before, &launched, gaps);
    }
}

/// Waits that the recording has; true when there are any, or when a plan states all of them.
fn recorded(replay: &mut Replay, ops: &Ops<'_>, at: &HashMap<SliceRef, OpIndex>) -> bool {
    for flow in ops.trace.flows.iter().filter(|flow| flow.kind != FlowKind::Launch) {
        let (Some(&from), Some(&to)) = (at.get(&flow.from), at.get(&flow.to)) else { continue };
        let (producer, op) = (&replay.ops[from as usize], &replay.ops[to as usize]);
        let is_of_use = producer.rank == op.rank && producer.stream != op.stream;
        if is_of_use && producer.recorded.end_ns <= op.recorded.start_ns {
            replay.ops[to as usize].waits.push(Wait { op: from, is_start: false, gap_ns: 0 });
            replay.understood.recorded_waits += 1;
        }
    }
    let is_planned = |op| ops.trace.label(op).facts.is_some();
    replay.understood.recorded_waits > 0 || replay.ops.iter().all(|op| is_planned(op.label))
}

/// A collective on a stream of its own waits for what its host launched before it: so PyTorch, and whoever
/// communicates results, launches them.
fn by_launch_order(replay: &mut Replay) {
    let launched = |op: &OpIndex| replay.ops[*op as usize].launch.map(|launch| launch.step);
    let mut order: Vec<OpIndex> = (0..replay.ops.len() as OpIndex).collect();
    order.retain(|op| launched(op).is_some());
    order.sort_by_key(|op| (replay.ops[*op as usize].rank, launched(op)));
    let mut last: Option<OpIndex> = None;
    let mut waits: Vec<(OpIndex, OpIndex)> = Vec::new();
    for &op in &order {
        let known = &replay.ops[op as usize];
        if !known.kind.is_comm() {
            last = Some(op);
            continue;
        }
        let Some(producer) = last else { continue };
        let other = &replay.ops[producer as usize];
        let fits = other.rank == known.rank && other.stream != known.stream;
        if fits && other.recorded.end_ns <= known.recorded.start_ns {
            waits.push((op, producer));
        }
    }
    replay.understood.inferred_waits += waits.len();
    for (op, producer) in waits {
        let wait = Wait { op: producer, is_start: false, gap_ns: 0 };
        replay.ops[op as usize].waits.push(wait);
    }
}

/// When each op was launched.
fn launch_starts(replay: &Replay) -> Vec<Option<i64>> {
    let starts: Vec<Vec<i64>> = replay
        .host
        .iter()
        .map(|steps| {
            // As recorded: each step counts from the end of a wait before it, else from the start of the step before.
            let mut from_ns = 0;
            let of = |step: &crate::replay::HostStep| {
                let start_ns = from_ns + step.after_ns;
                let ended = step.waits.map(|wait| {
                    let end_ns = replay.ops[wait.op as usize].recorded.end_ns + wait.gap_ns;
                    end_ns.max(start_ns + step.takes_ns)
                });
                // A launch that waited for room in the queue is made when there is some.
                from_ns = ended.unwrap_or(start_ns);
                from_ns
            };
            steps.iter().map(of).collect()
        })
        .collect();
    let of = |op: &crate::replay::ReplayOp| {
        op.launch.map(|launch| starts[op.rank][launch.step as usize])
    };
    replay.ops.iter().map(of).collect()
}

/// Where nothing explains a start, the op of another stream of the rank that ended last before it, within what a launch takes.
fn by_ends(replay: &mut Replay, before: &[Option<OpIndex>], launched: &[Option<i64>]) {
    let mut by_end: Vec<Vec<OpIndex>> = vec![Vec::new(); replay.ranks.len()];
    for (op, known) in replay.ops.iter().enumerate().filter(|(_, op)| !op.recorded.is_empty()) {
        by_end[known.rank].push(op as OpIndex);
    }
    for order in &mut by_end {
        order.sort_by_key(|&op| (replay.ops[op as usize].recorded.end_ns, op));
    }
    for op in 0..replay.ops.len() {
        let start_ns = replay.ops[op].recorded.start_ns;
        let explained = bound(replay, op, before, launched);
        if explained.is_some_and(|(_, at_ns)| start_ns - at_ns <= LATENCY_NS) {
            continue;
        }
        let order = &by_end[replay.ops[op].rank];
        let end_ns = |other: OpIndex| replay.ops[other as usize].recorded.end_ns;
        let upto = order.partition_point(|&other| end_ns(other) <= start_ns);
        let Some(&producer) = order[..upto].last() else { continue };
        let is_other = replay.ops[producer as usize].stream != replay.ops[op].stream;
        if is_other && start_ns - end_ns(producer) <= LATENCY_NS {
            replay.ops[op].waits.push(Wait { op: producer, is_start: false, gap_ns: 0 });
            replay.understood.inferred_waits += 1;
        }
    }
}

/// What an op waited for last, and until when; `None` where nothing is known that it waits for.
fn bound(
    replay: &Replay,
    op: usize,
    before: &[Option<OpIndex>],
    launched: &[Option<i64>],
) -> Option<(Bound, i64)> {
    let known = &replay.ops[op];
    let start_ns = known.recorded.start_ns;
    let end_ns = |other: OpIndex| replay.ops[other as usize].recorded.end_ns;
    let stream = before[op].map(end_ns).filter(|&end_ns| end_ns <= start_ns);
    let stream = stream.map(|end_ns| (Bound::Stream, end_ns));
    let launch = launched[op].map(|launched_ns| (Bound::Launch, launched_ns));
    let others = known.waits.iter().enumerate();
    let others = others.map(|(index, wait)| (Bound::Other(index), end_ns(wait.op)));
    launch.into_iter().chain(others).chain(stream).max_by_key(|(_, at_ns)| *at_ns)
}

/// Gives an op the gaps after all that it waits for: after what bound it the mean, after the others no more than there was.
fn settle(
    replay: &mut Replay,
    op: usize,
    before: &[Option<OpIndex>],
    launched: &[Option<i64>],
    gaps: Gaps,
) {
    let bound_by = bound(replay, op, before, launched);
    let start_ns = replay.ops[op].recorded.start_ns;
    let ends: Vec<i64> = {
        let waits = replay.ops[op].waits.iter();
        waits.map(|wait| replay.ops[wait.op as usize].recorded.end_ns).collect()
    };
    let stream = before[op].map(|other| replay.ops[other as usize].recorded);
    let is_bound = |bound: Bound| bound_by.is_some_and(|(by, _)| by == bound);
    let gap = |bound: Bound, mean: Mean, at_ns: i64| {
        // Recorders estimate some times, so that a kernel may stand before its launch: it stays there.
        let slack_ns = start_ns - at_ns;
        if is_bound(bound) && slack_ns >= 0 { mean.ns() } else { mean.ns().min(slack_ns) }
    };
    let mut explained_ns = i64::MIN;
    let known = &mut replay.ops[op];
    for (index, (wait, &end_ns)) in known.waits.iter_mut().zip(&ends).enumerate() {
        wait.gap_ns = gap(Bound::Other(index), gaps.other, end_ns);
        explained_ns = explained_ns.max(end_ns + wait.gap_ns);
    }
    if let (Some(launch), Some(at_ns)) = (&mut known.launch, launched[op]) {
        launch.latency_ns = gap(Bound::Launch, gaps.launch, at_ns);
        explained_ns = explained_ns.max(at_ns + launch.latency_ns);
    }
    if let Some(other) = stream {
        let is_start = other.end_ns > start_ns;
        let gap_ns = match is_start {
            true => start_ns - other.start_ns,
            false => gap(Bound::Stream, gaps.stream, other.end_ns),
        };
        known.stream_gap = StreamGap { is_start, gap_ns };
        let from_ns = if is_start { other.start_ns } else { other.end_ns };
        explained_ns = explained_ns.max(from_ns + gap_ns);
    }
    if explained_ns == i64::MIN {
        known.not_before_ns = Some(start_ns);
    } else if start_ns - explained_ns > LATENCY_NS {
        known.delay_ns = start_ns - explained_ns;
        replay.understood.unexplained += 1;
        replay.understood.unexplained_ns += known.delay_ns;
    }
}
