//! From the stamps that kernels wrote to the block records of an observer.
//!
//! A stamp says which SM a block ran on but not in which of its places; places are given out here, first free
//! first, so that stamps of one SM that overlap in time come to lie in different slots.

use std::collections::HashMap;

use weftscope_kernels::abi::{Stamp, StampKind};

use crate::{
    clock::ClockFit,
    observer::{BlockPart, BlockRecord, OpRecord},
    plan::OpId,
};

/// What could not be used of a ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RingLoss {
    /// Stamps that found no slot in the ring.
    pub overflowed: u64,
    /// Stamps of an op that the plan does not have, of an unknown kind, or that end before they start.
    pub unreadable: u64,
}

/// Block records of one rank from its ring, ordered by start.
///
/// `stamps` are the ring's written slots and `overflowed` its header's count; `num_ops` bounds the op ids.
pub fn block_records(
    stamps: &[Stamp],
    overflowed: u64,
    rank: u16,
    num_ops: u32,
    clock: &ClockFit,
) -> (Vec<BlockRecord>, RingLoss) {
    let mut loss = RingLoss { overflowed, unreadable: 0 };
    let mut records = Vec::with_capacity(stamps.len());
    for stamp in stamps.iter().filter(|stamp| !is_mark(stamp)) {
        match record(stamp, rank, num_ops, clock) {
            Some(record) => records.push(record),
            None => loss.unreadable += 1,
        }
    }
    records.sort_by_key(|record| (record.start_ns, record.end_ns));
    loss.unreadable += assign_slots(&mut records);
    (records, loss)
}

/// Spans of the ops that ran between two marks, for want of stamps of their own (NCCL's kernels): from the last moment
/// before to the first moment after.
pub fn marked_ops(stamps: &[Stamp], rank: u32, num_ops: u32, clock: &ClockFit) -> Vec<OpRecord> {
    let mut befores: HashMap<u32, i64> = HashMap::new();
    let mut spans = Vec::new();
    let mut marks: Vec<&Stamp> = stamps.iter().filter(|stamp| is_mark(stamp)).collect();
    marks.sort_by_key(|mark| (mark.start_ns, mark.item));
    for mark in marks {
        let at_ns = clock.host_from_device(mark.start_ns as i64);
        if mark.item == 0 {
            befores.insert(mark.op, at_ns);
        } else if let Some(start_ns) = befores.remove(&mark.op)
            && mark.op < num_ops
        {
            spans.push(OpRecord { op: OpId(mark.op), rank, start_ns, end_ns: at_ns });
        }
    }
    spans
}

fn is_mark(stamp: &Stamp) -> bool {
    stamp.kind == StampKind::Mark as u16
}

fn record(stamp: &Stamp, rank: u16, num_ops: u32, clock: &ClockFit) -> Option<BlockRecord> {
    let part = match StampKind::from_raw(stamp.kind)? {
        StampKind::Tile | StampKind::Rows | StampKind::Block => BlockPart::Run,
        StampKind::BarrierEntry => BlockPart::WaitEntry,
        StampKind::BarrierExit => BlockPart::WaitExit,
        StampKind::Mark => return None,
    };
    if stamp.op >= num_ops || stamp.end_ns < stamp.start_ns {
        return None;
    }
    let (start, end) = (i64::try_from(stamp.start_ns).ok()?, i64::try_from(stamp.end_ns).ok()?);
    Some(BlockRecord {
        start_ns: clock.host_from_device(start),
        end_ns: clock.host_from_device(end),
        op: OpId(stamp.op),
        block: stamp.item,
        rank,
        sm: stamp.sm,
        slot: 0,
        part,
    })
}

/// Gives every record the lowest slot of its SM that is free at its start; counts those for which 256 did not do.
fn assign_slots(records: &mut Vec<BlockRecord>) -> u64 {
    let mut free_from_ns: Vec<Vec<i64>> = Vec::new();
    let before = records.len();
    records.retain_mut(|record| {
        let sm = usize::from(record.sm);
        if free_from_ns.len() <= sm {
            free_from_ns.resize_with(sm + 1, Vec::new);
        }
        let slots = &mut free_from_ns[sm];
        let slot = slots.iter().position(|&free| free <= record.start_ns).unwrap_or(slots.len());
        let Ok(narrow) = u8::try_from(slot) else { return false };
        if slot == slots.len() {
            slots.push(record.end_ns);
        } else {
            slots[slot] = record.end_ns;
        }
        record.slot = narrow;
        true
    });
    (before - records.len()) as u64
}
