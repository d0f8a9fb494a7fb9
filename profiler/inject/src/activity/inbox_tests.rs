//! Made records, and what is told of them.

use super::*;

fn text(address: usize) -> Option<String> {
    let known = [(1, "gemm"), (2, "weft_clock"), (3, "layer 0"), (4, "NCCL")];
    known.iter().find(|(at, _)| *at == address).map(|(_, text)| (*text).to_owned())
}

fn kernel(name_address: usize, start_ns: u64) -> Record {
    Record::Kernel(cupti::Kernel {
        start_ns,
        end_ns: if start_ns == 0 { 0 } else { start_ns + 10 },
        device: 1,
        stream: 7,
        grid: [132, 1, 1],
        block: [384, 1, 1],
        correlation: 99,
        name_address,
        ..cupti::Kernel::default()
    })
}

fn marker(flags: u32, id: u32, at_ns: u64, thread: u32) -> Record {
    let is_named = flags != Marker::END;
    Record::Marker(Marker {
        at_ns,
        flags,
        id,
        thread: Some((1, thread)),
        name_address: if is_named { 3 } else { 0 },
        domain_address: if is_named { 4 } else { 0 },
    })
}

fn told(records: &[Record]) -> Vec<Event> {
    let mut inbox = Inbox::default();
    records.iter().for_each(|record| inbox.take(record, text));
    inbox.end();
    inbox.drain()
}

fn lost(events: &[Event]) -> Vec<(&str, u64)> {
    let lost = events.iter().filter_map(|event| match event {
        Event::Lost { cause, count } => Some((cause.as_str(), *count)),
        _ => None,
    });
    lost.collect()
}

#[test]
fn a_kernel_is_named_once_a_recording_and_our_own_is_left_out() {
    let mut inbox = Inbox::default();
    for record in [kernel(1, 100), kernel(2, 120), kernel(1, 140), kernel(1, 0)] {
        inbox.take(&record, text);
    }
    assert_eq!(inbox.count(), 4);
    let events = inbox.drain();
    assert_eq!(events[0], Event::Kernel(Kernel { id: 0, name: "gemm".to_owned() }));
    let Event::Kernels(runs) = &events[1] else { panic!("{events:?}") };
    assert_eq!(runs.iter().map(|run| run.start_cupti_ns).collect::<Vec<_>>(), [100, 140]);
    assert_eq!((runs[0].device, runs[0].stream, runs[0].correlation), (1, 7, 99));
    assert_eq!(lost(&events), [("kernels without times", 1)]);
    inbox.take(&kernel(1, 160), text);
    assert!(matches!(inbox.drain()[..], [Event::Kernels(_)]));
    inbox.begin();
    inbox.take(&kernel(1, 180), text);
    assert!(matches!(inbox.drain()[..], [Event::Kernel(Kernel { id: 0, .. }), Event::Kernels(_)]));
}

#[test]
fn nodes_of_graphs_are_told_apart() {
    let node = cupti::Kernel {
        start_ns: 5,
        end_ns: 6,
        name_address: 1,
        graph: 3,
        graph_node: 12_884_901_890,
        ..cupti::Kernel::default()
    };
    let copy =
        cupti::Memcpy { start_ns: 7, end_ns: 9, copy_kind: 8, graph_node: 4, ..Default::default() };
    let events = told(&[Record::Kernel(node), Record::Memcpy(copy)]);
    let (Event::Kernels(runs), Event::Copies(copies)) = (&events[1], &events[2]) else {
        panic!("{events:?}")
    };
    assert_eq!(runs[0].node, Some(GraphNode { graph: Some(3), node: 12_884_901_890 }));
    assert_eq!(copies[0].node, Some(GraphNode { graph: None, node: 4 }));
    assert_eq!(copies[0].moved, Moved::Copy { kind: 8, from: 0, to: 0 });
}

#[test]
fn ranges_meet_their_ends_in_whatever_order_they_come() {
    let events = told(&[
        marker(Marker::START, 1, 100, 5),
        marker(Marker::END, 2, 190, 6),
        marker(Marker::END, 1, 150, 5),
        marker(Marker::START, 2, 110, 5),
        marker(Marker::INSTANT, 3, 200, 5),
        marker(Marker::START, 4, 210, 5),
        marker(Marker::END, 5, 220, 5),
    ]);
    let Event::Ranges(ranges) = &events[0] else { panic!("{events:?}") };
    let seen: Vec<_> = ranges
        .iter()
        .map(|it| (it.start_cupti_ns, it.end_cupti_ns, it.tid, it.ended_elsewhere))
        .collect();
    assert_eq!(
        seen,
        [(100, 150, Some(5), false), (110, 190, Some(5), true), (200, 200, Some(5), false)]
    );
    assert_eq!((ranges[0].name.as_str(), ranges[0].domain.as_str()), ("layer 0", "NCCL"));
    assert_eq!(
        lost(&events),
        [
            ("NVTX ranges that were open at the beginning", 1),
            ("NVTX ranges that were open at the end", 1)
        ]
    );
}

#[test]
fn what_others_have_asked_for_is_not_counted_and_what_is_cut_short_is() {
    let mut inbox = Inbox::default();
    inbox.take(&Record::Other(51), text);
    inbox.take(&Record::Overhead(cupti::Overhead::default()), text);
    assert_eq!((inbox.count(), inbox.drain()), (0, vec![]));
    assert_eq!(
        lost(&told(&[Record::TooShort(10, 4)])),
        [("CUPTI's records that were cut short", 1)]
    );
}

#[test]
fn many_records_are_several_events() {
    let records: Vec<Record> = (1..=9000).map(|at| kernel(1, at)).collect();
    let lengths: Vec<usize> = told(&records)
        .iter()
        .filter_map(|event| match event {
            Event::Kernels(runs) => Some(runs.len()),
            _ => None,
        })
        .collect();
    assert_eq!(lengths, [4096, 4096, 808]);
}
