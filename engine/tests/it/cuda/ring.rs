//! Stamps become block records: every one is placed or counted, and no two of a slot overlap.

use std::collections::BTreeMap;

use proptest::prelude::*;
use weftscope_engine::{
    clock::{ClockFit, ClockPair},
    cuda::{RingLoss, block_records, marked_ops},
    observer::BlockPart,
};
use weftscope_kernels::abi::{Stamp, StampKind};

/// Host time = device time + 500.
fn clock() -> ClockFit {
    ClockFit::fit(&[ClockPair { device_ns: 0, host_ns: 500, half_width_ns: 1 }])
        .expect("one pair fits")
}

fn stamp(start_ns: u64, end_ns: u64, sm: u16, kind: u16, op: u32) -> Stamp {
    Stamp { start_ns, end_ns, op, item: 3, sm, kind, aux: 0 }
}

#[test]
fn kinds_become_parts() {
    let kinds = [StampKind::BarrierEntry, StampKind::Rows, StampKind::BarrierExit];
    let stamps: Vec<_> = kinds
        .iter()
        .zip(0u64..)
        .map(|(kind, i)| stamp(10 * i, 10 * i + 10, 5, *kind as u16, 1))
        .collect();
    let (records, loss) = block_records(&stamps, 0, 2, 4, &clock());
    let parts: Vec<_> = records.iter().map(|record| record.part).collect();
    assert_eq!(parts, [BlockPart::WaitEntry, BlockPart::Run, BlockPart::WaitExit]);
    assert_eq!(
        (records[1].start_ns, records[1].rank, records[1].slot, records[1].block),
        (510, 2, 0, 3)
    );
    assert_eq!(loss, RingLoss::default());
}

#[test]
fn what_cannot_be_used_is_counted() {
    let stamps = [
        stamp(0, 10, 0, 99, 0),
        stamp(0, 10, 0, 1, 7),
        stamp(10, 0, 0, 1, 0),
        stamp(0, 10, 0, 1, 0),
    ];
    let (records, loss) = block_records(&stamps, 12, 0, 4, &clock());
    assert_eq!((records.len(), loss), (1, RingLoss { overflowed: 12, unreadable: 3 }));
}

#[test]
fn marks_span_an_op_and_are_no_blocks() {
    let mark = |at: u64, item: u32, op: u32| Stamp {
        item,
        ..stamp(at, at, 0, StampKind::Mark as u16, op)
    };
    let stamps = [mark(30, 1, 2), mark(10, 0, 2), mark(40, 0, 3), stamp(0, 5, 0, 1, 0)];
    let (records, loss) = block_records(&stamps, 0, 1, 4, &clock());
    assert_eq!((records.len(), loss), (1, RingLoss::default()));
    let spans = marked_ops(&stamps, 1, 4, &clock());
    assert_eq!(spans.len(), 1, "op 3 was never left");
    assert_eq!((spans[0].op.0, spans[0].start_ns, spans[0].end_ns), (2, 510, 530));
}

proptest! {
    #[test]
    fn slots_never_overlap(raw in proptest::collection::vec((0u64..500, 0u64..60, 0u16..4), 0..300)) {
        let stamps: Vec<_> = raw.iter().map(|&(start, len, sm)| stamp(start, start + len, sm, 1, 0)).collect();
        let (records, loss) = block_records(&stamps, 0, 0, 1, &clock());
        prop_assert_eq!(records.len() as u64 + loss.unreadable, stamps.len() as u64);
        let mut ends: BTreeMap<(u16, u8), i64> = BTreeMap::new();
        for record in &records {
            let end = ends.entry((record.sm, record.slot)).or_insert(i64::MIN);
            prop_assert!(*end <= record.start_ns);
            *end = record.end_ns;
        }
    }
}
