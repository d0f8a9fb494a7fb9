//! Rows against the reports that they must add up to, and blocks against looking at each op for each block.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::analysis::testing::trace;
use crate::analysis::{Config, Ops, exposed, overlap, skew};
use crate::{Span, Trace, TrackKind};

/// A made-up run of two ranks: `(gap, length, late)` an op, each with a block and a collective behind it.
fn run(pieces: &[(i64, i64, i64)]) -> Trace {
    let mut text = "world 2\nsms 2\n".to_owned();
    for rank in 0..2 {
        let (mut at, mut compute, mut comm, mut blocks) =
            (0, String::new(), String::new(), String::new());
        let mut free = 0;
        for (op, &(gap, len, late)) in pieces.iter().enumerate() {
            let start = at + gap;
            let end = start + len;
            let _infallible = write!(compute, "gemm {start}..{end} up L{op} op={};", 2 * op);
            let _infallible =
                write!(blocks, "gemm {start}..{} up L{op} op={};", start + len / 2, 2 * op);
            let arrived = (start + late * (1 - rank)).max(free);
            free = arrived.max(start + late) + len + 1;
            let _infallible =
                write!(comm, "comm {arrived}..{free} ar L{op} op={} link=1000;", 2 * op + 1);
            at = end;
        }
        let half = at / 2;
        let _infallible = writeln!(
            text,
            "rank {rank}\nmarks 0: mark 0..{half} step4; mark {half}..{} step5\nstream 0: {compute}\nstream 1: {comm}\nsm 0: {blocks}",
            at + 1
        );
    }
    trace(&text)
}

fn blocks_ns(trace: &Trace, of: u32) -> (u64, i64) {
    let is_sm = |lane: &&crate::Lane| matches!(trace.track(lane.track).kind, TrackKind::Sm { rank, .. } if rank == of);
    let lanes = || trace.lanes.iter().filter(is_sm);
    let spans = lanes().flat_map(|lane| (0..lane.slices.len()).map(|row| lane.slices.span(row)));
    (lanes().map(|lane| lane.slices.len() as u64).sum(), spans.map(Span::len_ns).sum())
}

