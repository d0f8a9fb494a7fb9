use super::*;
use crate::analysis::{Config, Ops, Reports, testing::trace};
use crate::model::SliceRef;

/// Two ranks; `ar` of rank 0 is half under `b`, and rank 1 comes to it later.
const WOVEN: &str = "
    rank 0
    stream 7: gemm 0..100000 a L2 pA grid=132 sms=132 waves=1 tail=1; gemm 150000..250000 b L2 pB alone=80000
    stream 8: comm 100000..200000 ar L2 pB
    flow a@0 -> ar@100000";

fn find(trace: &Trace, name: &str) -> SliceRef {
    let ops = Ops::of(trace, &Config::default());
    let mut all = ops.ranks.iter().flat_map(|rank| &rank.ops);
    all.find(|op| trace.label(op.label).name == name).map(|op| op.slice).expect("it is there")
}

fn explained(text: &str, name: &str) -> Vec<String> {
    let trace = trace(text);
    let ops = Ops::of(&trace, &Config::default());
    explain_op(&ops, &Reports::of(&ops), find(&trace, name)).expect("an op")
}

#[test]
fn communication_is_told_by_what_hides_it() {
    let lines = explained(WOVEN, "ar");
    assert!(lines[0].starts_with("ar: communication, phase B of layer 2, on "), "{lines:?}");
    assert!(lines[0].ends_with("It takes 100 µs, 40.0 % of the rank's time."), "{lines:?}");
    let hidden = "Of it 50.0 µs are hidden under computation of its rank, b (50.0 µs); 50.0 µs are exposed, with nothing that computes.";
    assert_eq!(lines[1], hidden);
    assert!(lines[2].starts_with("It began when a, on which it depends, had ended."), "{lines:?}");
    // The path goes a, ar, b: b stands behind a on its stream, and begins while ar runs.
    assert!(lines.iter().any(|line| line.contains("critical path")), "{lines:?}");
    let slack = "Phase B has 50.0 µs of slack here: so much later could its communication end without prolonging it.";
    assert!(lines.iter().any(|line| line == slack), "{lines:?}");
}

#[test]
fn computation_is_told_by_what_it_hides() {
    let first = explained(WOVEN, "a");
    assert_eq!(first[1], "Its 132 thread blocks run on 132 SMs in one wave, 100 % full.");
    assert_eq!(first[2], "No communication of its rank runs meanwhile, so it hides none.");
    assert!(
        first.contains(&"Nothing recorded says what it waited for before it began.".to_owned())
    );
    let second = explained(WOVEN, "b");
    assert_eq!(second[1], "It hides 50.0 µs of communication: ar (50.0 µs).");
    assert!(second[2].starts_with("Isolated it takes 80.0 µs; here 1.25×"), "{second:?}");
    let on = second.iter().find(|line| line.contains("critical path")).expect("said");
    assert!(on.starts_with("It lies on the critical path with 100 µs, 100 % of it"), "{on}");
}

#[test]
fn all_or_nothing_is_said_as_such() {
    let alone = explained("rank 0\nstream 8: comm 0..5000 ar", "ar");
    assert_eq!(alone[1], "No computation of its rank runs meanwhile: all of it is exposed.");
    let under = explained("rank 0\nstream 7: gemm 0..9000 a\nstream 8: comm 1000..5000 ar", "ar");
    assert_eq!(under[1], "All of it is hidden under computation of its rank: a (4.00 µs).");
    let off = under.iter().find(|line| line.contains("critical path")).expect("said");
    assert_eq!(
        off,
        "It does not lie on the critical path: meanwhile that goes through a of rank 0."
    );
}

#[test]
fn a_range_is_told_by_its_account() {
    let trace = trace(WOVEN);
    let ops = Ops::of(&trace, &Config::default());
    let reports = Reports::of(&ops);
    let lines = explain_range(&ops, &reports, (Span::new(50_000, 250_000), &[0]));
    assert_eq!(lines[0], "200 µs of rank 0, in which 3 ops run, phases A, B of layer 2.");
    let account = "75.0 % of it is computation; communication takes 50.0 %, of which 50.0 % is hidden under computation; \
                   25.0 % is exposed; in 0 % nothing runs.";
    assert_eq!(lines[1], account);
    assert_eq!(lines[2], "Most time take ar (100 µs), b (100 µs) and 1 other.");
    assert!(
        lines[3].contains("ar on rank 0: for 50.0 µs nothing of its rank computes"),
        "{lines:?}"
    );
    assert!(lines[4].contains("critical path of all ranks goes through"), "{lines:?}");
    let nothing = explain_range(&ops, &reports, (Span::new(300_000, 400_000), &[]));
    assert_eq!(nothing, ["100 µs of rank 0, in which no kernel and no copy runs."]);
}

/// What is hidden and what is exposed of every communication of a woven recording adds up to it, and who waited for whom
/// is who came last.
#[test]
fn late_ranks_are_named() {
    let text = "
        rank 0
        stream 8: comm 0..100 ar op=1
        rank 1
        stream 8: comm 60..100 ar op=1";
    let trace = trace(text);
    let ops = Ops::of(&trace, &Config::default());
    let reports = Reports::of(&ops);
    let lines = explain_op(&ops, &reports, ops.ranks[0].ops[0].slice).expect("an op");
    assert!(
        lines
            .iter()
            .any(|line| line.ends_with("Of it, 60 ns are waiting for rank 1, which came last.")),
        "{lines:?}"
    );
    let last = explain_op(&ops, &reports, ops.ranks[1].ops[0].slice).expect("an op");
    assert!(!last.iter().any(|line| line.contains("waiting for rank")), "{last:?}");
}
