//! Two traces written as text compared by hand, and that terms and causes add up on random ones.

use super::*;
use crate::analysis::{Config, iteration_lengths, testing::trace};
use crate::model::Trace;

const BEFORE: &str = "rank 0
    marks 0: mark 0..100 step; mark 100..200 step
    stream 0: gemm 0..40 up L0; norm 40..50 norm L0; gemm 100..140 up L1; comm 150..160 ar";

fn compared(before: &str, after: &str, config: CompareConfig) -> CompareReport {
    let [before, after] = [before, after].map(trace);
    of_traces(&before, &after, config)
}

fn of_traces(before: &Trace, after: &Trace, config: CompareConfig) -> CompareReport {
    let [before, after] = [before, after].map(|trace| Ops::of(trace, &Config::default()));
    compare(&before, &after, config)
}

fn change(report: &CompareReport, kind: CauseKind) -> f64 {
    report.causes.iter().find(|cause| cause.kind == kind).map_or(0.0, |cause| cause.change_ns)
}

/// Every nanosecond of an iteration is in one term, every nanosecond of change in one cause.
fn assert_adds_up(report: &CompareReport) {
    let close = |a: f64, b: f64| (a - b).abs() < 1e-6 * a.abs().max(1.0);
    for (terms, ns) in report.terms.iter().zip(report.iteration_ns) {
        let sum =
            terms.compute_ns + terms.exposed_comm_ns + terms.exposed_copies_ns + terms.idle_ns;
        assert!(close(sum, terms.iteration_ns), "{terms:?}");
        // Of an even number the median is rounded to whole nanoseconds.
        assert!((terms.iteration_ns - ns as f64).abs() <= 0.5, "{terms:?} {ns}");
    }
    let change = report.terms[1].iteration_ns - report.terms[0].iteration_ns;
    let causes: f64 = report.causes.iter().map(|cause| cause.change_ns).sum();
    assert!(close(causes, change), "{causes} {change}");
    let of_ops =
        self::change(report, CauseKind::SameOps) + self::change(report, CauseKind::OtherOps);
    let rows: f64 =
        op_changes(report).filter(|(op, _)| op.kind.is_compute()).map(|(_, ns)| ns).sum();
    assert!(close(of_ops, rows), "{of_ops} {rows}");
    for op in report.causes.iter().filter_map(|cause| cause.largest.as_ref()) {
        let rows =
            op_changes(report).filter(|(row, _)| row.name == op.name && row.kind.is_compute());
        let rows: f64 = rows.map(|(_, ns)| ns).sum();
        assert!(close(op.change_ns, rows), "{op:?} {rows}");
    }
}

/// Every row of ops, and what it adds.
fn op_changes(report: &CompareReport) -> impl Iterator<Item = (&OpKey, f64)> {
    let both = report.both.iter().map(|row| (&row.op, row.change_ns));
    let removed = report.removed.iter().map(|row| (&row.op, -row.per_iteration_ns));
    both.chain(removed).chain(report.added.iter().map(|row| (&row.op, row.per_iteration_ns)))
}

#[test]
fn slower_added_and_removed_ops() {
    let after = "rank 0
        marks 0: mark 0..150 step
        stream 0: gemm 0..50 up L0; norm 50..60 norm L0; comm 60..90 fused_ar_norm";
    let report = compared(BEFORE, after, CompareConfig::default());
    let up = &report.both[0];
    assert_eq!((up.op.name.as_str(), up.mean_ratio, up.change_ns), ("up", Some(1.25), 10.0));
    assert_eq!(report.both[1].change_ns, 5.0);
    assert_eq!(report.added[0].op.name, "fused_ar_norm");
    assert_eq!(report.added[0].per_iteration_ns, 30.0);
    assert_eq!(report.removed[0].op.name, "ar");
    assert_eq!((report.iteration_ns, report.iteration_ratio), ([100, 150], Some(1.5)));
    let by_layer = CompareConfig { by_layer: true, ..CompareConfig::default() };
    let report = compared(BEFORE, after, by_layer);
    assert_eq!(report.removed.iter().map(|row| row.op.layer).collect::<Vec<_>>(), [Some(1), None]);
}

#[test]
fn a_trace_compared_with_itself_has_not_changed() {
    let same = "rank 0\n stream 0: gemm 0..40 up L0; comm 50..60 ar";
    let report = compared(same, same, CompareConfig::default());
    assert!(report.both.iter().all(|op| op.mean_ratio == Some(1.0) && op.change_ns == 0.0));
    assert_eq!(report.iteration_ratio, Some(1.0));
    assert!(report.added.is_empty() && report.removed.is_empty());
    assert!(report.causes.is_empty() && report.caveats.is_empty());
    assert_eq!(report.sentence, "An iteration takes as long in both: 60 ns and 60 ns.");
}

