//! Whose is an op? By hand, and against a look at every range.

use proptest::prelude::*;

use crate::analysis::{Config, Ops, RankOps, accounts, exposed, overlap, testing::trace};
use crate::model::{Kind, Span, Trace};

/// Of every op its name and the name of its iteration.
fn members<'a>(trace: &'a Trace, rank: &'a RankOps<'_>) -> Vec<(&'a str, Option<&'a str>)> {
    let of = |at: u32| rank.iterations[at as usize].name.as_str();
    let ops = rank.ops.iter();
    ops.map(|op| (trace.label(op.label).name.as_str(), op.iteration.map(of))).collect()
}

fn spans<'a>(rank: &'a RankOps<'_>) -> Vec<(&'a str, i64, i64)> {
    let of = |it: &super::Iteration| (it.span.start_ns, it.span.end_ns);
    rank.iterations.iter().map(|it| (it.name.as_str(), of(it).0, of(it).1)).collect()
}

/// Two steps whose last collective runs on a stream of which the recorder wrote no mark: the first behind its step's mark,
/// the second beside the mark of a step that it is not part of.
const TRAILING: &str = "rank 0
    host 1: mark 0..50 step_1; mark 60..110 step_2; mark 120..170 step_3
    host 2: host 5..6 a1; host 10..11 b1; host 65..66 a2; host 70..71 b2; host 125..126 a3
    stream 0: gemm 10..100 up1; gemm 130..200 up2; gemm 205..300 up3
    stream 1: comm 102..120 ar1; comm 201..240 ar2
    launch a1@5 -> up1@10
    launch b1@10 -> ar1@102
    launch a2@65 -> up2@130
    launch b2@70 -> ar2@201
    launch a3@125 -> up3@205";

const MARKS: &str = "\n marks 0: mark 10..100 step_1; mark 130..200 step_2; mark 205..300 step_3";

#[test]
fn an_op_belongs_to_the_step_that_launched_it_whenever_it_runs() {
    for text in [TRAILING.to_owned(), TRAILING.to_owned() + MARKS] {
        let trace = trace(&text);
        let ops = Ops::of(&trace, &Config::default());
        let rank = &ops.ranks[0];
        let expected = [("up1", 1), ("ar1", 1), ("up2", 2), ("ar2", 2), ("up3", 3)];
        let expected =
            expected.map(|(name, step)| (name, Some(["step_1", "step_2", "step_3"][step - 1])));
        assert_eq!(members(&trace, rank), expected);
        // As the spans of their ops; the second and the third overlap.
        assert_eq!(spans(rank), [("step_1", 10, 120), ("step_2", 130, 240), ("step_3", 205, 300)]);
        let figures = overlap(&ops).ranks.remove(0).iterations;
        let comm: Vec<_> =
            figures.iter().map(|it| (it.figures.span_ns, it.figures.comm_ns)).collect();
        assert_eq!(comm, [(110, 18), (110, 39), (95, 0)]);
        let accounts = accounts(&ops).ranks.remove(0);
        assert_eq!((accounts.outside, accounts.shared_ns), (None, 35));
        // `ar2` has 39 ns, all but its first 4 beside `up3` of the next step: hidden on the rank, not by its own iteration.
        let alone: Vec<_> =
            accounts.iterations.iter().map(|it| it.account.exposed_comm_ns).collect();
        assert_eq!((alone, accounts.total.exposed_comm_ns), (vec![18, 39, 0], 22));
        let most = exposed(&ops).most;
        assert_eq!(most.iter().map(|op| op.iteration).collect::<Vec<_>>(), [Some(0), Some(1)]);
    }
}

