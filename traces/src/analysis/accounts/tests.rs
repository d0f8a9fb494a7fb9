use proptest::prelude::*;

use super::*;
use crate::analysis::{Config, breakdown, gaps, overlap, testing::trace};

fn only_rank(text: &str) -> RankAccount {
    accounts(&Ops::of(&trace(text), &Config::default())).ranks.remove(0)
}

/// One gap a cause: what stands before the colon is what the gap before `b` is put down to.
#[test]
fn every_cause_has_its_gap() {
    let with_host = |host: &str, more: &str| {
        format!(
            "rank 0
             host 1: {host}
             stream 7: gemm 0..100000 a; gemm 200000..210000 b
             {more}"
        )
    };
    let launch = "launch cudaLaunchKernel@190000 -> b@200000";
    let causes = |text: &str| only_rank(text).idle;
    let idle = IdleCauses::default();
    let busy = causes(&with_host("host 190000..195000 cudaLaunchKernel", launch));
    assert_eq!(busy, IdleCauses { host_busy_ns: 90_000, launch_ns: 10_000, ..idle });
    let sync = "host 50000..160000 cudaStreamSynchronize; host 190000..195000 cudaLaunchKernel";
    let sync = causes(&with_host(sync, launch));
    let expected = IdleCauses { host_sync_ns: 60_000, host_busy_ns: 30_000, ..busy };
    assert_eq!(sync, expected);
    let talk = "host 50000..160000 gloo:barrier; host 190000..195000 cudaLaunchKernel";
    let talk = causes(&with_host(talk, launch));
    assert_eq!(talk, IdleCauses { host_sync_ns: 0, other_rank_ns: 60_000, ..expected });
    let early = "launch cudaLaunchKernel@10 -> b@200000";
    let ready = causes(&with_host("host 10..95000 cudaLaunchKernel", early));
    assert_eq!(ready, IdleCauses { between_kernels_ns: 20_000, unknown_ns: 80_000, ..idle });
    let during = causes(&with_host("host 10..195000 cudaLaunchKernel", early));
    assert_eq!(during, IdleCauses { launch_ns: 95_000, between_kernels_ns: 5_000, ..idle });
    assert_eq!(causes(&with_host("", "")), IdleCauses { unknown_ns: 100_000, ..idle });
}

#[test]
fn dependencies_tell_what_a_ready_op_waited_for() {
    let causes = |more: &str, flow: &str| {
        let text = format!("rank 0\nstream 7: gemm 0..10 a; gemm 50..60 b\n{more}\n{flow}");
        only_rank(&text).idle
    };
    let idle = IdleCauses::default();
    let own = causes("", "flow a@0 -> b@50");
    assert_eq!(own, IdleCauses { between_kernels_ns: 40, ..idle });
    let stream = causes("stream 8: comm 5..20 c", "flow c@5 -> b@50");
    assert_eq!(stream, IdleCauses { other_stream_ns: 30, ..idle });
    let rank = causes("rank 1\nstream 8: comm 5..45 c", "flow c@5 -> b@50");
    assert_eq!(rank, IdleCauses { other_rank_ns: 40, ..idle });
}

#[test]
fn launches_that_come_late_in_a_row_are_a_stretch() {
    let mut text = "rank 0\nhost 1:".to_owned();
    for at in 0..10 {
        text += &format!(" host {}..{} cudaLaunchKernel;", at * 100 + 50, at * 100 + 55);
    }
    text += "\nstream 7:";
    for at in 0..10 {
        // The sixth is long, so that the next call comes in time.
        let end = at * 100 + if at == 5 { 158 } else { 80 };
        text += &format!(" gemm {}..{end} k{at};", at * 100 + 60);
    }
    for at in 0..10 {
        text += &format!("\nlaunch cudaLaunchKernel@{} -> k{at}@{}", at * 100 + 50, at * 100 + 60);
    }
    let bound = only_rank(&text).launch_bound.expect("launches are known");
    assert_eq!((bound.ops, bound.of_ops, bound.count), (8, 10, 1));
    let stretch = bound.longest[0];
    assert_eq!((stretch.span, stretch.ops), (Span::new(80, 980), 8));
    assert_eq!((stretch.idle_ns, bound.total_ns), (8 * 80, 900));
    assert_eq!(only_rank("rank 0\nstream 7: gemm 0..9 a; gemm 20..30 b").launch_bound, None);
}