/// By hand: communication of 60 ns, of which 30 were hidden and now all are; the GEMM takes 10 longer and a norm more of 10
/// runs; the last op has another name and takes 5 longer; nothing ran for 10 ns.
#[test]
fn causes_are_told_apart() {
    let before = "rank 0
        stream 0: gemm 0..100 up; norm 100..110 norm
        stream 1: comm 80..140 ar; other 150..160 last";
    let after = "rank 0
        stream 0: gemm 0..110 up; norm 110..120 norm; norm 120..130 norm
        stream 1: comm 60..120 ar; other 130..145 end";
    let report = compared(before, after, CompareConfig::default());
    assert_adds_up(&report);
    assert_eq!(report.iteration_ns, [160, 145]);
    assert_eq!(change(&report, CauseKind::SameOps), 20.0);
    assert_eq!(change(&report, CauseKind::OtherOps), 5.0);
    assert_eq!(change(&report, CauseKind::SideBySide), 0.0);
    assert_eq!(change(&report, CauseKind::Communication), 0.0);
    assert_eq!(change(&report, CauseKind::Hiding), -30.0);
    assert_eq!(change(&report, CauseKind::Idle), -10.0);
    assert_eq!(report.causes[0].kind, CauseKind::Hiding);
    assert_eq!(
        report.sentence,
        "An iteration of the second takes 9.38 % less, 145 ns instead of 160 ns: -30 ns more communication is hidden; \
         +20 ns the same computation takes longer (most of all up, +10 ns); -10 ns less time in which nothing runs."
    );
    assert_eq!(report.terms[0].wait_ns, None);
}

/// Twice as long and hidden as before: only its exposed share costs. By hand: 60 ns, 30 exposed, then 120 ns, 60 exposed.
#[test]
fn communication_that_grows_costs_what_of_it_is_exposed() {
    let before = "rank 0\n stream 0: gemm 0..100 up\n stream 1: comm 70..130 ar";
    let after = "rank 0\n stream 0: gemm 0..100 up\n stream 1: comm 40..160 ar";
    let report = compared(before, after, CompareConfig::default());
    assert_adds_up(&report);
    assert_eq!(change(&report, CauseKind::Communication), 30.0);
    assert_eq!(change(&report, CauseKind::Hiding), 0.0);
    // None at all, and some: all of it is communication.
    let without = "rank 0\n stream 0: gemm 0..100 up";
    let report = compared(without, after, CompareConfig::default());
    assert_adds_up(&report);
    assert_eq!(change(&report, CauseKind::Communication), 60.0);
    assert_eq!(change(&report, CauseKind::Hiding), 0.0);
}

#[test]
fn waiting_is_told_from_communication_where_it_is_known() {
    let late = |start: i64| {
        format!(
            "rank 0
             stream 0: gemm 0..50 g; comm 50..{end} ar
             rank 1
             stream 0: gemm 0..{start} g; comm {start}..{end} ar",
            end = start + 10
        )
    };
    let report = compared(&late(50), &late(80), CompareConfig::default());
    assert_adds_up(&report);
    // Both ranks take 90, half of the change is rank 0's waiting and half rank 1's GEMM.
    assert_eq!(report.iteration_ns, [60, 90]);
    assert_eq!(change(&report, CauseKind::Waiting), 15.0);
    assert_eq!(change(&report, CauseKind::Communication), 0.0);
    assert_eq!(change(&report, CauseKind::SameOps), 15.0);
}

#[test]
fn two_iterations_of_one_recording_are_compared() {
    let text = "rank 0
        marks 0: mark 0..100 step; mark 100..220 step; mark 220..320 step
        stream 0: gemm 0..40 g; comm 40..90 ar; gemm 100..140 g; comm 140..210 ar; gemm 220..260 g; comm 260..310 ar";
    let between = |first, second| {
        let iterations = [Some(first), Some(second)];
        compared(text, text, CompareConfig { iterations, ..CompareConfig::default() })
    };
    let report = between(0, 1);
    assert_adds_up(&report);
    assert_eq!(report.iteration_ns, [100, 120]);
    assert_eq!(change(&report, CauseKind::Communication), 20.0);
    assert_eq!(report.both[0].op.name, "ar");
    assert_eq!(report.both[0].change_ns, 20.0);
    assert_eq!(report.both[0].durations.map(|durations| durations.count), [1, 1]);
    assert!(between(0, 2).causes.is_empty());
    let report = between(0, 7);
    assert_eq!(report.iteration_ns, [100, 0]);
    assert!(report.sentence.starts_with("One of the two ran nothing"), "{}", report.sentence);
}