proptest! {
    #[test]
    fn rows_add_up_to_the_reports(
        pieces in proptest::collection::vec((0..9_i64, 0..30_i64, 0..12_i64), 1..20),
    ) {
        let trace = run(&pieces);
        let ops = Ops::of(&trace, &Config::default());
        let (overlap, exposed, skew) = (overlap(&ops), exposed(&ops), skew(&ops));
        let mut arrivals: Vec<(u32, i64)> = Vec::new();
        for ((rank, of), exposed) in ops.ranks.iter().zip(&overlap.ranks).zip(&exposed.ranks) {
            let digest = of_rank(&ops, rank, of);
            let rows: Vec<OpRow<'_>> = digest.op_rows().collect();
            let sum = |get: fn(&OpRow<'_>) -> Option<i64>| rows.iter().filter_map(get).sum::<i64>();
            prop_assert_eq!(rows.len(), rank.ops.len());
            prop_assert_eq!(sum(|row| row.exposed_ns), exposed.exposed_ns);
            prop_assert_eq!(sum(|row| row.exposed_ns), of.total.exposed_comm_ns);
            prop_assert_eq!(sum(|row| row.hidden_ns), of.total.overlap_ns);
            prop_assert_eq!(Some(sum(|row| row.wait_ns)), of.total.wait_ns);
            let (count, all_ns) = blocks_ns(&trace, rank.rank);
            let tally = digest.tally();
            prop_assert_eq!((tally.blocks, tally.blocks_outside), (count, 0));
            prop_assert_eq!(sum(|row| row.sm_ns), all_ns);
            let of_iterations = &digest.iteration_rows;
            prop_assert_eq!(of_iterations.len(), of.iterations.len());
            for (row, it) in of_iterations.iter().zip(&of.iterations) {
                let own = || rows.iter().filter(|op| op.iteration == row.iteration);
                prop_assert_eq!(own().count() as i64, row.ops);
                prop_assert_eq!(row.exposed_ns, it.figures.exposed_comm_ns);
                prop_assert_eq!(row.hidden_ns, it.figures.overlap_ns);
                prop_assert_eq!(row.sm_ns, Some(own().filter_map(|op| op.sm_ns).sum()));
                prop_assert_eq!(row.end_ns - row.start_ns, it.figures.span_ns);
            }
            let comm = rows.iter().filter_map(|row| row.collective?.arrival_ns);
            arrivals.extend(comm.map(|at_ns| (rank.rank, at_ns)));
        }
        let mut expected: Vec<(u32, i64)> = skew
            .collectives
            .iter()
            .flat_map(|it| it.late_ns.iter().map(|&(rank, late_ns)| (rank, it.first_ns + late_ns)))
            .collect();
        arrivals.sort_unstable();
        expected.sort_unstable();
        prop_assert_eq!(expected.len(), 2 * pieces.len());
        prop_assert_eq!(arrivals, expected);
    }

    /// Oracle: every op asked for every block.
    #[test]
    fn a_block_belongs_to_the_op_of_its_label_that_runs(
        runs in proptest::collection::vec((0..4_i64, 0..6_i64, 0..2_usize), 1..12),
        blocks in proptest::collection::vec((0..50_i64, 1..8_i64, 0..2_usize), 0..12),
    ) {
        let name = |which: usize| ["a", "b"][which];
        let mut text = "rank 0\nstream 0: ".to_owned();
        let (mut at, mut spans) = (0, Vec::new());
        for &(gap, len, which) in &runs {
            let span = Span::new(at + gap, at + gap + len);
            let _infallible = write!(text, "gemm {}..{} {};", span.start_ns, span.end_ns, name(which));
            at = span.end_ns;
            spans.push((span, which));
        }
        for (slot, &(start, len, which)) in blocks.iter().enumerate() {
            let _infallible = write!(text, "\nsm 0.{slot}: gemm {start}..{} {}", start + len, name(which));
        }
        let trace = trace(&text);
        let ops = Ops::of(&trace, &Config::default());
        let found = sm_times(&trace, &ops.ranks[0]);
        let mut expected: Vec<Option<i64>> = vec![None; spans.len()];
        let mut outside = 0;
        for &(start, len, which) in &blocks {
            let block = Span::new(start, start + len);
            let mut of_label = spans.iter().enumerate().filter(|(_, (_, of))| *of == which);
            let started = of_label.clone().rfind(|(_, (span, _))| span.start_ns <= start);
            let next = of_label.find(|(_, (span, _))| span.start_ns > start);
            let runs = started.filter(|(_, (span, _))| start < span.end_ns || start == span.start_ns);
            match runs.or(next.filter(|(_, (span, _))| span.start_ns < block.end_ns)) {
                Some((at, _)) => *expected[at].get_or_insert(0) += len,
                None => outside += 1,
            }
        }
        match found {
            None => prop_assert!(blocks.is_empty()),
            Some(found) => {
                prop_assert_eq!(found.by_op_ns, expected);
                prop_assert_eq!((found.blocks, found.outside), (blocks.len() as u64, outside));
            }
        }
    }
}

#[test]
fn waits_are_of_their_collective() {
    let text = "rank 0
        stream 0: gemm 0..40 up op=1
        stream 1: comm 10..30 ar op=2; comm 35..50 gather
        sm 0: gemm 0..40 up op=1
        sm 1: wait 10..14 ar_wait; comm 14..30 ar op=2; wait 36..39 gather_wait; comm 39..50 gather
        sm 2: wait 12..20 ar_wait op=2; wait 60..61 ar_wait";
    let trace = trace(text);
    let ops = Ops::of(&trace, &Config::default());
    let found = sm_times(&trace, &ops.ranks[0]).expect("blocks");
    assert_eq!(found.by_op_ns, [Some(40), Some(28), Some(14)]);
    assert_eq!((found.blocks, found.outside), (7, 1));
}

#[test]
fn what_is_not_known_is_null() {
    let alone = trace("rank 0\nstream 0: gemm 0..10 up\nstream 1: comm 5..15 my_comm");
    let ops = Ops::of(&alone, &Config::default());
    let report = overlap(&ops);
    let digest = of_rank(&ops, &ops.ranks[0], &report.ranks[0]);
    let rows: Vec<OpRow<'_>> = digest.op_rows().collect();
    assert_eq!((rows[0].exposed_ns, rows[0].sm_ns, rows[0].collective), (None, None, None));
    assert_eq!((rows[1].exposed_ns, rows[1].wait_ns), (Some(5), None));
    let comm = rows[1].collective.expect("it communicates");
    assert_eq!((comm.operation, comm.group, comm.bytes), ("my_comm", None, None));
    let row = &digest.iteration_rows[0];
    assert_eq!((row.iteration, row.wait_ns, row.sm_ns), (None, None, None));
    let tally = digest.tally();
    assert_eq!((tally.without_group, tally.unknown_waits, tally.ops_outside), (1, 1, 0));
}

#[test]
fn a_collective_is_known_by_its_group_and_its_turn() {
    let text = "base 1000
        rank 3
        marks 0: mark 0..100 step7; mark 100..200 step8
        stream 1: comm 0..5 ncclDevKernel_AllReduce_Sum seq=4 pg=tp members=2,3 nelems=8 dtype=BFloat16
        stream 1: comm 10..15 ncclDevKernel_AllReduce_Sum seq=5 pg=tp members=2,3 nelems=8 dtype=BFloat16
        stream 1: comm 110..115 ncclDevKernel_AllReduce_Sum seq=6 pg=tp members=2,3 nelems=8 dtype=BFloat16
        stream 1: comm 120..125 ncclDevKernel_SendRecv pg=pp members=1,3,5 src=1 dst=2
        stream 1: comm 250..255 ncclDevKernel_AllGather pg=tp";
    let trace = trace(text);
    let ops = Ops::of(&trace, &Config::default());
    let report = overlap(&ops);
    let digest = of_rank(&ops, &ops.ranks[0], &report.ranks[0]);
    let told: Vec<_> = digest
        .op_rows()
        .filter_map(|row| {
            let of = row.collective?;
            Some((row.iteration, of.operation, of.group, of.sequence, of.turn, of.synchronises))
        })
        .collect();
    let expected = [
        (Some(7), "all_reduce", Some("2-3"), Some(4), 0, true),
        (Some(7), "all_reduce", Some("2-3"), Some(5), 1, true),
        (Some(8), "all_reduce", Some("2-3"), Some(6), 0, true),
        (Some(8), "send_recv", Some("3,5"), None, 0, false),
        (None, "all_gather", Some("tp"), None, 0, true),
    ];
    assert_eq!(told, expected);
    let first = digest.op_rows().next().expect("ops");
    let of = first.collective.expect("it communicates");
    assert_eq!((first.start_ns, of.arrival_ns), (1000, Some(1000)));
    assert_eq!((of.bytes, of.link_bytes, of.ranks), (Some(16), Some(16), Some(2)));
    assert_eq!(digest.tally().ops_outside, 1);
}
