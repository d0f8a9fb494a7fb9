//! Draw lists: what they say as text, and that folding hides nothing.

use std::{collections::BTreeSet, sync::Arc};

use crate::common::synthetic::{self, Shape};
use proptest::prelude::*;
use weftscope::timeline::{DrawList, TimelineData};
use weftscope_traces::{
    ArgsId, Kind, Label, LaneId, Meta, Provenance, Span, TraceBuilder, TrackKind, analysis::Slack,
};

fn tiny() -> TimelineData {
    TimelineData::new(Arc::new(synthetic::trace(Shape::TINY)))
}

fn lanes(data: &TimelineData) -> Vec<LaneId> {
    (0..data.trace.lanes.len() as u32).map(LaneId).collect()
}

#[test]
fn a_small_trace_reads_as_text() {
    let data = tiny();
    let mut list = DrawList::new(data.span, 1024);
    let rows = &data.ranks[0];
    let lane = |track: &weftscope_traces::TrackId| data.trace.track(*track).lanes[0];
    list.prepare(&data.trace, &data.pyramid, rows.streams.iter().chain(&rows.sms[..1]).map(lane));
    insta::assert_snapshot!(list.to_text(&data.trace));
}

#[test]
fn far_out_slices_fold_with_their_count() {
    let data = tiny();
    let mut list = DrawList::new(data.span, 1 << 17);
    list.prepare(&data.trace, &data.pyramid, [data.trace.track(data.ranks[0].sms[0]).lanes[0]]);
    insta::assert_snapshot!(list.to_text(&data.trace));
}

#[test]
fn phases_know_their_slack() {
    let data = tiny();
    let text: Vec<String> = data
        .phases
        .iter()
        .map(|mark| {
            let slack_ns = mark.slack.map(Slack::ns);
            format!("{} {} slack {slack_ns:?}", mark.phase.name(), mark.span.len_ns())
        })
        .collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn a_list_serves_what_it_buffered_and_no_more() {
    let seen = Span::new(10_000, 20_000);
    let list = DrawList::new(seen, 8);
    assert!(list.serves(Span::new(2_000, 12_000), 8), "panning left by most of a window");
    assert!(list.serves(Span::new(19_000, 29_000), 8), "panning right by most of a window");
    assert!(!list.serves(Span::new(21_000, 31_000), 8), "beyond the buffer");
    assert!(!list.serves(seen, 16), "another resolution");
}

/// One lane of disjoint slices from gaps and lengths.
fn one_lane(pairs: &[(u16, u16)]) -> TimelineData {
    let source = "test".to_owned();
    let mut builder = TraceBuilder::new(Meta::new("", Provenance::Modelled { source }));
    let label = builder.label(Label { kind: Kind::Gemm, ..Label::default() });
    let track = builder.track(None, "SM 0", TrackKind::Sm { rank: 0, sm: 0 });
    let lane = builder.lane(track);
    let mut at = 0;
    for &(gap, length) in pairs {
        let start = at + i64::from(gap);
        at = start + i64::from(length) + 1;
        builder.push(lane, Span::new(start, at), label, ArgsId::NONE, 0);
    }
    TimelineData::new(Arc::new(builder.finish().expect("slices are made disjoint")))
}

/// Buckets of the resolution that a span touches.
fn buckets(span: Span, resolution_ns: i64) -> impl Iterator<Item = i64> {
    span.start_ns.div_euclid(resolution_ns)..=(span.end_ns - 1).div_euclid(resolution_ns)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    /// The oracle paints every slice by brute force. Folding joins only what starts in one bucket, so what is
    /// painted may fill a gap inside a bucket, or between two slices of one bucket, and never loses one.
    #[test]
    fn lists_cover_the_pixels_that_brute_force_covers(
        pairs in prop::collection::vec((0_u16..400, 0_u16..400), 1..60),
        power in 0_u32..12,
        from in 0_i64..8_000,
        length in 1_i64..8_000,
    ) {
        let data = one_lane(&pairs);
        let resolution_ns = 1_i64 << power;
        // Whole buckets: a slice just outside the window shares its pixel but is not on the screen.
        let edge = |at: i64| at.div_euclid(resolution_ns) * resolution_ns;
        let seen = Span::new(edge(from), edge(from + length) + resolution_ns);
        let mut list = DrawList::new(seen, resolution_ns);
        list.prepare(&data.trace, &data.pyramid, lanes(&data));
        let slices = &data.trace.lanes[0].slices;
        let inside = |bucket: &i64| {
            let start = bucket * resolution_ns;
            Span::new(start, start + resolution_ns).overlaps(seen)
        };
        let painted: BTreeSet<i64> = list
            .items(LaneId(0), seen)
            .iter()
            .flat_map(|item| buckets(item.span(), resolution_ns))
            .filter(inside)
            .collect();
        let brute: BTreeSet<i64> = (0..slices.len())
            .flat_map(|index| buckets(slices.span(index), resolution_ns))
            .filter(inside)
            .collect();
        prop_assert_eq!(painted, brute);
        let count: u32 = list.items(LaneId(0), list.window).iter().map(|item| item.count).sum();
        let touching = slices.range(list.window).len() as u32;
        prop_assert!(count >= touching, "{} of {} slices", count, touching);
    }
}