/// Iterations of these lengths, measured, each one GEMM.
fn measured(lengths: &[i64]) -> String {
    let (mut marks, mut slices, mut at) = (Vec::new(), Vec::new(), 0);
    for length in lengths {
        marks.push(format!("mark {at}..{} step", at + length));
        slices.push(format!("gemm {at}..{} g", at + length));
        at += length;
    }
    format!("measured\n rank 0\n marks 0: {}\n stream 0: {}", marks.join(";"), slices.join(";"))
}

#[test]
fn a_change_within_the_iterations_own_spread_is_no_change() {
    let verdict = |before: &[i64], after: &[i64]| {
        let report = compared(&measured(before), &measured(after), CompareConfig::default());
        assert_adds_up(&report);
        (report.verdict, report.not_comparable.len())
    };
    let quiet = [1000, 1002, 998, 1001, 999, 1000];
    let loud = [1000, 1200, 800, 1100, 900, 1000];
    let longer = |by: i64, all: [i64; 6]| all.map(|length| length + by);
    assert_eq!(verdict(&quiet, &longer(40, quiet)), (CompareVerdict::Slower, 0));
    assert_eq!(verdict(&longer(40, quiet), &quiet), (CompareVerdict::Faster, 0));
    assert_eq!(verdict(&loud, &longer(40, loud)), (CompareVerdict::SameWithinNoise, 0));
    // Less than half a percent is nothing, however quiet.
    assert_eq!(verdict(&[1000; 6], &[1004; 6]), (CompareVerdict::SameWithinNoise, 0));
    // One measured iteration says nothing of chance; one modelled is like any other.
    assert_eq!(verdict(&quiet, &[1300]), (CompareVerdict::NotComparable, 1));
    let modelled = |lengths| measured(lengths).replace("measured", "");
    let report = compared(&modelled(&[1000]), &modelled(&[1300]), CompareConfig::default());
    assert_eq!((report.verdict, report.noise.gate_ns), (CompareVerdict::Slower, Some(0.0)));
    let report = compared(&modelled(&quiet), &measured(&quiet), CompareConfig::default());
    assert_eq!(report.verdict, CompareVerdict::NotComparable);
}

#[test]
fn a_change_that_predictions_are_too_poor_for_is_told() {
    let told = |percents: [&str; 2], lengths: [i64; 2]| {
        let of = |at: usize| measured(&[lengths[at]]).replace("measured", percents[at]);
        let report = compared(&of(0), &of(1), CompareConfig::default());
        let is_told = report.caveats.iter().any(|caveat| caveat.contains("smaller than the error"));
        (is_told, report.expected_error.map(|error| error.percent))
    };
    // 30 of 1030 ns are 2.9 %: the larger error counts.
    assert_eq!(told(["off 1", "off 3"], [1000, 1030]), (true, Some(3.0)));
    assert_eq!(told(["off 1", "off 2.5"], [1000, 1030]), (false, Some(2.5)));
    assert_eq!(told(["off 3", "off 3"], [1000, 1000]), (false, Some(3.0)));
    assert_eq!(told(["off 3", ""], [1000, 1030]), (false, None));
    // Of times that are measured nothing is predicted.
    assert_eq!(told(["measured", "measured"], [1000, 1001]), (false, None));
}

/// By hand: of the second the iteration of 160 ns is the median, not that of 400, and what an op adds is told of that one
/// wherever it is told.
#[test]
fn ops_add_what_they_add_to_the_median_iteration() {
    let before = "rank 0\n marks 0: mark 0..100 step\n stream 0: gemm 0..60 g; norm 60..100 n";
    let after = "rank 0
        marks 0: mark 0..160 step; mark 160..560 step; mark 560..700 step
        stream 0: gemm 0..110 g; norm 110..160 n; gemm 160..500 g; norm 500..560 n; gemm 560..670 g; norm 670..700 n";
    let report = compared(before, after, CompareConfig::default());
    assert_adds_up(&report);
    let changes: Vec<_> = op_changes(&report).map(|(op, ns)| (op.name.as_str(), ns)).collect();
    assert_eq!(changes, [("g", 50.0), ("n", 10.0)]);
    let largest = report.causes[0].largest.as_ref();
    assert_eq!(largest.map(|op| (op.name.as_str(), op.change_ns)), Some(("g", 50.0)));
    // Runs are those of all iterations.
    assert_eq!(report.both[0].durations[1].count, 3);
}

