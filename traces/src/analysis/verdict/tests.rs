//! What is said of runs whose limit is known.

use super::*;
use crate::analysis::{Config, testing::trace};

fn judged(text: &str) -> Verdict {
    judged_beside(text, &[])
}

fn judged_beside(text: &str, baselines: &[Baseline]) -> Verdict {
    let trace = trace(text);
    let ops = Ops::of(&trace, &Config::default());
    verdict(&ops, &Reports::of(&ops), baselines)
}

#[test]
fn the_tight_phase_and_why() {
    // 8 MB in 2 µs: 4 TB/s.
    let verdict = judged(
        "rank 0
         stream 0: attention 0..2000 flash L0 pA bytes=5e6 alone=1800; gemm 2010..5000 up L0 pC bytes=1e6
         stream 1: comm 0..1700 fused_ar_norm L0 pA bytes=3e6 grid=8 alone=1133; comm 2010..2800 fused_ar_norm L0 pC alone=790",
    );
    assert_eq!(
        verdict.sentence,
        "Phase A is the tight one: 300 ns of slack a layer; communication there runs 1.50× slower than alone \
         because 8 CTAs share DRAM with attention."
    );
    assert_eq!(verdict.limit, Limit::Compute);
    assert_eq!(
        verdict.details,
        [
            "100 % of communication is hidden, and 0 % of the time is exposed communication: computation limits the iteration.",
            "Computation of phase A runs 1.11× slower than alone.",
        ]
    );
}

#[test]
fn a_slow_down_of_unknown_cause_is_not_explained() {
    let verdict = judged(
        "rank 0
         stream 0: gemm 0..2000 up L0 pC bytes=1000
         stream 1: comm 0..3000 ar L0 pC grid=4 alone=2000",
    );
    assert_eq!(
        verdict.sentence,
        "Phase C is the tight one: communication sticks out by 1.00 µs a layer; communication there runs 1.50× \
         slower than alone, 4 CTAs beside the up GEMM; why, the trace does not tell."
    );
    assert_eq!(verdict.limit, Limit::ExposedComm);
}

#[test]
fn a_layer_that_is_notably_tighter_is_named() {
    let layers = |second_comm_end: i64| {
        judged(&format!(
            "rank 0
             stream 0: gemm 0..1000 up L0 pC; gemm 1100..2100 up L1 pC; gemm 2200..3200 up L2 pC
             stream 1: comm 0..600 ar L0 pC; comm 1100..{second_comm_end} ar L1 pC; comm 2200..2800 ar L2 pC"
        ))
        .sentence
    };
    let start = "Phase C is the tight one: 400 ns of slack a layer";
    assert_eq!(layers(1_720), format!("{start}."));
    assert_eq!(layers(2_000), format!("{start}, in layer 1 only 100 ns."));
    assert_eq!(layers(2_150), format!("{start}, in layer 1 communication sticks out by 50 ns."));
}

/// One phase whose communication takes 3 µs instead of 2 alone, with these blocks on two SMs.
fn slow_with_blocks(blocks: &str) -> String {
    let text = format!(
        "rank 0
         stream 0: gemm 0..3500 up L0 pC bytes=1000
         stream 1: comm 0..3000 ar L0 pC grid=2 bytes=10 alone=2000
         {blocks}"
    );
    judged(&text).sentence
}

#[test]
fn blocks_say_whether_sms_or_memory_slowed_communication() {
    let late = slow_with_blocks("sm 0: comm 0..1900 ar L0 pC\n sm 1: comm 1000..3000 ar L0 pC");
    assert!(
        late.ends_with("alone because its CTAs wait for SMs that the up GEMM holds."),
        "{late}"
    );
    let slow = slow_with_blocks("sm 0: comm 0..2900 ar L0 pC\n sm 1: comm 10..3000 ar L0 pC");
    assert!(slow.ends_with("alone because 2 CTAs share DRAM with the up GEMM."), "{slow}");
}

#[test]
fn exposure_outside_the_weave_is_called_that() {
    let verdict = judged(
        "rank 0
         stream 0: comm 0..50 ar phead; gemm 50..100 up L0 pC
         stream 1: comm 50..90 ar L0 pC; comm 100..150 ar ptail",
    );
    assert!(verdict.details.iter().any(|d| d.starts_with("100 % of what is exposed lies in head")));
}