/// Nobody knows who launched `ar`, and no mark holds its start; `warm` was launched before any step, though it runs under a mark.
#[test]
fn what_is_in_no_iteration_is_counted() {
    let text = "rank 0
        marks 0: mark 10..100 step_1; mark 130..200 step_2
        host 1: mark 4..50 step_1; mark 60..110 step_2
        host 2: host 0..1 w; host 5..6 a1; host 65..66 a2
        stream 0: norm 2..9 warm; norm 12..20 warm; gemm 20..100 up; gemm 130..200 up
        stream 1: comm 40..50 in; comm 102..120 ar
        launch w@0 -> warm@2
        launch w@0 -> warm@12
        launch a1@5 -> up@20
        launch a2@65 -> up@130";
    let trace = trace(text);
    let ops = Ops::of(&trace, &Config::default());
    let expected = [
        ("warm", None),
        ("warm", None),
        ("up", Some("step_1")),
        ("in", Some("step_1")),
        ("ar", None),
        ("up", Some("step_2")),
    ];
    assert_eq!(members(&trace, &ops.ranks[0]), expected);
    let report = accounts(&ops);
    let outside = report.ranks[0].outside.expect("three ops");
    let got =
        (outside.ops, outside.untold, outside.total_ns, outside.comm_ops, outside.exposed_comm_ns);
    assert_eq!(got, (3, 1, 7 + 8 + 18, 1, 18));
    let mut diagnostics = crate::Diagnostics::default();
    report.note_outside(&mut diagnostics);
    assert_eq!(diagnostics.counts.values().copied().collect::<Vec<_>>(), [1]);
    assert_eq!(diagnostics.remarks.values().copied().collect::<Vec<_>>(), [2]);
    assert!(
        diagnostics.notes[0].starts_with("rank 0: 3 ops of 33 ns in no iteration, 1 of"),
        "{diagnostics:?}"
    );
}

/// Of the host's ranges only those that a mark repeats speak of the same steps; a mark that is there once a stream is one
/// iteration; and a range inside another is no iteration of its own.
#[test]
fn marks_and_ranges_are_one_by_name() {
    let of = |text: &str| {
        let trace = trace(text);
        let ops = Ops::of(&trace, &Config::default());
        let members: Vec<_> =
            members(&trace, &ops.ranks[0]).iter().map(|(_, it)| it.map(str::to_owned)).collect();
        (members, ops.ranks[0].iterations.len())
    };
    let launched = "host 2: host 5..6 a; host 65..66 b
        stream 0: gemm 10..100 up; gemm 130..200 up
        launch a@5 -> up@10
        launch b@65 -> up@130";
    let other = format!(
        "rank 0\n marks 0: mark 0..300 round\n host 1: mark 0..50 step_1; mark 60..70 step_2\n {launched}"
    );
    assert_eq!(of(&other), (vec![Some("round".into()); 2], 1));
    let twice = format!(
        "rank 0\n marks 0: mark 0..10 step_1; mark 20..90 step_1; mark 130..200 step_2\n host 1: mark 0..50 step_1; mark 60..70 step_2\n {launched}"
    );
    assert_eq!(of(&twice), (vec![Some("step_1".into()), Some("step_2".into())], 2));
    let within = format!(
        "rank 0\n host 1: mark 0..80 iteration_7\n host 3: mark 1..50 step_1; mark 60..70 step_2\n {launched}"
    );
    assert_eq!(of(&within), (vec![Some("iteration_7".into()); 2], 1));
    // Around or within those that marks repeat, a range numbers something else.
    let around = format!(
        "rank 0\n marks 0: mark 10..50 step_1; mark 130..200 step_2\n host 1: mark 0..80 iteration_7\n host 3: mark 1..50 step_1; mark 60..70 step_2\n {launched}"
    );
    assert_eq!(of(&around), (vec![Some("step_1".into()), Some("step_2".into())], 2));
    // A range without a mark of its own is an iteration beside those that have one.
    let lacks = format!(
        "rank 0\n marks 0: mark 10..100 step_1\n host 1: mark 0..50 step_1; mark 60..70 step_2\n {launched}"
    );
    assert_eq!(of(&lacks), (vec![Some("step_1".into()), Some("step_2".into())], 2));
}

