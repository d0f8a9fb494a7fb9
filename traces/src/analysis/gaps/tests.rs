use proptest::prelude::*;

use super::*;
use crate::analysis::{Config, breakdown, testing::trace};

fn report(text: &str) -> GapReport {
    gaps(&Ops::of(&trace(text), &Config::default()))
}

const WOVEN: &str = "rank 0
    marks 0: mark 0..100 step0
    stream 0: gemm 0..20 qkv; gemm 50..60 up; norm 90..95 norm
    stream 1: comm 10..30 ar; comm 60..80 ar
    stream 2: memcpy 70..80 copy; memcpy 85..85 empty
    rank 1
    stream 0: gemm 5..10 qkv";

#[test]
fn a_gap_lies_between_the_ops_of_all_streams() {
    let report = report(WOVEN);
    let gaps = report.longest.iter().map(|gap| {
        let names = (gap.before.name.as_str(), gap.after.name.as_str());
        ((gap.span.start_ns, gap.span.end_ns), names, gap.iteration, gap.launch)
    });
    let expected =
        [((30, 50), ("ar", "up"), Some(0), None), ((80, 90), ("ar", "norm"), Some(0), None)];
    assert_eq!(gaps.collect::<Vec<_>>(), expected);
    let ranks: Vec<_> = report.ranks.iter().map(|rank| (rank.count, rank.total_ns)).collect();
    assert_eq!(ranks, [(2, 30), (0, 0)]);
    assert!(report.ranks.iter().all(|rank| rank.unlaunched_ns.is_none()), "unknown, not 0");
}

#[test]
fn of_several_ops_before_the_one_of_the_same_stream_is_named() {
    let text = "rank 0
        stream 0: gemm 0..20 one
        stream 1: gemm 0..20 two; gemm 30..40 three
        stream 2: gemm 30..40 four";
    let gap = &report(text).longest[0];
    assert_eq!((gap.before.name.as_str(), gap.after.name.as_str()), ("two", "three"));
}

#[test]
fn launched_late_is_told_from_waited() {
    let text = "rank 0
        host 1: host 0..5 launch1; host 8..12 launch2; host 120..130 launch3; host 195..205 launch4
        stream 0: gemm 20..40 one; gemm 100..110 two; gemm 150..160 three; gemm 200..210 four
        launch launch1@0 -> one@20
        launch launch2@8 -> two@100
        launch launch3@120 -> three@150
        launch launch4@195 -> four@200";
    let report = report(text);
    let launches = report.longest.iter().map(|gap| {
        let launch = gap.launch.expect("all calls are known");
        let cause = gap.cause;
        (gap.after.name.as_str(), gap.span.len_ns(), launch.delay_ns, launch.unlaunched_ns, cause)
    });
    // Ready before the gap; launched in the middle of it; running before its call had returned.
    let expected = [
        ("two", 60, 88, 0, Some(IdleCause::BetweenKernels)),
        ("three", 40, 20, 20, Some(IdleCause::Launch)),
        ("four", 40, 0, 40, Some(IdleCause::HostBusy)),
    ];
    assert_eq!(launches.collect::<Vec<_>>(), expected);
    assert_eq!(report.ranks[0].unlaunched_ns, Some(60));
}

proptest! {
    #[test]
    fn gaps_equal_counting_every_idle_nanosecond(
        ops in proptest::collection::vec((0..3_usize, 0..3_usize, 0..15_i64, 0..9_i64), 1..30),
    ) {
        let kinds = ["gemm", "comm", "memcpy"];
        let mut text = "rank 0\n".to_owned();
        let mut free = [0; 3];
        let mut busy = std::collections::BTreeSet::new();
        for &(stream, kind, gap, len) in &ops {
            let start = free[stream] + gap;
            free[stream] = start + len;
            busy.extend(start..start + len);
            text += &format!("stream {stream}: {} {start}..{} x\n", kinds[kind], start + len);
        }
        let trace = trace(&text);
        let ops = Ops::of(&trace, &Config::default());
        let report = gaps(&ops);
        let hull = busy.first().zip(busy.last()).map_or(0..0, |(&first, &last)| first..last);
        let idle: Vec<i64> = hull.filter(|at| !busy.contains(at)).collect();
        let mut found: Vec<i64> =
            report.longest.iter().flat_map(|gap| gap.span.start_ns..gap.span.end_ns).collect();
        found.sort_unstable();
        prop_assert_eq!(&found, &idle);
        prop_assert_eq!(report.ranks[0].total_ns, breakdown(&ops).ranks[0].idle_ns);
        prop_assert_eq!(gap_spans(&trace, 0).len_ns(), idle.len() as i64);
        for gap in &report.longest {
            let [before, after] = [&gap.before, &gap.after].map(|op| trace.span_of(op.slice));
            prop_assert_eq!((before.end_ns, after.start_ns), (gap.span.start_ns, gap.span.end_ns));
        }
    }
}
