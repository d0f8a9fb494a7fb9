use proptest::prelude::*;

use super::*;
use crate::analysis::{Config, testing::trace};

fn report(text: &str) -> (crate::model::Trace, KernelReport) {
    let trace = trace(text);
    let report = kernel_stats(&Ops::of(&trace, &Config::default()));
    (trace, report)
}

fn kernel<'a>(report: &'a KernelReport, name: &str) -> &'a KernelStats {
    report.kernels.iter().find(|kernel| kernel.key.name == name).expect("it ran")
}

const TWO_STEPS: &str = "rank 0
    marks 0: mark 0..100 step0; mark 100..200 step1
    stream 0: gemm 0..10 up L0; gemm 20..40 up L1; norm 50..60 up; gemm 110..150 up L0; gemm 205..210 up
    sm 0: gemm 0..10 up L0
    rank 1
    stream 0: gemm 3..18 up L0; comm 30..95 ar";

#[test]
fn a_kernel_is_a_name_and_a_kind() {
    let (trace, report) = report(TWO_STEPS);
    let rows = report.kernels.iter().map(|kernel| {
        (kernel.key.name.as_str(), kernel.key.kind, kernel.durations.count, kernel.median_ns)
    });
    let expected =
        [("up", Kind::Gemm, 5, 15), ("ar", Kind::Comm, 1, 65), ("up", Kind::Norm, 1, 10)];
    assert_eq!(rows.collect::<Vec<_>>(), expected, "most time first, blocks not counted");
    let up = &report.kernels[0];
    assert_eq!((up.durations.total_ns, up.mean_ns, up.share), (90, 18.0, 90.0 / 165.0));
    let lengths: Vec<i64> = up.ops.iter().map(|&op| trace.span_of(op).len_ns()).collect();
    assert_eq!(lengths, [5, 10, 15, 20, 40]);
}

#[test]
fn ops_are_told_apart_by_rank_and_by_iteration() {
    let (trace, report) = report(TWO_STEPS);
    let of = |group: &GroupDurations| {
        let DurationStats { count, total_ns, .. } = group.durations;
        let longest_ns = trace.span_of(group.longest).len_ns();
        (group.rank, group.iteration, count, total_ns, longest_ns)
    };
    let up = kernel(&report, "up");
    let ranks: Vec<_> = up.ranks.iter().map(of).collect();
    assert_eq!(ranks, [(0, None, 4, 75, 40), (1, None, 1, 15, 15)]);
    // What starts after the last mark is of no iteration, and so is all of a rank without marks.
    let iterations: Vec<_> = up.iterations.iter().map(of).collect();
    assert_eq!(iterations, [(0, Some(0), 2, 30, 20), (0, Some(1), 1, 40, 40)]);
}

fn of_lengths(lengths: &[i64]) -> (crate::model::Trace, KernelReport) {
    let mut text = "rank 0\n".to_owned();
    let mut at = 0;
    for len in lengths {
        text += &format!("stream 0: gemm {at}..{} up\n", at + len);
        at += len + 5;
    }
    report(&text)
}

#[test]
fn far_from_all_others_is_an_outlier() {
    let (trace, report) = of_lengths(&[100, 104, 98, 101, 99, 250, 103, 102, 20]);
    let outliers = &report.kernels[0].outliers;
    // Quartiles 99 and 103.
    assert_eq!(outliers.fences_ns, Some([93.0, 109.0]));
    let found = outliers.furthest.iter();
    let found: Vec<_> =
        found.map(|o| (o.duration_ns, o.start_ns, trace.span_of(o.slice))).collect();
    let span = |start, len| crate::model::Span::new(start, start + len);
    assert_eq!(found, [(250, 527, span(527, 250)), (20, 997, span(997, 20))]);
    assert_eq!((outliers.count, outliers.furthest[0].of_median), (2, 250.0 / 101.0));
}

#[test]
fn few_ops_and_a_tick_of_the_clock_are_no_outliers() {
    let (_, few) = of_lengths(&[100, 100, 100, 100, 100, 100, 900]);
    assert_eq!(few.kernels[0].outliers, Outliers::default());
    let (_, tick) = of_lengths(&[100, 100, 100, 100, 100, 100, 100, 100, 104, 96]);
    let outliers = &tick.kernels[0].outliers;
    assert_eq!((outliers.fences_ns, outliers.count), (Some([95.0, 105.0]), 0));
}

#[test]
fn bins_grow_where_durations_lie_far_apart() {
    let (_, near) = of_lengths(&[100, 110, 120, 130, 140, 150, 160, 170]);
    let histogram = &near.kernels[0].histogram;
    // Quartiles 117.5 and 152.5 ask for two bins of 35, eight ops for four.
    let edges_ns = [100, 118, 136, 154, 172];
    assert_eq!((histogram.is_log, &histogram.edges_ns[..]), (false, &edges_ns[..]));
    assert_eq!(histogram.counts, [2, 2, 2, 2]);
    // Quartiles 101 and 103: 2 · 2 / 8^(1/3) = 2 wide.
    let (_, tail) = of_lengths(&[100, 101, 101, 102, 102, 103, 103, 115]);
    let histogram = &tail.kernels[0].histogram;
    assert_eq!(histogram.edges_ns, [100, 102, 104, 106, 108, 110, 112, 114, 116]);
    assert_eq!(histogram.counts, [3, 4, 0, 0, 0, 0, 0, 1]);
    let (_, far) = of_lengths(&[1, 10, 100, 1000, 10_000]);
    let histogram = &far.kernels[0].histogram;
    assert!(histogram.is_log, "{histogram:?}");
    let ratios = histogram.edges_ns.windows(2).skip(1).map(|e| e[1] as f64 / e[0] as f64);
    let (least, most) = ratios.fold((f64::MAX, 0.0_f64), |(l, m), r| (l.min(r), m.max(r)));
    assert!(most / least < 1.1, "{:?}", histogram.edges_ns);
    let (_, one) = of_lengths(&[7, 7, 7]);
    assert_eq!(one.kernels[0].histogram.edges_ns, [7, 8]);
}

proptest! {
    #[test]
    fn every_op_is_counted_once_in_bins_ranks_and_order(
        lengths in proptest::collection::vec(0..4000_i64, 1..60),
        scale in 1..40_i64,
    ) {
        let lengths: Vec<i64> = lengths.iter().map(|len| len / scale).collect();
        let (trace, report) = of_lengths(&lengths);
        let stats = &report.kernels[0];
        let mut sorted = lengths.clone();
        sorted.sort_unstable();
        let Histogram { edges_ns, counts, .. } = &stats.histogram;
        prop_assert!(edges_ns.windows(2).all(|edge| edge[0] < edge[1]));
        prop_assert_eq!(counts.iter().sum::<usize>(), lengths.len());
        for (bin, edge) in edges_ns.windows(2).enumerate() {
            let inside: Vec<i64> =
                sorted.iter().copied().filter(|len| (edge[0]..edge[1]).contains(len)).collect();
            let found = stats.ops_in_bin(bin).iter().map(|&op| trace.span_of(op).len_ns());
            prop_assert_eq!(found.collect::<Vec<_>>(), inside);
        }
        prop_assert_eq!(stats.ops_in_bin(counts.len()), &[]);
        prop_assert_eq!(stats.ranks[0].durations, stats.durations);
        let outside = sorted.iter().filter(|&&len| {
            let len = len as f64;
            stats.outliers.fences_ns.is_some_and(|[low, high]| len < low || len > high)
        });
        prop_assert_eq!(stats.outliers.count, outside.count());
    }
}
