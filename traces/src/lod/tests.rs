//! The pyramid and the ribbons against their brute-force twins.

use proptest::prelude::*;

use super::*;
use crate::model::{
    ArgsId, Kind, Label, LabelId, LaneId, Meta, Provenance, Span, Split, Trace, TraceBuilder,
    TrackKind,
};

/// Rows of (gap before, length, label).
type Row = (i64, i64, u32);

fn labels(builder: &mut TraceBuilder) {
    for band in Band::all() {
        let Band { kind, split } = band;
        builder.label(Label { name: kind.name().into(), kind, split, ..Label::default() });
    }
}

fn empty_trace() -> TraceBuilder {
    let provenance = Provenance::Modelled { source: "test".into() };
    let mut builder = TraceBuilder::new(Meta::new("test", provenance));
    labels(&mut builder);
    builder
}

fn fill(builder: &mut TraceBuilder, lane: LaneId, start_ns: i64, rows: &[Row]) {
    let mut at = start_ns;
    for &(gap, len, label) in rows {
        at += gap;
        builder.push(lane, Span::new(at, at + len), LabelId(label), ArgsId::NONE, 0);
        at += len;
    }
}

fn one_lane(start_ns: i64, rows: &[Row]) -> (Trace, LaneId) {
    let mut builder = empty_trace();
    let track = builder.track(None, "SM 0", TrackKind::Sm { rank: 0, sm: 0 });
    let lane = builder.lane(track);
    fill(&mut builder, lane, start_ns, rows);
    (builder.finish().expect("rows are disjoint by construction"), lane)
}

fn check(trace: &Trace, lane: LaneId, window: Span, resolution_ns: i64) {
    let mut out = Vec::new();
    // With as many levels as there can be, with some, and as usual, which needs more rows than these.
    for (rows, fewest_items) in [(1, 1), (4, 3), (32, 64)] {
        let pyramid = Pyramid::build_in(trace, levels::Limits { rows, fewest_items });
        pyramid.query(trace, lane, window, resolution_ns, &mut out);
        assert_eq!(
            out,
            oracle::query(trace, lane, window, resolution_ns),
            "{window:?} {resolution_ns} {rows}"
        );
    }
}

/// The levels that are made as usual, of a lane long enough for them.
#[test]
fn levels_answer_what_folding_does() {
    let mut state = 7_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        ((state >> 33) % below) as i64
    };
    let rows: Vec<Row> = (0..20_000)
        .map(|_| {
            let gap = if random(50) == 0 { random(100_000) } else { random(20) };
            let len = if random(90) == 0 { random(200_000) } else { random(60) };
            (gap, len, random(Band::COUNT as u64) as u32)
        })
        .collect();
    let (trace, lane) = one_lane(-77, &rows);
    let end_ns = trace.span().end_ns;
    let pyramid = Pyramid::build(&trace);
    let mut out = Vec::new();
    for exponent in 0..40 {
        for (from, to) in [(-1_000, end_ns + 1_000), (end_ns / 3, end_ns / 2), (end_ns / 5, 0)] {
            let window = Span::new(from.min(to), from.max(to));
            pyramid.query(&trace, lane, window, 1 << exponent, &mut out);
            assert_eq!(out, oracle::query(&trace, lane, window, 1 << exponent), "2^{exponent}");
        }
    }
    let levels = (0..40).filter(|&exponent| pyramid.has_level(lane, rows.len(), exponent));
    assert!(levels.count() >= 3, "some of them were answered from levels");
}

