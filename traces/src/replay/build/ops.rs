//! Ops on one clock, by stream.

use std::collections::{BTreeMap, HashMap};

use crate::analysis::{GpuOp, Ops, RankClock, RankOps};
use crate::model::{ArgValue, Kind, SliceRef, Span, Split, Trace};
use crate::replay::fixed::fixed_ns;
use crate::replay::{
    Contention, Iteration, OpIndex, Replay, ReplayOp, Stream, StreamGap, Transport, TypicalGaps,
    Understood,
};

/// A replay in the making.
pub(super) struct Placed {
    pub(super) replay: Replay,
    /// Where each slice went.
    pub(super) at: HashMap<SliceRef, OpIndex>,
}

/// The clock of one rank.
#[derive(Clone, Copy)]
pub(super) struct Clock<'a>(Option<&'a RankClock>);

impl<'a> Clock<'a> {
    pub(super) fn of(ops: &'a Ops<'_>, rank: u32) -> Self {
        let clocks = &ops.collectives().clocks;
        Self(clocks.iter().find(|clock| clock.trace == ops.index() && clock.rank == rank))
    }

    /// A time of the rank on the clock that all share.
    pub(super) fn shared(self, ns: i64) -> i64 {
        self.0.map_or(ns, |clock| {
            let apart_s = ns.saturating_sub(clock.at_ns) as f64 * 1e-9;
            ns.saturating_sub(clock.offset_ns)
                .saturating_sub((clock.drift_ns_per_s * apart_s).round() as i64)
        })
    }

    pub(super) fn span(self, span: Span) -> Span {
        let start_ns = self.shared(span.start_ns);
        Span { start_ns, end_ns: self.shared(span.end_ns).max(start_ns) }
    }
}

pub(super) fn placed(ops: &Ops<'_>) -> Placed {
    let sms = ops.trace.meta.ranks.iter().map(|rank| rank.device.sms).find(|&sms| sms > 0);
    let mut replay = Replay {
        ranks: Vec::new(),
        ops: Vec::new(),
        streams: Vec::new(),
        host: Vec::new(),
        groups: Vec::new(),
        iterations: Vec::new(),
        gaps: TypicalGaps::default(),
        world_size: ops.trace.meta.world_size,
        contention: Contention::of(sms),
        sizes: Vec::new(),
        facts_hold: true,
        moved_to: None,
        understood: Understood::default(),
    };
    let mut at = HashMap::new();
    for rank in ops.ranks.iter().filter(|rank| !rank.ops.is_empty()) {
        let clock = Clock::of(ops, rank.rank);
        add_rank(&mut replay, ops.trace, rank, clock, &mut at);
    }
    replay.place_marks();
    Placed { replay, at }
}

fn add_rank(
    replay: &mut Replay,
    trace: &Trace,
    rank: &RankOps<'_>,
    clock: Clock<'_>,
    at: &mut HashMap<SliceRef, OpIndex>,
) {
    let index = replay.ranks.len();
    replay.ranks.push(rank.rank);
    let whole = rank.ops.iter().map(|op| op.span).reduce(Span::hull).unwrap_or_default();
    let marks = rank.iterations.iter().map(|iteration| iteration.span);
    let marks: Vec<Span> = if rank.iterations.is_empty() { vec![whole] } else { marks.collect() };
    let iteration = |span: Span| Iteration { recorded: clock.span(span), lead_ns: 0, tail_ns: 0 };
    replay.iterations.push(marks.into_iter().map(iteration).collect());
    let mut by_stream: BTreeMap<u32, Vec<&GpuOp>> = BTreeMap::new();
    for op in &rank.ops {
        by_stream.entry(op.stream).or_default().push(op);
    }
    for (number, ops) in by_stream {
        let stream = replay.streams.len();
        let first = replay.ops.len() as OpIndex;
        for op in &ops {
            at.insert(op.slice, replay.ops.len() as OpIndex);
            let held_sms = held_sms(trace, op, replay.contention.sms);
            replay.understood.unknown_sms += usize::from(op.kind.is_comm() && held_sms.is_none());
            let label = trace.label(op.label);
            let transport = Transport::of(label);
            replay.ops.push(ReplayOp {
                rank: index,
                stream,
                slice: op.slice,
                label: op.label,
                kind: op.kind,
                place: op.place,
                iteration: rank.iteration_of(op),
                part: Split::Whole,
                recorded: clock.span(op.span),
                work_ns: 0.0,
                fixed_ns: fixed_ns(transport),
                size: None,
                transport,
                has_norm: transport.is_some() && label.name.to_ascii_lowercase().contains("norm"),
                fused_with: None,
                held_sms,
                stream_gap: StreamGap::default(),
                waits: Vec::new(),
                delay_ns: 0,
                launch: None,
                not_before_ns: None,
                group: None,
            });
        }
        let ops = (first..replay.ops.len() as OpIndex).collect();
        replay.streams.push(Stream { rank: index, number, ops });
    }
}

/// SMs that a collective holds: one a block, as its blocks fill an SM's registers or shared memory; 0 of other ops, `None` where
/// the recording does not say.
fn held_sms(trace: &Trace, op: &GpuOp, sms: Option<u32>) -> Option<u32> {
    if !op.kind.is_comm() || op.kind == Kind::Fused {
        return Some(0);
    }
    let facts = trace.label(op.label).facts.as_ref().map(|facts| facts.grid);
    let grid = facts.or_else(|| {
        let args = trace.args_of(op.slice);
        let (_, grid) = args.into_iter().find(|(name, _)| name == "grid")?;
        blocks(&grid)
    })?;
    (grid > 0).then(|| grid.min(sms.unwrap_or(u32::MAX)))
}

/// Blocks of a grid as recorders write it: `[24,1,1]`.
fn blocks(grid: &ArgValue) -> Option<u32> {
    if let ArgValue::Int(blocks) = grid {
        return u32::try_from(*blocks).ok();
    }
    let sides = grid.as_str()?.trim_matches(['[', ']']).split(',');
    sides
        .map(|side| side.trim().parse::<u32>().ok())
        .try_fold(1_u32, |all, side| all.checked_mul(side?))
}
