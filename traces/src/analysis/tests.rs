//! What holds for every question: reports serialise, and figures equal counting every nanosecond on random traces.

use std::{collections::BTreeSet, ops::ControlFlow, sync::Arc};

use proptest::prelude::*;

use super::testing::trace;
use super::*;
use crate::model::{Kind, SliceRef, Trace, TrackKind};

const WOVEN: &str = "sms 2
    rank 0
    marks 0: mark 0..100 step0
    stream 0: gemm 0..60 up L0 s0 pC op=1 grid=4 sms=2 waves=2 tail=1 alone=50; memcpy 70..80 copy
    stream 1: comm 10..70 ar L0 s1 pC op=2 grid=1 alone=40
    sm 0: gemm 0..60 up L0 s0 pC op=1 grid=4 sms=2 waves=2 tail=1 alone=50
    sm 1: wait 10..20 ar L0 s1 pC; comm 20..70 ar L0 s1 pC op=2 grid=1 alone=40
    flow up@0 -> ar@10
    rank 1
    stream 1: comm 15..70 ar L0 s1 pC op=2 grid=1 alone=40";

#[test]
fn every_report_serialises() {
    let trace = trace(WOVEN);
    let ops = Ops::of(&trace, &Config::default());
    let reports = Reports::of(&ops);
    let json = serde_json::json!({
        "reports": reports,
        "selection": selection(&trace, &Selection { window: trace.span(), tracks: vec![] }),
        "compare": compare(&ops, &ops, CompareConfig::default()),
        "statistics": Statistics::of(&ops),
        "verdict": verdict(&ops, &reports, &[]),
    });
    let statistics = &json["statistics"];
    let up = &statistics["kernels"]["kernels"][1];
    assert_eq!((&up["name"], &up["histogram"]["counts"]), (&"up".into(), &[1].into()));
    assert_eq!(statistics["exposed"]["most"][0]["exposed_ns"], 55);
    assert_eq!(statistics["gaps"]["ranks"][0]["unlaunched_ns"], serde_json::Value::Null);
    let json = &json["reports"];
    let rank = &json["overlap"]["ranks"][0];
    assert_eq!((&rank["overlap_ns"], &rank["wait_method"]), (&50.into(), &"measured".into()));
    assert_eq!(rank["iterations"][0]["name"], "step0");
    assert_eq!(json["phases"]["tightest"], "C");
    assert_eq!(json["skew"]["straggler"], 1);
}

/// Row (two streams, then two slots of two SMs each), kind, gap before, length.
type Piece = (usize, usize, i64, i64);

const ROWS: [&str; 6] = ["stream 0", "stream 1", "sm 0", "sm 0.1", "sm 1", "sm 1.1"];
const KINDS: [&str; 4] = ["gemm", "norm", "comm", "memcpy"];

fn any_pieces() -> impl Strategy<Value = Vec<Piece>> {
    proptest::collection::vec((0..ROWS.len(), 0..KINDS.len(), 0..12_i64, 0..20_i64), 0..30)
}

fn build(pieces: &[Piece]) -> Trace {
    let mut text = "sms 3\n rank 0\n".to_owned();
    let mut free = [0; ROWS.len()];
    for &(row, kind, gap, len) in pieces {
        let start = free[row] + gap;
        free[row] = start + len;
        text += &format!("{}: {} {start}..{} op{kind}\n", ROWS[row], KINDS[kind], free[row]);
    }
    trace(&text)
}

/// Nanoseconds in which a row of `of_track` holds a slice of `of_kind`.
fn bits(
    trace: &Trace,
    of_track: impl Fn(&TrackKind) -> bool,
    of_kind: impl Fn(Kind) -> bool,
) -> BTreeSet<i64> {
    let lanes = trace.lanes.iter().filter(|lane| of_track(&trace.track(lane.track).kind));
    let mut bits = BTreeSet::new();
    for slices in lanes.map(|lane| &lane.slices) {
        let rows = (0..slices.len()).filter(|&row| of_kind(trace.label(slices.label[row]).kind));
        bits.extend(rows.flat_map(|row| slices.start_ns[row]..slices.end_ns[row]));
    }
    bits
}

