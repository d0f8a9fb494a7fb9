//! Replays against recordings written as text, against stepping through every nanosecond, and edits against arithmetic.

mod late;
mod moved;
mod unknown;

use std::ops::ControlFlow;

use super::*;
use crate::analysis::testing::trace;
use crate::analysis::{Config, Ops};
use crate::model::{Kind, Span, Trace};

fn replay_of(trace: &Trace) -> Replay {
    Replay::of(&Ops::of(trace, &Config::default()))
}

fn spans(replay: &Replay) -> Vec<(i64, i64)> {
    replay.run().spans.iter().map(|span| (span.start_ns, span.end_ns)).collect()
}

fn edited(trace: &Trace, edits: &str) -> Edited {
    let edits: Vec<Edit> = edits
        .split(' ')
        .flat_map(|edit| Edit::parse(edit, &NoMachines).expect("an edit"))
        .collect();
    replay_of(trace).edited(&edits).expect("there is something to change")
}

fn end_ns(replay: &Replay) -> i64 {
    replay.run().spans.iter().map(|span| span.end_ns).max().expect("there are ops")
}

/// Two layers a rank: attention and its all-reduce, feed-forward and its all-reduce, all on one stream.
fn layers(ranks: u32) -> String {
    let mut text = String::from("measured\nsms 100\n");
    for rank in 0..ranks {
        text += &format!("rank {rank}\n marks 0: mark 0..10000000 step0\n stream 7: ");
        let mut at = 0;
        for layer in 0..2 {
            for (name, kind, len, op) in [
                ("norm", "norm", 200_000, 0),
                ("attn", "gemm", 1_800_000, 1),
                ("ar", "comm", 1_000_000, 2),
                ("mlp", "gemm", 1_000_000, 3),
                ("ar2", "comm", 1_000_000, 4),
            ] {
                let op = 5 * layer + op;
                text += &format!("{kind} {at}..{} {name} L{layer} op={op} grid=20; ", at + len);
                at += len;
            }
        }
        text += "\n";
    }
    text
}

#[test]
fn unchanged_it_is_the_recording() {
    let text = "measured\nrank 0\n stream 7: gemm 100..200 a; gemm 203..300 b; norm 305..310 c\n stream 8: comm 320..400 d\n host 1: host 0..10 l1; host 20..30 l2; host 40..50 l3; host 60..70 l4\n launch l1@0 -> a@100\n launch l2@20 -> b@203\n launch l3@40 -> c@305\n launch l4@60 -> d@320";
    let trace = trace(text);
    let replay = replay_of(&trace);
    assert_eq!(replay.understood.launched, 4);
    assert_eq!(
        replay.understood.inferred_waits, 1,
        "the collective waits for what was launched before"
    );
    // Gaps on a stream are the mean of 3 and 5.
    assert_eq!(spans(&replay), [(100, 200), (204, 301), (305, 310), (320, 400)]);
    let residual = Residual::of(&replay, &replay.run());
    assert_eq!(residual.iteration(), Some(0.0));
    assert_eq!(residual.streams.len(), 2);
    assert_eq!(residual.worst_stream(), Some(0.0));
}

/// Oracle: every nanosecond stepped through with the speeds that the mechanism states.
#[test]
fn what_runs_beside_slows_as_stepping_through_every_nanosecond_says() {
    let mut replay = replay_of(&trace(
        "measured\nsms 100\nrank 0\n stream 7: gemm 0..1000 a; gemm 1000..3000 b\n stream 8: comm 400..1500 c grid=25",
    ));
    let works: Vec<f64> = replay.ops.iter().map(|op| op.work_ns).collect();
    let contention = replay.contention;
    let [compute, comm] = [0.75, contention.comm_speed];
    let expected = [400.0 + 600.0 * compute, 500.0 * compute + 1500.0, 1100.0 * comm];
    for (work, expected) in works.iter().zip(expected) {
        assert!((work - expected).abs() < 1e-6, "{works:?}");
    }
    // Later: all of it beside b instead.
    replay.ops[2].not_before_ns = Some(1000);
    let mut left = [replay.ops[0].work_ns, replay.ops[1].work_ns, replay.ops[2].work_ns];
    let mut ends = [0_i64; 3];
    for at in 0..6000 {
        let is_comm = at >= 1000 && left[2] > 1e-6;
        let computing = if left[0] > 1e-6 { Some(0) } else { (left[1] > 1e-6).then_some(1) };
        if let Some(op) = computing {
            left[op] -= if is_comm { compute } else { 1.0 };
            ends[op] = at + 1;
        }
        if is_comm {
            left[2] -= if computing.is_some() { comm } else { 1.0 };
            ends[2] = at + 1;
        }
    }
    let run = replay.run();
    for (span, end) in run.spans.iter().zip(ends) {
        assert!((span.end_ns - end).abs() <= 2, "{:?} {ends:?}", run.spans);
    }
}

