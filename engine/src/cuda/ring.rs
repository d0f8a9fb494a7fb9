//! From the stamps that kernels wrote to the block records of an observer.
//!
//! A stamp says which SM a block ran on but not in which of its places; places are given out here, first free
//! first, so that stamps of one SM that overlap in time come to lie in different slots.

use weftscope_kernels::abi::{Stamp, StampKind};

use crate::{
    clock::ClockFit,
    observer::{BlockPart, BlockRecord},
    plan::OpId,
};

/// What could not be used of a ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RingLoss {
    /// Stamps that found no slot in the ring.
    pub overflowed: u64,
    /// Stamps of an op that the plan does not have, of a kind that nobody knows, or that end before they start.
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
    for stamp in stamps {
        match record(stamp, rank, num_ops, clock) {
            Some(record) => records.push(record),
            None => loss.unreadable += 1,
        }
    }
    records.sort_by_key(|record| (record.start_ns, record.end_ns));
    loss.unreadable += assign_slots(&mut records);
    (records, loss)
}

fn record(stamp: &Stamp, rank: u16, num_ops: u32, clock: &ClockFit) -> Option<BlockRecord> {
    let part = match StampKind::from_raw(stamp.kind)? {
        StampKind::Tile | StampKind::Rows | StampKind::Block => BlockPart::Run,
        StampKind::BarrierEntry => BlockPart::WaitEntry,
        StampKind::BarrierExit => BlockPart::WaitExit,
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
