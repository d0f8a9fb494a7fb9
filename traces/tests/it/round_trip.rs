//! What is written as Chrome JSON reads back as the same trace.

use std::ops::ControlFlow;

use proptest::prelude::*;
use weftscope_traces::edit::{merge, ranks};
use weftscope_traces::interchange::chrome::{self, ExportError, ExportOptions};
use weftscope_traces::stream::silent;
use weftscope_traces::{
    Args, ArgsId, CounterSeries, Diagnostics, Label, LaneId, Meta, Provenance, SliceRef, Span,
    Trace, TraceBuilder, TrackId, TrackKind, container,
};
use weftscope_traces::{OpenOptions, open};

use crate::random::{sample, traces};

/// A slice told by everything but lane numbers.
type SliceView = (Span, Label, Args, u32);

/// A track with the slices of each lane.
type TrackView = (Option<TrackId>, String, TrackKind, Vec<Vec<SliceView>>);

/// Track, lane of the track, row.
type Place = (u32, usize, u32);

/// A trace without its numbering: track by track, lane by lane.
#[derive(Debug, PartialEq)]
struct View {
    meta: Meta,
    tracks: Vec<TrackView>,
    counters: Vec<CounterSeries>,
    flows: Vec<(Place, Place, u8)>,
    diagnostics: Diagnostics,
}

/// Looks at a trace.
fn view(trace: &Trace) -> View {
    let place = |slice: SliceRef| {
        let track = trace.lane(slice.lane).track;
        let depth = trace.track(track).lanes.iter().position(|&lane| lane == slice.lane);
        (track.0, depth.expect("a lane of its track"), slice.index)
    };
    let lane = |&lane: &LaneId| -> Vec<SliceView> {
        let slices = &trace.lane(lane).slices;
        (0..slices.len())
            .map(|row| {
                let label = trace.label(slices.label[row]).clone();
                (slices.span(row), label, trace.args.get(slices.args[row]), slices.item[row])
            })
            .collect()
    };
    let tracks = trace.tracks.iter().map(|track| {
        let lanes = track.lanes.iter().map(lane).collect();
        (track.parent, track.name.clone(), track.kind.clone(), lanes)
    });
    let mut flows: Vec<_> =
        trace.flows.iter().map(|f| (place(f.from), place(f.to), f.kind as u8)).collect();
    flows.sort_unstable();
    View {
        meta: trace.meta.clone(),
        tracks: tracks.collect(),
        counters: trace.counters.clone(),
        flows,
        diagnostics: trace.diagnostics.clone(),
    }
}

fn text(trace: &Trace, options: &ExportOptions) -> Vec<u8> {
    let mut out = Vec::new();
    chrome::write(trace, &mut out, options, &mut silent).expect("a Vec takes all");
    out
}

fn back(text: &[u8]) -> Trace {
    open(text, &OpenOptions::default(), &mut silent).expect("our own file")
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn export_then_import_gives_the_same_trace(trace in traces(200), gzip: bool) {
        let options = ExportOptions { gzip, ..ExportOptions::default() };
        let back = back(&text(&trace, &options));
        prop_assert_eq!(&back.labels, &trace.labels);
        prop_assert_eq!(view(&back), view(&trace));
    }

    /// Oracle: serde_json reads the text as one value, and every event stands on one line.
    #[test]
    fn the_text_is_json_with_one_event_a_line(trace in traces(60)) {
        let text = text(&trace, &ExportOptions::default());
        let json: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        let events = json["traceEvents"].as_array().expect("an array");
        let lines = std::str::from_utf8(&text).expect("UTF-8").lines();
        let event_lines = lines.filter(|line| line.starts_with("{\"ph\"")).count();
        prop_assert_eq!(event_lines, events.len());
    }

    #[test]
    fn a_rank_file_holds_what_the_whole_holds_of_it(trace in traces(100)) {
        for rank in ranks(&trace) {
            let mut out = Vec::new();
            chrome::write_rank(&trace, rank, &mut out, &ExportOptions::default(), &mut silent)
                .expect("a Vec takes all");
            let View { tracks, .. } = view(&back(&out));
            let whole = view(&trace).tracks.into_iter();
            let expected: Vec<_> =
                whole.filter(|t| t.2.rank().is_none_or(|r| r == rank)).collect();
            let slices = |tracks: Vec<_>| -> Vec<_> {
                tracks.into_iter().map(|(_, name, kind, lanes)| (name, kind, lanes)).collect()
            };
            prop_assert_eq!(slices(tracks), slices(expected));
            let text = String::from_utf8(out).expect("UTF-8");
            let wanted = format!("\"rank\": {rank},");
            prop_assert!(text.lines().any(|line| line.trim() == wanted));
        }
    }
}