fn any_rows(max: usize) -> impl Strategy<Value = Vec<Row>> {
    let gap = prop_oneof![4 => Just(0), 4 => 0..20_i64, 1 => 0..3000_i64];
    let len = prop_oneof![2 => 0..3_i64, 6 => 1..40_i64, 1 => 100..5000_i64];
    // Few bands, so that ties and mixed folds are common.
    let label = prop_oneof![4 => 0..6_u32, 1 => 0..Band::COUNT as u32];
    proptest::collection::vec((gap, len, label), 0..max)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn pyramid_equals_the_oracle(
        rows in any_rows(400),
        start in -5000..5000_i64,
        from in -6000..30_000_i64,
        len in 0..20_000_i64,
        exponent in 0..16_u32,
    ) {
        let (trace, lane) = one_lane(start, &rows);
        check(&trace, lane, Span::new(from, from + len), 1 << exponent);
    }

    #[test]
    fn windows_that_cut_a_slice_equal_the_oracle(
        rows in any_rows(200),
        pick in any::<prop::sample::Index>(),
        before in -2..3_i64,
        after in -2..3_i64,
        exponent in 0..12_u32,
    ) {
        prop_assume!(!rows.is_empty());
        let (trace, lane) = one_lane(-1000, &rows);
        let slices = &trace.lane(lane).slices;
        let row = pick.index(slices.len());
        let window = Span::new(slices.start_ns[row] + before, slices.end_ns[row] + after);
        check(&trace, lane, window, 1 << exponent);
    }

    #[test]
    fn every_slice_of_a_full_query_is_counted_once(rows in any_rows(300), exponent in 0..40_u32) {
        let (trace, lane) = one_lane(0, &rows);
        let mut out = Vec::new();
        let all = Span::new(i64::MIN / 2, i64::MAX / 2);
        Pyramid::build(&trace).query(&trace, lane, all, 1 << exponent, &mut out);
        prop_assert_eq!(out.iter().map(|item| item.count as usize).sum::<usize>(), rows.len());
        prop_assert_eq!(
            out.iter().map(|item| item.busy_ns).sum::<i64>(),
            rows.iter().map(|row| row.1).sum::<i64>()
        );
        prop_assert!(out.windows(2).all(|pair| pair[0].end_ns <= pair[1].start_ns));
    }

    #[test]
    fn ribbon_equals_counting_every_nanosecond(
        slots in proptest::collection::vec((0..3_u32, small_rows()), 1..6),
        stated_sms in 0..5_u32,
        from in -10..60_i64,
        len in 0..90_i64,
        columns in 1..20_usize,
    ) {
        let trace = sm_trace(&slots, stated_sms);
        compare_ribbon(&trace, Span::new(from, from + len), columns);
    }

    #[test]
    fn stream_ribbon_equals_counting_every_nanosecond(
        lanes in proptest::collection::vec(small_rows(), 1..5),
        from in -10..60_i64,
        len in 0..90_i64,
        columns in 1..20_usize,
    ) {
        let mut builder = empty_trace();
        for (stream, rows) in lanes.iter().enumerate() {
            let kind = TrackKind::Stream { rank: 0, stream: stream as u32 };
            let track = builder.track(None, "stream", kind);
            let lane = builder.lane(track);
            fill(&mut builder, lane, 0, rows);
        }
        let trace = builder.finish().expect("disjoint");
        compare_ribbon(&trace, Span::new(from, from + len), columns);
    }
}

fn small_rows() -> impl Strategy<Value = Vec<Row>> {
    proptest::collection::vec((0..6_i64, 0..15_i64, 0..Band::COUNT as u32), 1..8)
}

fn sm_trace(slots: &[(u32, Vec<Row>)], stated_sms: u32) -> Trace {
    let mut builder = empty_trace();
    builder.meta_mut().ranks.push(crate::model::RankInfo {
        rank: 0,
        device: crate::model::DeviceInfo { sms: stated_sms, ..Default::default() },
        server: None,
    });
    for sm in 0..3 {
        let track = builder.track(None, "SM", TrackKind::Sm { rank: 0, sm });
        for (_, rows) in slots.iter().filter(|slot| slot.0 == sm) {
            let lane = builder.lane(track);
            fill(&mut builder, lane, 0, rows);
        }
    }
    builder.finish().expect("disjoint")
}

fn compare_ribbon(trace: &Trace, window: Span, columns: usize) {
    let ribbon = Ribbon::build(trace, 0);
    let got = ribbon.query(window, columns);
    for (k, column) in got.iter().enumerate() {
        let edge = |k: usize| window.start_ns + window.len_ns() * k as i64 / columns as i64;
        let bucket = Span { start_ns: edge(k), end_ns: edge(k + 1).max(edge(k) + 1) };
        let expected = brute_column(trace, bucket, ribbon.basis());
        for band in 0..Band::COUNT {
            let (got, expected) = (f64::from(column.share[band]), expected[band]);
            assert!((got - expected).abs() < 1e-5, "{bucket:?} band {band}: {got} vs {expected}");
        }
    }
}