#[test]
fn lesser_waiting_is_a_detail() {
    let verdict = judged(
        "rank 0
         stream 0: gemm 0..100 g; comm 100..300 ar op=1
         rank 1
         stream 0: gemm 0..120 g; comm 120..300 ar op=1",
    );
    assert_eq!(verdict.limit, Limit::ExposedComm);
    let told = "Rank 0 waits for rank 1, which comes last on average: 20 ns of its 200 ns";
    assert!(verdict.details.iter().any(|detail| detail.starts_with(told)));
}

#[test]
fn waiting_for_a_late_rank_comes_first() {
    let verdict = judged(
        "rank 0
         stream 0: gemm 0..100 g; comm 100..300 ar op=1
         rank 1
         stream 0: gemm 0..240 g; comm 240..300 ar op=1",
    );
    assert_eq!(verdict.limit, Limit::Waiting);
    assert_eq!(
        verdict.sentence,
        "Rank 0 waits for rank 1, which comes last on average: 140 ns of its 200 ns of communication (70.0 %) pass \
         before all have arrived; no split hides that."
    );
}

#[test]
fn imports_are_judged_by_their_overlap() {
    let sequential = judged("rank 0\n stream 0: gemm 0..80 g; comm 80..100 ar");
    assert_eq!(
        sequential.sentence,
        "Communication runs with nothing beside it and takes 20.0 % of the time: that is what overlapping could win back."
    );
    let half = judged("rank 0\n stream 0: gemm 0..80 g\n stream 1: comm 60..100 ar");
    assert_eq!(
        half.sentence,
        "50.0 % of communication is exposed and takes 20.0 % of the time; the rest hides under computation."
    );
    let hidden = judged("rank 0\n stream 0: gemm 0..99 g\n stream 1: comm 60..100 ar");
    assert_eq!(hidden.limit, Limit::Compute);
}

/// By hand: 20 + 30 of 100 + 100 ns are exposed, which is neither rank's own share; 25 of 75 ns of communication are hidden.
#[test]
fn figures_of_several_ranks_say_that_they_are() {
    let sequential = judged(
        "rank 0\n stream 0: gemm 0..80 g; comm 80..100 ar
         rank 1\n stream 0: gemm 0..70 g; comm 70..100 br",
    );
    assert_eq!(
        sequential.sentence,
        "Communication runs with nothing beside it and takes 25.0 % of all ranks' time: that is what overlapping could win \
         back."
    );
    let half = judged(
        "rank 0\n stream 0: gemm 0..80 g\n stream 1: comm 70..100 ar
         rank 1\n stream 0: gemm 0..70 g\n stream 1: comm 55..100 br",
    );
    assert_eq!(
        half.sentence,
        "66.7 % of all ranks' communication is exposed and takes 25.0 % of their time; the rest hides under computation."
    );
}

#[test]
fn an_idle_machine_is_called_idle() {
    let verdict = judged("rank 0\n stream 0: gemm 0..10 g; comm 90..100 ar");
    assert_eq!(verdict.limit, Limit::Idle);
    assert!(verdict.sentence.starts_with("Nothing runs for 80.0 % of the time"));
}

#[test]
fn it_says_when_it_cannot_tell() {
    assert_eq!(judged("rank 0").limit, Limit::Unknown);
    let no_comm = judged("rank 0\n stream 0: gemm 0..90 g; gemm 95..100 g");
    assert!(no_comm.sentence.starts_with("There is no communication: computation fills 95.0 %"));
}

#[test]
fn baselines_and_costly_cuts_are_told() {
    let text = "sms 132
        rank 0
        stream 0: gemm 0..500 up s0 grid=150 sms=132 waves=2 tail=0.13636; gemm 500..1000 up s1 grid=150 sms=132 waves=2 tail=0.13636";
    let baselines = [("default", 1240), ("no communication", 900), ("fuse-only", 1001)]
        .map(|(name, iteration_ns)| Baseline { name: name.into(), iteration_ns });
    assert_eq!(
        judged_beside(text, &baselines).details,
        [
            "The iteration takes 1.00 µs: 1.24× faster than default (1.24 µs), 1.11× slower than no communication \
             (900 ns), as long as fuse-only.",
            "The cut costs waves: up 2 + 2 instead of about 3.",
        ]
    );
}