#[test]
fn a_rank_that_is_not_there_is_an_error() {
    let error =
        chrome::write_rank(&sample(0, 10), 99, Vec::new(), &ExportOptions::default(), &mut silent)
            .expect_err("no rank 99");
    assert_eq!(error.to_string(), "the trace has no rank 99");
}

/// One lane of more slices than are written between two calls of the progress callback.
fn long() -> Trace {
    let meta = Meta::new("long", Provenance::Modelled { source: "test".to_owned() });
    let mut out = TraceBuilder::new(meta);
    let track = out.track(None, "all", TrackKind::Group);
    let (lane, label) = (out.lane(track), out.label(Label::default()));
    for at in 0..70_000 {
        out.push(lane, Span::new(at, at + 1), label, ArgsId::NONE, 0);
    }
    out.finish().expect("valid")
}

#[test]
fn a_long_export_can_be_cancelled() {
    let error = chrome::write(&long(), Vec::new(), &ExportOptions::default(), &mut |_| {
        ControlFlow::Break(())
    })
    .expect_err("cancelled");
    assert!(matches!(error, ExportError::Cancelled));
}

/// An imported recording survives the way out and in again, and is no longer changed by it.
#[test]
fn an_imported_file_survives_export() {
    let kineto = r#"{"schemaVersion": 1, "distributedInfo": {"rank": 3, "world_size": 4},
      "deviceProperties": [{"id": 0, "name": "GPU", "numSms": 2}], "baseTimeNanoseconds": 1000,
      "traceEvents": [
      {"ph":"X","cat":"cpu_op","name":"aten::mm","pid":9,"tid":9,"ts":1.5,"dur":10,"args":{"External id":1}},
      {"ph":"X","cat":"cuda_runtime","name":"cudaLaunchKernel","pid":9,"tid":9,"ts":2.5,"dur":1,"args":{"correlation":5}},
      {"ph":"s","id":5,"pid":9,"tid":9,"ts":2.5,"cat":"ac2g","name":"ac2g"},
      {"ph":"X","cat":"kernel","name":"nvjet_tst","pid":0,"tid":7,"ts":5.001,"dur":3.1,"args":{"device":0,"stream":7,"correlation":5,"grid":[1, 2, 3]}},
      {"ph":"f","id":5,"pid":0,"tid":7,"ts":5.001,"cat":"ac2g","name":"ac2g","bp":"e"},
      {"ph":"X","cat":"kernel","name":"ncclDevKernel_AllReduce","pid":0,"tid":7,"ts":6,"dur":4,"args":{"device":0,"stream":7,"correlation":6}},
      {"ph":"C","name":"memory","pid":0,"ts":3,"args":{"used":1.5}}
      ]}"#;
    let first = open(kineto.as_bytes(), &OpenOptions::default(), &mut silent).expect("good");
    assert!(first.diagnostics.is_clean(), "{:?}", first.diagnostics);
    assert_eq!(first.flows.len(), 1);
    let again = back(&text(&first, &ExportOptions::default()));
    assert_eq!(view(&again), view(&first));
}

/// A measured and a modelled rank in one trace: every way out says so, and every way in knows it again.
#[test]
fn mixed_provenance_is_told_by_both_formats_and_by_rank_files() {
    let of = |rank: u32, provenance: Provenance| {
        let mut out = TraceBuilder::new(Meta::new("one", provenance));
        let track = out.track(None, format!("rank {rank}"), TrackKind::Rank { rank });
        let (lane, label) = (out.lane(track), out.label(Label::default()));
        out.push(lane, Span::new(0, 10), label, ArgsId::NONE, 0);
        out.finish().expect("valid")
    };
    let measured = Provenance::Measured { source: "CUPTI".to_owned() };
    let modelled = Provenance::Modelled { source: "simulator".to_owned() };
    let merged = merge(vec![of(0, measured.clone()), of(1, modelled.clone())]).expect("two");
    let mut weft = Vec::new();
    container::write(&merged, &mut weft, &mut silent).expect("a Vec takes all");
    let json = text(&merged, &ExportOptions::default());
    assert!(String::from_utf8_lossy(&json).contains("\"provenance\": \"mixed\""));
    for file in [&weft, &json] {
        let provenance = &back(file).meta.provenance;
        assert_eq!(provenance, &merged.meta.provenance);
        assert_eq!(provenance.name(), "mixed");
    }
    for (rank, expected) in [(0, measured), (1, modelled)] {
        let mut out = Vec::new();
        chrome::write_rank(&merged, rank, &mut out, &ExportOptions::default(), &mut silent)
            .expect("a Vec takes all");
        assert_eq!(back(&out).meta.provenance, expected, "a rank by itself is not mixed");
    }
}
