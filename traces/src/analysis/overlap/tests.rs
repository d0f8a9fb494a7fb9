//! Overlap on traces made by hand, and against a brute-force twin.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::analysis::{Config, testing::trace};

fn only_rank(text: &str) -> RankOverlap {
    let mut report = overlap(&Ops::of(&trace(text), &Config::default()));
    assert_eq!(report.ranks.len(), 1);
    report.ranks.pop().expect("one rank")
}

fn overlap_of_each(traces: &[&Trace]) -> Vec<OverlapReport> {
    Ops::together(traces, &Config::default()).iter().map(overlap).collect()
}

#[test]
fn hidden_and_exposed_parts_of_one_collective() {
    let rank = only_rank(
        "rank 0
         stream 7: gemm 0..100 gate_up; memcpy 120..130 copy; norm 150..160 norm
         stream 17: comm 60..140 ar",
    );
    let figures = rank.total;
    assert_eq!(
        figures,
        OverlapFigures {
            span_ns: 160,
            compute_ns: 110,
            comm_ns: 80,
            overlap_ns: 40,
            exposed_comm_ns: 40,
            exposed_memcpy_ns: 0,
            idle_ns: 10,
            wait_ns: None,
            overlap_pct: Some(50.0),
            sm_weighted_pct: None,
        }
    );
    assert_eq!(rank.wait_method, WaitMethod::SingleRank);
}

#[test]
fn copies_are_a_term_of_the_span() {
    let rank = only_rank("rank 0\n stream 7: memcpy 0..50 in; gemm 60..100 g; memcpy 100..200 out");
    let total = rank.total;
    assert_eq!((total.span_ns, total.exposed_memcpy_ns, total.idle_ns), (200, 150, 10));
}

#[test]
fn a_rank_without_kernels_is_all_zero() {
    let nothing_waits = OverlapFigures { wait_ns: Some(0), ..OverlapFigures::default() };
    assert_eq!(only_rank("rank 3").total, nothing_waits);
}

#[test]
fn a_kernel_on_few_sms_hides_little() {
    let rank = only_rank(
        "sms 4
         rank 0
         stream 0: gemm 0..100 g
         stream 1: comm 0..100 ar
         sm 0: gemm 0..100 g
         sm 0.1: gemm 20..70 g
         sm 1: gemm 0..50 g
         sm 2: comm 0..100 ar",
    );
    assert_eq!(rank.total.overlap_pct, Some(100.0));
    assert_eq!(rank.total.sm_weighted_pct, Some(37.5));
}

#[test]
fn a_kernel_belongs_to_the_iteration_it_starts_in() {
    let rank = only_rank(
        "rank 0
         marks 0: mark 0..100 step0; mark 100..200 step1
         stream 0: gemm 0..90 g; gemm 95..120 g; gemm 150..160 g
         stream 1: comm 80..110 ar",
    );
    let per: Vec<_> = rank
        .iterations
        .iter()
        .map(|it| (it.iteration.name.as_str(), it.figures.compute_ns, it.figures.overlap_ns))
        .collect();
    assert_eq!(per, [("step0", 115, 25), ("step1", 10, 0)]);
}

#[test]
fn a_window_cuts_kernels() {
    let trace = trace("rank 0\n stream 0: gemm 0..100 g\n stream 1: comm 50..150 ar");
    let config = Config { window: Some(Span::new(80, 120)), ..Config::default() };
    let total = overlap(&Ops::of(&trace, &config)).ranks[0].total;
    assert_eq!(
        (total.span_ns, total.compute_ns, total.comm_ns, total.overlap_ns),
        (40, 20, 40, 20)
    );
}

#[test]
fn the_rank_that_arrives_first_waits_for_the_last() {
    let trace = trace(
        "rank 0
         stream 0: comm 100..200 ar op=1; comm 300..340 ar op=2
         rank 1
         stream 0: comm 130..200 ar op=1; comm 390..430 ar op=2",
    );
    let report = overlap(&Ops::of(&trace, &Config::default()));
    let waits: Vec<_> =
        report.ranks.iter().map(|rank| (rank.total.wait_ns, rank.wait_method)).collect();
    // The second wait is cut to the kernel's own 40 ns.
    assert_eq!(waits, [(Some(70), WaitMethod::Arrival), (Some(0), WaitMethod::Arrival)]);
}

#[test]
fn ranks_in_two_files_are_matched_by_turn_on_the_common_clock() {
    let early = trace("world 2\n base 1000\n rank 0\n stream 7: comm 0..50 nccl; comm 60..90 nccl");
    let late = trace("world 2\n base 1020\n rank 1\n stream 7: comm 10..30 nccl; comm 38..70 nccl");
    let reports = overlap_of_each(&[&early, &late]);
    let waits: Vec<_> = reports.iter().map(|report| report.ranks[0].total.wait_ns).collect();
    assert_eq!(waits, [Some(30), Some(2)]);
    let alone = overlap(&Ops::of(&early, &Config::default()));
    assert_eq!(alone.ranks[0].total.wait_ns, None, "when the other came is not known");
}

#[test]
fn two_runs_opened_together_are_not_mixed() {
    let first = trace("base 1000\n rank 0\n stream 7: comm 0..50 nccl");
    let second = trace("base 9000\n rank 1\n stream 7: comm 0..50 nccl");
    let reports = overlap_of_each(&[&first, &second]);
    assert!(reports.iter().all(|report| report.ranks[0].wait_method == WaitMethod::SingleRank));
}