#[test]
fn a_collective_moves_when_its_last_rank_is_there() {
    let text = "rank 0\n stream 7: gemm 0..100 a op=0; comm 100..300 ar op=1\nrank 1\n stream 7: gemm 0..200 a op=0; comm 200..300 ar op=1";
    let trace = trace(text);
    let replay = replay_of(&trace);
    assert_eq!(replay.groups.len(), 1);
    assert_eq!(spans(&replay), [(0, 100), (100, 300), (0, 200), (200, 300)]);
    // Half the time for GEMMs: the late rank is there after 100.
    let faster = edited(&trace, "gemm=0.5").replay;
    assert_eq!(spans(&faster), [(0, 50), (50, 200), (0, 100), (100, 200)]);
    let alike = replay
        .edited(&[Edit::NoStraggler])
        .expect_err("nothing stands before the first collective");
    assert!(alike.to_string().ends_with("no rank is ever late"));
    let late = edited(&trace, "straggler=1:50ns").replay;
    assert_eq!(end_ns(&late), 350);
}

#[test]
fn edits_of_communication_are_arithmetic() {
    let trace = trace(&layers(2));
    assert_eq!(end_ns(&replay_of(&trace)), 10_000_000);
    assert_eq!(end_ns(&edited(&trace, "no-comm").replay), 6_000_000);
    assert_eq!(end_ns(&edited(&trace, "comm=0.5").replay), 8_000_000);
    // 4 SMs drive a link half as fast as the 8 that saturate it; 20 were more than enough.
    assert_eq!(end_ns(&edited(&trace, "comm-sms=4").replay), 14_000_000);
    // The norm of layer 1 goes into the collective before it, a half of it on each of two ranks.
    assert_eq!(end_ns(&edited(&trace, "fuse-norm").replay), 9_900_000);
    let nothing = replay_of(&trace).edited(&[Edit::NoLaunch]).expect_err("no host");
    assert_eq!(nothing.to_string(), "no-launch changes nothing: no launch is recorded");
}

#[test]
fn a_weave_alternates_parts_and_hides_communication() {
    let trace = trace(&layers(2));
    let woven = edited(&trace, "weave=0.5");
    let replay = &woven.replay;
    assert_eq!(replay.ops.len(), 40, "each op twice");
    assert_eq!(replay.groups.len(), 8);
    let timeline = replay.run();
    assert_eq!(timeline.stuck, 0);
    // On the compute stream the parts take turns, on the other each collective follows its own block.
    let compute = &replay.streams[0];
    let parts: Vec<crate::model::Split> =
        compute.ops.iter().map(|&op| replay.ops[op as usize].part).collect();
    use crate::model::Split::{First, Second};
    assert_eq!(
        parts,
        [[First; 2], [Second; 2]]
            .concat()
            .into_iter()
            .chain([First, Second])
            .chain([First, First, Second, Second, First, Second])
            .collect::<Vec<_>>()
    );
    for (index, op) in replay.ops.iter().enumerate() {
        for wait in &op.waits {
            let (before, after) = (timeline.spans[wait.op as usize], timeline.spans[index]);
            assert!(after.start_ns >= before.end_ns + wait.gap_ns, "{index} waits");
        }
    }
    let comm: Vec<Span> = of_kind(replay, &timeline, Kind::is_comm);
    let computing: Vec<Span> = of_kind(replay, &timeline, Kind::is_compute);
    let hidden = crate::analysis::intervals::IntervalSet::union_of(comm.clone())
        .intersect_len_ns(&crate::analysis::intervals::IntervalSet::union_of(computing));
    assert!(
        hidden > 0 && end_ns(replay) < 10_000_000,
        "{} hidden, ends {}",
        hidden,
        end_ns(replay)
    );
    let again = replay.edited(&[Edit::Weave(Cut::At(0.5))]).expect_err("it is cut");
    assert!(again.to_string().ends_with("its tokens are cut in two already"));
}

