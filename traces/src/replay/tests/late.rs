//! Ranks that are late, and what is left with nothing to wait for: by arithmetic.

use super::*;

/// Two iterations of 100 us a rank: a product of 60 us and an all-reduce of 40 us on a stream of its own, with or without launches.
fn iterations(ranks: u32, with_launches: bool) -> String {
    let mut text = String::from("measured\n");
    for rank in 0..ranks {
        let [mut marks, mut compute, mut comm, mut flows, mut host, mut launches] =
            [const { String::new() }; 6];
        for at in 0..2 {
            let start = 1_000_000 + 100_000 * at;
            let [gemm_end, end, call] = [start + 60_000, start + 100_000, start - 500_000];
            let [call_end, next] = [call + 1000, call + 2000];
            marks += &format!("mark {start}..{end} step{at}; ");
            compute += &format!("gemm {start}..{gemm_end} g op=0; ");
            comm += &format!("comm {gemm_end}..{end} ar op=1; ");
            flows += &format!(" flow g@{start} -> ar@{gemm_end}\n");
            if at > 0 {
                flows += &format!(" flow ar@{} -> g@{start}\n", gemm_end - 100_000);
            }
            host += &format!("host {call}..{call_end} l; host {next}..{} l; ", next + 1000);
            launches += &format!(" launch l@{call} -> g@{start}\n");
            launches += &format!(" launch l@{next} -> ar@{gemm_end}\n");
        }
        text += &format!(
            "rank {rank}\n marks 0: {marks}\n stream 7: {compute}\n stream 8: {comm}\n{flows}"
        );
        if with_launches {
            text += &format!(" host 1: {host}\n{launches}");
        }
    }
    text
}

fn lengths(replay: &Replay) -> Vec<Vec<i64>> {
    let spans = replay.iteration_spans(&replay.run().spans);
    spans.iter().map(|spans| spans.iter().map(|span| span.len_ns()).collect()).collect()
}

/// Rank 0 waits for it in the first iteration, and then begins as soon as it may.
#[test]
fn every_iteration_of_every_rank_takes_as_much_longer_as_one_is_late() {
    for with_launches in [false, true] {
        let recorded = trace(&iterations(2, with_launches));
        let replay = replay_of(&recorded);
        assert_eq!(replay.understood.launched, if with_launches { 8 } else { 0 });
        assert_eq!(lengths(&replay), [[100_000; 2]; 2]);
        for late in [1, 25_000, 3_000_000] {
            let late_replay = edited(&recorded, &format!("straggler=1:{late}ns")).replay;
            assert_eq!(lengths(&late_replay), [[100_000 + late; 2]; 2], "{with_launches} {late}");
            assert_eq!(end_ns(&late_replay), end_ns(&replay) + 2 * late);
        }
    }
}

#[test]
fn nobody_waits_for_a_late_rank_where_nothing_is_matched() {
    let recorded = trace(&iterations(2, true).replace("comm", "gemm"));
    let late = edited(&recorded, "straggler=0:25000ns").replay;
    assert_eq!(lengths(&late), [[125_000; 2], [100_000; 2]]);
}

/// What was launched long ago waits for nothing that stays: it begins when what went before it did.
#[test]
fn what_waited_for_communication_alone_begins_when_that_did() {
    let text = "rank 0\n stream 7: gemm 700..900 a\n stream 8: comm 500..600 x; comm 600..700 y; gemm 705..800 b";
    let recorded = trace(text);
    let replay = replay_of(&recorded);
    assert!(!replay.ops[0].waits.is_empty(), "{:?}", replay.ops[0]);
    let without = edited(&recorded, "no-comm").replay;
    let starts: Vec<i64> = without.run().spans.iter().map(|span| span.start_ns).collect();
    assert!(starts.iter().all(|start_ns| *start_ns == 500), "{starts:?}");
    let ops = Ops::of(&recorded, &Config::default());
    let answer = Answer::of(&ops, &Prepared::of(&ops), &[Edit::NoComm]).expect("an answer");
    assert_eq!((answer.recorded_ns, answer.predicted_ns), (400.0, 200.0));
}

/// One rank's product begins 300 us late, the other waits for it; both products take 400 us.
#[test]
fn a_rank_that_idled_is_not_made_to_compute_faster() {
    let us = |text: &str| trace(&text.replace("us", "000"));
    let recorded = us(
        "rank 0\n stream 7: comm 0us..100us first op=0; gemm 100us..500us g op=1; comm 500us..1000us ar op=2\nrank 1\n stream 7: comm 0us..100us first op=0; gemm 400us..800us g op=1; comm 800us..1000us ar op=2",
    );
    let without = edited(&recorded, "no-straggler");
    assert_eq!(without.notes, ["1 wait for a late rank shortened, by at most 43 %"]);
    let rank: [(i64, i64); 3] = [(0, 100_000), (100_000, 500_000), (500_000, 700_000)];
    assert_eq!(spans(&without.replay), [rank, rank].concat());
    // Slow instead of late.
    let recorded = us(
        "rank 0\n stream 7: comm 0us..100us first op=0; gemm 100us..500us g op=1; comm 500us..1000us ar op=2\nrank 1\n stream 7: comm 0us..100us first op=0; gemm 100us..800us g op=1; comm 800us..1000us ar op=2",
    );
    assert_eq!(spans(&edited(&recorded, "no-straggler").replay), [rank, rank].concat());
}
