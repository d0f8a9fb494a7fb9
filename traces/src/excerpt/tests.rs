//! Excerpts against counting every nanosecond of what they were cut out of.

use proptest::prelude::*;

use super::*;
use crate::{
    FlowKind, Kind, Label, LabelId, LaneId, Meta, Provenance, SliceRef, Span, TraceBuilder,
    lod::Band,
};

/// Gap before a slice, its length, its label.
type Row = (i64, i64, usize);

/// A stream and two SMs; ops and blocks have arguments, and an arrow leads from the first op to the last.
fn trace(rows: &[Vec<Row>]) -> Trace {
    let provenance = Provenance::Modelled { source: "test".into() };
    let mut builder = TraceBuilder::new(Meta::new("test", provenance));
    let kinds = [Kind::Gemm, Kind::Comm, Kind::Norm];
    let labels = kinds
        .map(|kind| builder.label(Label { name: kind.name().into(), kind, ..Label::default() }));
    let tracks = [
        TrackKind::Stream { rank: 0, stream: 7 },
        TrackKind::Sm { rank: 0, sm: 0 },
        TrackKind::Sm { rank: 0, sm: 1 },
    ];
    for (kind, rows) in tracks.into_iter().zip(rows) {
        let track = builder.track(None, "row", kind);
        let lane = builder.lane(track);
        let mut at_ns = 0;
        for (number, &(gap_ns, len_ns, label)) in rows.iter().enumerate() {
            let span = Span::new(at_ns + gap_ns, at_ns + gap_ns + len_ns);
            let args = builder.args_mut().push([("number", ArgValue::Int(number as i64))]);
            builder.push(lane, span, labels[label], args, number as u32);
            at_ns = span.end_ns;
        }
    }
    let at = |index: usize| SliceRef { lane: LaneId(0), index: index as u32 };
    if rows[0].len() > 1 {
        let (from, to) = (at(0), at(rows[0].len() - 1));
        builder.flow(from, to, FlowKind::Dependency);
    }
    builder.finish().unwrap()
}

fn lane(most: usize) -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec((0_i64..9, 0_i64..20, 0_usize..3), 0..most)
}

/// Busy time of a band before a moment, slice by slice.
fn busy_before(trace: &Trace, lane: u32, band: Band, at_ns: i64) -> i64 {
    let slices = &trace.lane(LaneId(lane)).slices;
    let of_band = |&row: &usize| Band::of(trace.label(slices.label[row])) == band;
    let before = |row| {
        let span = slices.span(row);
        span.end_ns.min(at_ns).saturating_sub(span.start_ns).max(0)
    };
    (0..slices.len()).filter(of_band).map(before).sum()
}

proptest! {
    /// At no moment has a lane been busy with a band for longer or shorter than it was, by more than the resolution there;
    /// all in all for as long. What is counted as folded is what is not there.
    #[test]
    fn folds_are_as_busy_as_what_they_stand_for(
        rows in (lane(40), lane(120), lane(120)),
        window in (0_i64..400, 1_i64..300),
        log2s in (0_u32..6, 0_u32..5),
    ) {
        let whole = trace(&[rows.0, rows.1, rows.2]);
        let resolution_ns = 1 << log2s.0;
        let wanted = Wanted {
            window: Span::new(window.0, window.0 + window.1),
            resolution_ns,
            outside_ns: resolution_ns << log2s.1,
            lanes: [LaneId(1)].into(),
            most_whole: 3,
        };
        let part = excerpt(&whole, &wanted);
        let count = |lane: u32| whole.lane(LaneId(lane)).slices.len();
        let here = |lane: u32| part.trace.lane(LaneId(lane)).slices.len();
        prop_assert_eq!(part.left_out, count(2) as u64);
        prop_assert_eq!(here(2), 0);
        let missing = count(0) + count(1) - here(0) - here(1);
        prop_assert_eq!(part.folded, missing as u64);
        let is_partial = |lane: &u32| {
            part.partial_lanes.iter().any(|(first, last)| (first.0..=last.0).contains(lane))
        };
        let partial: Vec<u32> = (0..3).filter(is_partial).collect();
        let lacking: Vec<u32> = (0..3).filter(|&lane| here(lane) < count(lane)).collect();
        prop_assert_eq!(partial, lacking);
        prop_assert_eq!(&part.trace.tracks, &whole.tracks);
        let end_ns = whole.span().end_ns;
        for lane in 0..2 {
            for band in Band::all() {
                let of = |trace, at_ns| busy_before(trace, lane, band, at_ns);
                prop_assert_eq!(of(&part.trace, end_ns), of(&whole, end_ns));
                for at_ns in 0..end_ns {
                    let off_ns = (of(&part.trace, at_ns) - of(&whole, at_ns)).abs();
                    // A fold that began before the window's edge reaches over it.
                    let near = wanted.resolution_at(at_ns - wanted.outside_ns);
                    let bound_ns = wanted.resolution_at(at_ns).max(near) * 2;
                    prop_assert!(off_ns <= bound_ns, "lane {} at {}: {} ns", lane, at_ns, off_ns);
                }
            }
        }
    }

    /// Slices that are long enough are there as they were, with what is known of them.
    #[test]
    fn what_can_be_told_apart_is_there(row in lane(200), log2 in 0_u32..5) {
        let whole = trace(&[Vec::new(), row, Vec::new()]);
        let resolution_ns = 1 << log2;
        let window = whole.span();
        let lanes = [LaneId(1)].into();
        let wanted = Wanted { window, resolution_ns, outside_ns: 1, lanes, most_whole: 0 };
        let part = excerpt(&whole, &wanted).trace;
        let rows = |trace: &Trace, least_ns| {
            let slices = &trace.lane(LaneId(1)).slices;
            let row = |index| {
                let slice = SliceRef { lane: LaneId(1), index: index as u32 };
                (slices.span(index), slices.label[index], slices.item[index], trace.args_of(slice))
            };
            let is_long = |&index: &usize| slices.span(index).len_ns() >= least_ns;
            (0..slices.len()).filter(is_long).map(row).collect::<Vec<_>>()
        };
        let there: Vec<(Span, LabelId, u32, crate::Args)> = rows(&part, 0);
        for row in rows(&whole, resolution_ns) {
            prop_assert!(there.contains(&row), "{:?}", row);
        }
    }
}