fn of_kind(replay: &Replay, timeline: &Timeline, is_kind: fn(Kind) -> bool) -> Vec<Span> {
    let pairs = replay.ops.iter().zip(&timeline.spans);
    pairs.filter(|(op, _)| op.rank == 0 && is_kind(op.kind)).map(|(_, span)| *span).collect()
}

#[test]
fn the_best_cut_is_no_worse_than_any_that_is_tried() {
    let trace = trace(&layers(2));
    let best = edited(&trace, "weave");
    let best_ns = end_ns(&best.replay);
    for share in ["0.3", "0.4", "0.5", "0.6", "0.7"] {
        let ns = end_ns(&edited(&trace, &format!("weave={share}")).replay);
        assert!(best_ns as f64 <= 1.01 * ns as f64, "{share}: {ns} < {best_ns}");
    }
}

#[test]
fn a_predicted_trace_is_modelled_and_answers_by_causes() {
    let recorded = trace(&layers(2));
    let ops = Ops::of(&recorded, &Config::default());
    let prepared = Prepared::of(&ops);
    let answer =
        Answer::of(&ops, &prepared, &Edit::parse("no-comm", &NoMachines).expect("an edit"))
            .expect("an answer");
    assert_eq!(answer.predicted.meta.provenance.name(), "modelled");
    assert!(answer.predicted.meta.title.ends_with("what if: no-comm"));
    assert_eq!((answer.recorded_ns, answer.predicted_ns), (10_000_000.0, 6_000_000.0));
    let causes: f64 = answer.causes.iter().map(|cause| cause.change_ns).sum();
    assert!((causes + 4_000_000.0).abs() < 1.0, "{:?}", answer.causes);
    assert_eq!(answer.hidden.map(Hidden::share), [Some(0.0), None]);
    let Suggestions { ranked: suggestions, .. } =
        suggest(&ops, &prepared, &mut |_, _| ControlFlow::Continue(())).expect("suggestions");
    assert!(suggestions.last().is_some_and(|last| last.is_bound && last.change == -0.4));
    assert!(
        suggestions.windows(2).all(|pair| pair[1].is_bound || pair[0].change <= pair[1].change)
    );
    let stopped = suggest(&ops, &prepared, &mut |_, _| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(AnswerError::Stopped)));
    assert!(suggestions.iter().any(|one| one.edits.iter().any(|edit| edit.starts_with("weave="))));
}

#[test]
fn edits_read_back_as_they_are_written() {
    let parse = |text: &str| Edit::parse(text, &NoMachines);
    for text in [
        "no-comm",
        "comm=0.5",
        "comm-sms=8",
        "fuse-norm",
        "weave",
        "weave=0.45",
        "gemm=0.8",
        "no-straggler",
        "straggler=1:200000ns",
        "no-launch",
        "steady-host",
        "tp=4",
    ] {
        let edit: Edit = text.parse().expect("an edit");
        assert_eq!(edit.to_string(), text);
    }
    assert_eq!(parse("straggler=1:200us"), parse("straggler=1:200000ns"));
    assert_eq!(parse("tokenweave").map(|edits| edits.len()), Ok(3));
    for wrong in [
        "",
        "comm",
        "comm=0",
        "comm=x",
        "weave=1",
        "weave=nan",
        "straggler=1",
        "straggler=a:1us",
        "straggler=1:1",
        "host=2",
        "no-comm=1",
        "comm-sms=0",
        "tp=0",
        "tp=half",
        "machine",
        "machine=",
        "machine=h100x8",
    ] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
}