/// Ranges of the host without launches tell no op's step, and that is said.
#[test]
fn steps_of_unknown_launches_are_no_iterations() {
    let text = "rank 0\n host 1: mark 0..80 iteration_7; mark 90..95 iteration_8\n stream 0: gemm 10..100 up";
    let trace = trace(text);
    let ops = Ops::of(&trace, &Config::default());
    assert!(ops.ranks[0].iterations.is_empty() && ops.ranks[0].ops[0].iteration.is_none());
    assert_eq!(accounts(&ops).ranks[0].outside, None);
    let said = "The host numbers 2 steps, but no launch is recorded that tells which ops of rank 0 are part of one: its iterations are not known.";
    assert_eq!(ops.caveats(), [said]);
}

proptest! {
    /// Oracle: every op asks every range. Figures of iterations are of disjoint sets of ops: counts and durations add up.
    #[test]
    fn membership_is_what_every_range_says(
        gaps in proptest::collection::vec((1..9_i64, 0..6_i64), 1..6),
        mut ops in proptest::collection::vec((0..70_i64, 0..40_i64, 1..30_i64, any::<bool>()), 1..25),
        has_marks: bool,
    ) {
        let (mut text, mut at) = ("rank 0\n".to_owned(), 3);
        let mut ranges = Vec::new();
        for (step, &(len, gap)) in gaps.iter().enumerate() {
            ranges.push((at, at + len));
            text += &format!("host 1: mark {at}..{} step_{step}\n", at + len);
            at += len + gap + 1;
        }
        ops.sort_by_key(|op| op.0);
        ops.dedup_by_key(|op| op.0);
        for (n, (called, late, len, is_comm)) in ops.iter().enumerate() {
            let (kind, start) = (if *is_comm { "comm" } else { "gemm" }, 100 + called + late);
            text += &format!("host 2: host {called}..{called} c{n}\nstream {n}: {kind} {start}..{} k{n}\n", start + len);
            text += &format!("launch c{n}@{called} -> k{n}@{start}\n");
        }
        let whose = |called: i64| ranges.iter().position(|range| (range.0..=range.1).contains(&called));
        let launched: Vec<Option<usize>> = ops.iter().map(|op| whose(op.0)).collect();
        if has_marks {
            // As Kineto has it: the first op of each step that has any.
            let marks = (0..ranges.len()).filter_map(|step| {
                let at = launched.iter().position(|it| *it == Some(step))?;
                let start = 100 + ops[at].0 + ops[at].1;
                Some((start, start + 1, step))
            });
            let mut marks: Vec<_> = marks.collect();
            marks.sort_unstable();
            marks.dedup_by_key(|mark| mark.0);
            for (start, end, step) in marks {
                text += &format!("marks 0: mark {start}..{end} step_{step}\n");
            }
        }
        let trace = trace(&text);
        let gathered = Ops::of(&trace, &Config::default());
        let rank = &gathered.ranks[0];
        prop_assert!(launched.iter().all(Option::is_none) || !rank.iterations.is_empty());
        for (name, iteration) in members(&trace, rank) {
            let n: usize = name[1..].parse().expect("a number");
            let expected = launched[n].map(|step| format!("step_{step}"));
            prop_assert_eq!(iteration, expected.as_deref(), "{}", name);
        }
        let figures = overlap(&gathered).ranks.remove(0);
        let parts = rank.by_iteration();
        for (it, own) in figures.iterations.iter().zip(&parts) {
            let hull = own.iter().map(|op| op.span).reduce(Span::hull).expect("it launched something");
            prop_assert_eq!(it.iteration.span, hull);
            prop_assert_eq!(it.figures.span_ns, hull.len_ns());
        }
        let outside = accounts(&gathered).ranks[0].outside.map_or(0, |outside| outside.ops);
        let known = if rank.iterations.is_empty() { 0 } else { ops.len() };
        prop_assert_eq!(parts.iter().map(Vec::len).sum::<usize>() + outside, known);
        prop_assert!(rank.ops.iter().all(|op| op.kind == Kind::Comm || op.kind == Kind::Gemm));
    }
}