#[test]
fn two_runs_merged_into_one_trace_are_not_mixed() {
    let trace = trace(
        "rank 0\n stream 7: comm 0..50 nccl\n rank 1\n stream 7: comm 40..60 nccl
         rank 2\n stream 7: comm 900..950 nccl\n rank 3\n stream 7: comm 905..950 nccl",
    );
    let report = overlap(&Ops::of(&trace, &Config::default()));
    let waits: Vec<_> = report.ranks.iter().map(|rank| rank.total.wait_ns).collect();
    assert_eq!(waits, [40, 0, 5, 0].map(Some));
}

#[test]
fn a_collective_that_one_rank_lacks_shifts_no_other() {
    let trace = trace(
        "rank 0\n stream 0: comm 0..50 nccl; comm 60..90 nccl\n rank 1\n stream 0: comm 10..50 nccl",
    );
    let report = overlap(&Ops::of(&trace, &Config::default()));
    let of = |rank: &RankOverlap| (rank.wait_method, rank.total.wait_ns, rank.unmatched);
    let got: Vec<_> = report.ranks.iter().map(of).collect();
    assert_eq!(got, [(WaitMethod::Arrival, Some(10), 1), (WaitMethod::Arrival, Some(0), 0)]);
}

#[test]
fn collectives_of_other_kinds_do_not_match_and_waiting_is_unknown() {
    let trace = trace(
        "rank 0\n stream 0: comm 0..50 nccl_AllReduce\n rank 1\n stream 0: comm 10..50 nccl_AllGather",
    );
    let report = overlap(&Ops::of(&trace, &Config::default()));
    assert!(report.ranks.iter().all(|rank| rank.wait_method == WaitMethod::Unmatched));
    assert!(report.ranks.iter().all(|rank| (rank.total.wait_ns, rank.unmatched) == (None, 1)));
}

#[test]
fn sequence_numbers_survive_a_lost_record() {
    let trace = trace(
        "rank 0
         stream 0: comm 0..50 nccl seq=5; comm 60..90 nccl seq=6
         rank 1
         stream 0: comm 70..90 nccl seq=6",
    );
    let report = overlap(&Ops::of(&trace, &Config::default()));
    assert_eq!(report.ranks[0].total.wait_ns, Some(10));
    assert_eq!(report.ranks[0].wait_method, WaitMethod::Arrival);
}

#[test]
fn barrier_times_of_blocks_are_preferred() {
    let trace = trace(
        "rank 0
         stream 1: comm 0..100 ar op=1
         sm 0: wait 0..40 ar op=1; comm 40..100 ar op=1
         sm 1: wait 0..20 ar op=1; comm 20..100 ar op=1
         rank 1
         stream 1: comm 50..100 ar op=1
         sm 0: comm 50..100 ar op=1",
    );
    let report = overlap(&Ops::of(&trace, &Config::default()));
    let first = &report.ranks[0];
    assert_eq!((first.total.wait_ns, first.wait_method), (Some(30), WaitMethod::Measured));
    assert_eq!(report.ranks[1].wait_method, WaitMethod::Arrival);
}

#[test]
fn barriers_tell_of_waiting_even_with_one_rank() {
    let rank = only_rank(
        "rank 0
         stream 1: comm 0..100 ar op=1
         sm 0: wait 0..40 ar op=1; comm 40..100 ar op=1",
    );
    assert_eq!((rank.total.wait_ns, rank.wait_method), (Some(40), WaitMethod::Measured));
}

proptest! {
    #[test]
    fn figures_equal_counting_every_nanosecond(
        ops in proptest::collection::vec((0..5_u32, 0..4_usize, 0..150_i64, 0..30_i64), 0..25),
    ) {
        let kinds = ["gemm", "other", "comm", "memcpy"];
        let mut text = "rank 0\n".to_owned();
        let mut sorted = ops.clone();
        sorted.sort_by_key(|op| op.2);
        for &(stream, kind, start, len) in &sorted {
            let end = start + len;
            text += &format!("stream {stream}: {} {start}..{end} x\n", kinds[kind]);
        }
        let bits = |wanted: &[usize]| -> BTreeSet<i64> {
            let of = ops.iter().filter(|op| wanted.contains(&op.1));
            of.flat_map(|op| op.2..op.2 + op.3).collect()
        };
        let (compute, comm) = (bits(&[0, 1]), bits(&[2]));
        let both = &compute & &comm;
        let copies = bits(&[3]);
        let either = &(&compute | &comm) | &copies;
        let span = match (either.first(), either.last()) {
            (Some(first), Some(last)) => last + 1 - first,
            _ => 0,
        };
        let total = only_rank(&text).total;
        prop_assert_eq!(total.compute_ns, compute.len() as i64);
        prop_assert_eq!(total.comm_ns, comm.len() as i64);
        prop_assert_eq!(total.overlap_ns, both.len() as i64);
        prop_assert_eq!(total.exposed_comm_ns, (&comm - &compute).len() as i64);
        prop_assert_eq!(total.exposed_memcpy_ns, (&(&copies - &comm) - &compute).len() as i64);
        prop_assert_eq!(total.span_ns, span);
        prop_assert_eq!(total.idle_ns, span - either.len() as i64);
    }
}