proptest! {
    #[test]
    fn weighted_overlap_equals_counting_sms(pieces in any_pieces()) {
        let trace = build(&pieces);
        let is_stream = |kind: &TrackKind| matches!(kind, TrackKind::Stream { .. });
        let comm = bits(&trace, is_stream, Kind::is_comm);
        let computing: usize = (0..2)
            .map(|sm| {
                let own = |kind: &TrackKind| matches!(kind, TrackKind::Sm { sm: of, .. } if *of == sm);
                bits(&trace, own, Kind::is_compute).intersection(&comm).count()
            })
            .sum();
        let has_blocks = pieces.iter().any(|piece| piece.0 >= 2);
        // Three SMs by the device, two of them with rows.
        let percent = 100.0 * computing as f64 / (3 * comm.len().max(1)) as f64;
        let total = overlap(&Ops::of(&trace, &Config::default())).ranks[0].total;
        match total.sm_weighted_pct {
            None => prop_assert!(!has_blocks || comm.is_empty()),
            Some(_) if comm.is_empty() => prop_assert!(false, "a share of nothing"),
            Some(got) => prop_assert!((got - percent).abs() < 1e-9, "{} {}", got, percent),
        }
    }

    #[test]
    fn selected_time_equals_counting(pieces in any_pieces(), from in 0..80_i64, len in 1..60_i64) {
        let trace = build(&pieces);
        let window = Span::new(from, from + len);
        let report = selection(&trace, &Selection { window, tracks: vec![] });
        for row in &report.by_track {
            let kind = &trace.track(row.track).kind;
            let busy = bits(&trace, |other| other == kind, |_| true);
            let inside = busy.iter().filter(|&&at| window.contains(at)).count();
            prop_assert_eq!(row.busy_ns, inside as i64);
        }
        // Ops are counted, or blocks where there are none; hidden is what it is of a window.
        let of_streams = pieces.iter().any(|piece| piece.0 < 2);
        let is_counted = |kind: &TrackKind| matches!(kind, TrackKind::Stream { .. }) == of_streams;
        let total = overlap(&Ops::of(&trace, &Config { window: Some(window), ..Config::default() }));
        let total = total.ranks.first().map(|rank| rank.total).unwrap_or_default();
        let hidden = (report.comm.comm_ns, report.comm.hidden_ns, report.comm.exposed_ns);
        prop_assert_eq!(hidden, (total.comm_ns, total.overlap_ns, total.exposed_comm_ns));
        let inside: i64 = trace
            .lanes
            .iter()
            .filter(|lane| is_counted(&trace.track(lane.track).kind))
            .flat_map(|lane| (0..lane.slices.len()).map(|row| lane.slices.span(row)))
            .map(|span| span.intersect(window).len_ns())
            .sum();
        prop_assert_eq!(report.by_op.iter().map(|op| op.inside_ns).sum::<i64>(), inside);
    }

    #[test]
    fn stepping_visits_every_hit_in_order(pieces in any_pieces()) {
        let trace = build(&pieces);
        let search = Arc::new(Search::new(&trace, Query::parse("kind:norm in:all")));
        let go_on = |_| ControlFlow::<()>::Continue(());
        let hits = Hits::find(search, &trace, go_on).unwrap();
        let mut expected: Vec<(i64, SliceRef)> = Vec::new();
        for (lane, slices) in trace.lanes.iter().enumerate() {
            for row in 0..slices.slices.len() {
                let lane = crate::model::LaneId(lane as u32);
                let slice = SliceRef { lane, index: row as u32 };
                if trace.label_of(slice).kind == Kind::Norm {
                    expected.push((trace.span_of(slice).start_ns, slice));
                }
            }
        }
        expected.sort();
        let expected: Vec<SliceRef> = expected.into_iter().map(|(_, slice)| slice).collect();
        let forward: Vec<_> =
            std::iter::successors(hits.next(&trace, None), |&at| hits.next(&trace, Some(at)))
                .collect();
        prop_assert_eq!(&forward, &expected);
        let mut backward: Vec<_> =
            std::iter::successors(hits.prev(&trace, None), |&at| hits.prev(&trace, Some(at)))
                .collect();
        backward.reverse();
        prop_assert_eq!(&backward, &expected);
        prop_assert_eq!(hits.count(), expected.len());
    }

    #[test]
    fn the_critical_path_tiles_its_span_up_to_the_last_end(pieces in any_pieces()) {
        let trace = build(&pieces);
        let ops = Ops::of(&trace, &Config::default());
        let path = critical_path(&ops);
        let tiled: i64 = path.segments.iter().map(|segment| segment.span.len_ns()).sum();
        prop_assert_eq!(tiled, path.span.len_ns());
        prop_assert!(path.segments.windows(2).all(|pair| pair[0].span.end_ns == pair[1].span.start_ns));
        prop_assert!(path.segments.iter().all(|segment| segment.span.len_ns() >= 0));
        let shares: i64 = path.by_kind.iter().map(|share| share.total_ns).sum();
        prop_assert_eq!(shares, tiled);
        let whole = ops.ranks[0].ops.iter().filter(|op| !op.span.is_empty());
        let last_end = whole.map(|op| op.span.end_ns).max();
        let path_end = path.segments.last().map(|segment| segment.span.end_ns);
        prop_assert_eq!(path_end, last_end);
    }
}