/// Mean share by band, asking every lane at every nanosecond.
fn brute_column(trace: &Trace, bucket: Span, basis: RibbonBasis) -> [f64; Band::COUNT] {
    let mut sum = [0.0; Band::COUNT];
    for at_ns in bucket.start_ns..bucket.end_ns {
        let on = |track: &crate::model::Track| -> Vec<Band> {
            let lanes = track.lanes.iter().map(|&lane| &trace.lane(lane).slices);
            lanes
                .flat_map(|slices| {
                    let rows = (0..slices.len()).filter(|&row| slices.span(row).contains(at_ns));
                    rows.map(|row| Band::of(trace.label(slices.label[row]))).collect::<Vec<_>>()
                })
                .collect()
        };
        match basis {
            RibbonBasis::Sms { sms } => {
                for track in &trace.tracks {
                    let busy = on(track);
                    for band in &busy {
                        sum[band.index()] += 1.0 / busy.len() as f64 / f64::from(sms);
                    }
                }
            }
            RibbonBasis::Streams => {
                let mut running: Vec<Band> = trace.tracks.iter().flat_map(on).collect();
                running.sort();
                running.dedup();
                for side in [true, false] {
                    let of_side = running.iter().filter(|band| band.kind.is_compute() == side);
                    let of_side: Vec<_> = of_side.collect();
                    for band in &of_side {
                        sum[band.index()] += 1.0 / of_side.len() as f64;
                    }
                }
            }
            RibbonBasis::Nothing => {}
        }
    }
    sum.map(|sum| sum / bucket.len_ns() as f64)
}

#[test]
fn short_slices_of_a_bucket_become_one_item() {
    let gemm = Band { kind: Kind::Gemm, split: Split::Second }.index() as u32;
    let comm = Band { kind: Kind::Comm, split: Split::Whole }.index() as u32;
    let (trace, lane) = one_lane(64, &[(0, 5, gemm), (1, 7, comm), (3, 4, gemm), (40, 80, comm)]);
    let mut out = Vec::new();
    Pyramid::build(&trace).query(&trace, lane, Span::new(0, 1000), 64, &mut out);
    let fold = LodItem {
        start_ns: 64,
        end_ns: 84,
        count: 3,
        busy_ns: 16,
        kind: Kind::Gemm,
        split: Split::Second,
        first: 0,
        index: 1,
    };
    let long = LodItem {
        start_ns: 124,
        end_ns: 204,
        count: 1,
        busy_ns: 80,
        kind: Kind::Comm,
        split: Split::Whole,
        first: 3,
        index: 3,
    };
    assert_eq!(out, [fold, long]);
}

#[test]
fn equal_shares_go_to_the_smaller_kind_then_split() {
    let band = |kind, split| Band { kind, split }.index();
    let mut times = [0; Band::COUNT];
    times[band(Kind::Comm, Split::Whole)] = 10;
    times[band(Kind::Norm, Split::Second)] = 5;
    times[band(Kind::Norm, Split::First)] = 5;
    let expected = Band { kind: Kind::Norm, split: Split::First };
    assert_eq!(super::band::dominant(&times), Some(expected));
}

#[test]
fn rows_appended_after_the_build_are_still_answered() {
    let rows: Vec<Row> = (0..100).map(|row| (row % 3, 1 + row % 5, (row % 7) as u32)).collect();
    let (short, lane) = one_lane(0, &rows[..70]);
    let (long, _) = one_lane(0, &rows);
    let mut out = Vec::new();
    let window = Span::new(0, 10_000);
    Pyramid::build(&short).query(&long, lane, window, 64, &mut out);
    assert_eq!(out, oracle::query(&long, lane, window, 64));
}

#[test]
fn a_rank_without_rows_has_an_empty_ribbon() {
    let ribbon = Ribbon::build(&empty_trace().finish().expect("empty"), 3);
    assert_eq!(ribbon.basis(), RibbonBasis::Nothing);
    assert_eq!(ribbon.query(Span::new(0, 10), 2), vec![RibbonColumn::default(); 2]);
}