/// What runs at a nanosecond decides its term.
fn counted(ops: &[(usize, i64, i64)]) -> [i64; 4] {
    let mut terms = [0; 4];
    let lively: Vec<_> = ops.iter().filter(|op| op.2 > 0).collect();
    let start = lively.iter().map(|op| op.1).min().unwrap_or(0);
    let end = lively.iter().map(|op| op.1 + op.2).max().unwrap_or(0);
    for at in start..end {
        let runs =
            |kind: usize| ops.iter().any(|op| op.0 == kind && op.1 <= at && at < op.1 + op.2);
        let term = match (runs(0), runs(1), runs(2)) {
            (true, ..) => 0,
            (_, true, _) => 1,
            (_, _, true) => 2,
            _ => 3,
        };
        terms[term] += 1;
    }
    terms
}

proptest! {
    /// The four terms of rank and iterations equal a sweep by nanosecond, the causes add up to idle, and breakdown, overlap
    /// and gaps say the same.
    #[test]
    fn accounts_add_up(
        ops in proptest::collection::vec((0..3_usize, 0..150_i64, 0..30_i64, proptest::option::of(0..60_i64)), 1..25),
        step in 1..80_i64,
        sync in (0..150_i64, 0..60_i64),
    ) {
        let mut ops = ops;
        ops.sort_by_key(|op| op.1);
        let kinds = ["norm", "comm", "memcpy"];
        let mut text = format!("rank 0\nmarks 0: mark 0..{step} s0; mark {step}..400 s1\n");
        let mut calls: Vec<(usize, i64)> = ops.iter().enumerate()
            .filter_map(|(at, op)| Some((at, op.1 - op.3?)))
            .collect();
        calls.sort_by_key(|call| call.1);
        text += &format!("host 1: host {}..{} cudaStreamSynchronize\n", sync.0 - 60, sync.0 - 60 + sync.1);
        for &(at, start) in &calls {
            text += &format!("host 1: host {start}..{} c{at}\n", start + 3);
        }
        for (at, &(kind, start, len, _)) in ops.iter().enumerate() {
            text += &format!("stream {}: {} {start}..{} x{at}\n", at % 3, kinds[kind], start + len);
        }
        for &(at, start) in &calls {
            text += &format!("launch c{at}@{start} -> x{at}@{}\n", ops[at].1);
        }
        let trace = trace(&text);
        let gathered = Ops::of(&trace, &Config::default());
        let rank = accounts(&gathered).ranks.remove(0);
        let terms = |it: &Account| [it.compute_ns, it.exposed_comm_ns, it.exposed_memcpy_ns, it.idle_ns];
        let plain = |from: i64, to: i64| -> Vec<(usize, i64, i64)> {
            ops.iter().filter(|op| (from..to).contains(&op.1)).map(|op| (op.0, op.1, op.2)).collect()
        };
        let whole = (&rank.total, &rank.idle, plain(i64::MIN, i64::MAX));
        let cut = [plain(0, step), plain(step, 400)];
        let parts = rank.iterations.iter().zip(cut).map(|(it, ops)| (&it.account, &it.idle, ops));
        for (account, idle, ops) in parts.chain([whole]) {
            prop_assert_eq!(terms(account), counted(&ops));
            prop_assert_eq!(terms(account).iter().sum::<i64>(), account.span.len_ns());
            prop_assert_eq!(idle.total_ns(), account.idle_ns);
        }
        let (down, over) = (&breakdown(&gathered).ranks[0], overlap(&gathered).ranks[0].total);
        let of_gaps = gaps(&gathered).ranks[0];
        prop_assert_eq!(terms(&rank.total), [down.compute_ns, down.exposed_comm_ns, down.exposed_memcpy_ns, down.idle_ns]);
        prop_assert_eq!(terms(&rank.total), [over.compute_ns, over.exposed_comm_ns, over.exposed_memcpy_ns, over.idle_ns]);
        prop_assert_eq!((of_gaps.total_ns, of_gaps.causes), (rank.total.idle_ns, rank.idle));
    }
}