#[test]
fn a_short_trace_comes_as_it_is_and_one_that_is_not_seen_without_its_blocks() {
    let rows: Vec<Row> = (0..50).map(|row| (1, 5, row % 3)).collect();
    let whole = trace(&[rows.clone(), rows.clone(), rows]);
    let span = whole.span();
    let all = Wanted::seen(span, span, 1, [LaneId(1), LaneId(2)]);
    let part = excerpt(&whole, &all);
    assert!(part.is_whole());
    assert_eq!(part.trace, whole);
    let first = excerpt(&whole, &Wanted::first(span));
    assert_eq!((first.left_out, first.folded, first.arrows_left_out), (100, 0, 0));
    assert_eq!(first.trace.lane(LaneId(0)), whole.lane(LaneId(0)));
    assert_eq!(first.trace.flows, whole.flows);
}

#[test]
fn what_is_at_hand_serves_what_lies_in_it() {
    let whole = Span::new(0, 1_000_000);
    let wanted = Wanted::seen(whole, Span::new(100_000, 200_000), 70, [LaneId(3), LaneId(4)]);
    assert_eq!(wanted.resolution_ns, 64);
    for (window, resolution_ns, lanes, serves) in [
        ((100_000, 200_000), 70, &[3][..], true),
        ((0, 300_000), 64, &[3, 4], true),
        ((0, 300_001), 64, &[3, 4], false),
        ((150_000, 151_000), 2, &[3, 4], false),
        ((150_000, 151_000), 200, &[5], false),
    ] {
        let lanes: Vec<LaneId> = lanes.iter().copied().map(LaneId).collect();
        let window = Span::new(window.0, window.1);
        assert_eq!(wanted.serves(window, resolution_ns, &lanes), serves, "{window:?}");
    }
}

#[test]
fn counters_keep_their_peaks() {
    let mut parts = trace(&[Vec::new(), Vec::new(), Vec::new()]).into_parts();
    let at_ns: Vec<i64> = (0..100).collect();
    let value = at_ns.iter().map(|&at| if at == 37 { 9.0 } else { 1.0 }).collect();
    parts.counters.push(CounterSeries { at_ns, value, ..CounterSeries::default() });
    let whole = Trace::checked(parts).unwrap();
    let wanted = Wanted {
        window: Span::new(0, 100),
        resolution_ns: 8,
        outside_ns: 8,
        lanes: [].into(),
        most_whole: 10,
    };
    let part = excerpt(&whole, &wanted);
    let counter = &part.trace.counters[0];
    assert_eq!(counter.at_ns, (0..13).map(|stretch| stretch * 8).collect::<Vec<_>>());
    assert_eq!(counter.value.iter().position(|&value| value == 9.0), Some(4));
    assert_eq!(part.samples_left_out, 87);
}