/// One iteration against three of the same: figures are an iteration's, not a recording's.
#[test]
fn recordings_of_different_length_are_compared_by_the_iteration() {
    let steps = |count: i64| {
        let of = |at: i64| (at * 100, at * 100 + 60, at * 100 + 80);
        let marks = (0..count).map(of).map(|(at, ..)| format!("mark {at}..{} step", at + 100));
        let slices = (0..count)
            .map(of)
            .map(|(at, gemm, comm)| format!("gemm {at}..{gemm} g; comm {gemm}..{comm} ar"));
        let [marks, slices] =
            [marks.collect::<Vec<_>>(), slices.collect::<Vec<_>>()].map(|all| all.join(";"));
        format!("rank 0\n marks 0: {marks}\n stream 0: {slices}")
    };
    let report = compared(&steps(1), &steps(3), CompareConfig::default());
    assert_eq!(report.terms[0], report.terms[1]);
    assert!(report.causes.is_empty());
    assert_eq!(report.ranks[0].terms, report.terms.map(Some));
    assert!(report.both.iter().all(|op| op.change_ns == 0.0), "{:?}", report.both);
    assert_eq!(report.verdict, CompareVerdict::SameWithinNoise);
}

/// By hand: 100 ns of communication, half of it waiting; first with nothing beside it, then under a GEMM.
#[test]
fn waiting_that_is_hidden_costs_nothing() {
    let of = |beside: &str| {
        format!(
            "rank 0
         stream 0: gemm 0..100 g; comm 100..200 ar{beside}
         rank 1
         stream 0: gemm 0..150 g; comm 150..200 ar"
        )
    };
    let report = compared(&of(""), &of("\n stream 1: gemm 100..150 h"), CompareConfig::default());
    assert_adds_up(&report);
    assert_eq!(report.terms.map(|terms| terms.wait_ns), [Some(25.0), Some(25.0)]);
    assert_eq!(report.terms.map(|terms| terms.exposed_wait_ns), [Some(25.0), Some(0.0)]);
    assert_eq!(change(&report, CauseKind::Waiting), -25.0);
    assert_eq!(change(&report, CauseKind::Hiding), 0.0);
    assert!(
        report.waiting.ends_with("the second would take 14.3 % more, 200 ns instead of 175 ns."),
        "{}",
        report.waiting
    );
}

/// On streams written at random: terms and causes add up, and the other way round every cause has the other sign.
#[test]
fn causes_add_up_on_random_traces() {
    let mut seed = 1_u64;
    let mut below = |bound: u64| {
        // A linear congruential generator with Knuth's constants; the high bits are good enough.
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % bound
    };
    let mut random = |iterations: u64| {
        let mut text = String::new();
        for rank in 0..2 {
            text += &format!("rank {rank}\n marks 0:");
            let marks =
                (0..iterations).map(|i| format!(" mark {}..{} step", i * 1000, i * 1000 + 900));
            text += &marks.collect::<Vec<_>>().join(";");
            for stream in 0..3 {
                let mut at = below(50);
                let mut slices = Vec::new();
                while at < iterations * 1000 {
                    let (kind, name) =
                        [("gemm", "up"), ("norm", "norm"), ("comm", "ar"), ("memcpy", "copy")]
                            [below(4) as usize];
                    let end = at + 1 + below(120);
                    slices.push(format!(" {kind} {at}..{end} {name} L{}", below(2)));
                    at = end + below(60);
                }
                text += &format!("\n stream {stream}:{}", slices.join(";"));
            }
            text.push('\n');
        }
        trace(&text)
    };
    for round in 0..40 {
        let [first, second] = [random(1 + round % 3), random(1 + round % 4)];
        let forth = of_traces(&first, &second, CompareConfig::default());
        assert_adds_up(&forth);
        let by_layer = CompareConfig { by_layer: true, ..CompareConfig::default() };
        assert_adds_up(&of_traces(&first, &second, by_layer));
        let said = [&first, &second].map(|one| Ops::of(one, &Config::default()));
        let said = said.map(|ops| iteration_lengths(&ops).median_ns);
        assert_eq!(forth.iteration_ns, said, "as every other view says it");
        let back = of_traces(&second, &first, CompareConfig::default());
        for cause in &forth.causes {
            let other = change(&back, cause.kind);
            assert!((cause.change_ns + other).abs() < 1e-6, "{cause:?} {other}");
        }
    }
}
