//! What is written as Chrome JSON reads back as the same trace.

use std::ops::ControlFlow;

use proptest::prelude::*;
use weftscope_traces::edit::{merge, ranks};
use weftscope_traces::interchange::ExportError;
use weftscope_traces::interchange::chrome::{self, ExportOptions};
use weftscope_traces::stream::silent;
use weftscope_traces::{
    ArgsId, Label, Meta, Provenance, Span, Trace, TraceBuilder, TrackKind, container,
};
use weftscope_traces::{OpenOptions, open};

use crate::random::{sample, traces};
use crate::view::{View, of_one_op, view};

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

/// Every argument is what it was after one way out and in: numbers, words, lists, and texts that look like them.
#[test]
fn arguments_stay_what_they_were() {
    let args = r#"{"int":-7,"big":18446744073709551616,"wide":9223372036854775807,"float":1.0,"huge":1e400,"yes":true,"no":false,"none":null,"list":[1,{"a":[]}],"empty":[],"text":"x","text list":"[]","text int":"7","text true":"true","weft":0,"weft~":1,"lane":5,"item":9,"stream":7,"device":0}"#;
    let text = format!(
        r#"{{"traceEvents":[{{"ph":"X","cat":"kernel","name":"gemm","pid":0,"tid":7,"ts":1,"dur":5,"args":{args}}},
        {{"ph":"X","cat":"kernel","name":"gemm2","pid":0,"tid":7,"ts":10,"dur":5,"args":{{"stream":7,"device":0}}}}]}}"#
    );
    let first = open(text.as_bytes(), &OpenOptions::default(), &mut silent).expect("good");
    let out = self::text(&first, &ExportOptions::default());
    let again = back(&out);
    assert_eq!(view(&again), view(&first));
    assert_eq!(again.num_slices(), 2);
    let mut weft = Vec::new();
    container::write(&again, &mut weft, &mut silent).expect("a Vec takes all");
    assert_eq!(view(&back(&weft)), view(&first));
    // Oracle: serde_json, asked of what stands in the export.
    let raw = String::from_utf8_lossy(&out);
    assert!(raw.contains("\"big\":18446744073709551616,"));
    assert!(raw.contains("\"huge\":1e400,"));
    // JSON, but beyond what serde_json holds.
    let raw = raw.replace("\"huge\":1e400,", "");
    let told: serde_json::Value = serde_json::from_str(&raw).expect("JSON");
    let events = told["traceEvents"].as_array().expect("events");
    let written = &events.iter().find(|event| event["name"] == "gemm").expect("there")["args"];
    assert_eq!(written["yes"], true);
    assert_eq!(written["none"], serde_json::Value::Null);
    assert!(written.as_object().is_some_and(|args| args.contains_key("none")));
    assert_eq!(written["text list"], "[]");
    assert_eq!(written["text true"], "true");
    assert_eq!(written["empty"], serde_json::json!([]));
    assert_eq!(written["list"], serde_json::json!([1, {"a": []}]));
}

/// A tool that rewrites our JSON drops what it does not know: what is modelled is still called so.
#[test]
fn modelled_stays_modelled_without_our_object() {
    let stripped = |trace: &Trace| {
        let text = text(trace, &ExportOptions::default());
        let mut json: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        json.as_object_mut().expect("an object").remove("weftscope").expect("it is there");
        json
    };
    let modelled = Provenance::Modelled { source: "simulator".to_owned() };
    let measured = Provenance::Measured { source: "CUPTI".to_owned() };
    let one = of_one_op(0, modelled.clone());
    let json = stripped(&one);
    let labels = json["traceEvents"].as_array().expect("events").iter();
    let labels: Vec<_> = labels.filter(|event| event["name"] == "process_labels").collect();
    assert!(labels.iter().any(|label| label["args"]["labels"] == "MODELLED: simulator"));
    let again = back(json.to_string().as_bytes());
    assert_eq!(again.meta.provenance, modelled);
    // And once more, out of what was read so.
    let twice = back(stripped(&again).to_string().as_bytes());
    assert_eq!(twice.meta.provenance, modelled);
    let mixed = merge(vec![one, of_one_op(1, measured.clone())]).expect("two");
    let again = back(stripped(&mixed).to_string().as_bytes());
    assert_eq!(again.meta.provenance.of_rank(Some(0)), modelled);
    assert_eq!(again.meta.provenance.of_rank(Some(1)).name(), "measured");
    // Numbers of processes changed by another tool: nothing of it is called measured.
    let mut moved = stripped(&of_one_op(0, modelled.clone()));
    for event in moved["traceEvents"].as_array_mut().expect("events") {
        event["pid"] = serde_json::json!(4711);
        event["args"].as_object_mut().expect("arguments").remove("device");
    }
    assert_eq!(back(moved.to_string().as_bytes()).meta.provenance, modelled);
}

/// What a file says beside its events, its counters' keys and its instants go out as they came in.
#[test]
fn what_is_not_understood_goes_out_as_it_came_in() {
    let text = r#"{"schemaVersion": 1, "trace_id": "ABC", "my own": {"x": [1, null]}, "flag": true, "otherData": {"version": "3"},
      "distributedInfo": {"backend": "nccl", "rank": 0, "world_size": 2, "pg_config": [{"pg_name": "0", "ranks": [0, 1]}]},
      "traceEvents": [
      {"ph":"X","cat":"cpu_op","name":"op","pid":9,"tid":9,"ts":1,"dur":10},
      {"ph":"i","s":"t","name":"now","pid":9,"tid":9,"ts":5},
      {"ph":"C","name":"memory","pid":9,"ts":3,"args":{"used":1.5}},
      {"ph":"C","name":"memory","pid":9,"ts":4,"args":{"used":2,"free":7}},
      {"ph":"C","name":"load","pid":9,"ts":4,"args":{"value":7}}]}"#;
    let first = open(text.as_bytes(), &OpenOptions::default(), &mut silent).expect("good");
    let out = self::text(&first, &ExportOptions::default());
    let told: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
    let given: serde_json::Value = serde_json::from_str(text).expect("JSON");
    for key in ["trace_id", "my own", "flag", "otherData"] {
        assert_eq!(told[key], given[key], "{key}");
    }
    assert_eq!(told["distributedInfo"]["pg_config"], given["distributedInfo"]["pg_config"]);
    assert_eq!(told["distributedInfo"]["world_size"], 2);
    let events = told["traceEvents"].as_array().expect("events");
    let of = |name: &'static str| events.iter().filter(move |event| event["name"] == name);
    assert_eq!(of("now").map(|event| &event["ph"]).collect::<Vec<_>>(), ["i"]);
    let used: Vec<_> = of("memory").filter_map(|event| event["args"]["used"].as_f64()).collect();
    let free: Vec<_> = of("memory").filter_map(|event| event["args"]["free"].as_f64()).collect();
    assert_eq!((used, free), (vec![1.5, 2.0], vec![7.0]));
    assert_eq!(of("load").filter_map(|event| event["args"]["value"].as_f64()).count(), 1);
    assert_eq!(view(&back(&out)), view(&first));
}

/// Labels of processes go out as they came in and stay on their rows: with our description, and without it too.
#[test]
fn labels_of_processes_stay() {
    let text = r#"{"distributedInfo": {"rank": 3, "world_size": 8}, "traceEvents": [
      {"ph":"X","cat":"cpu_op","name":"op","pid":9,"tid":9,"ts":1,"dur":10},
      {"ph":"X","cat":"kernel","name":"gemm","pid":5,"tid":7,"ts":4,"dur":10,"args":{"device":5,"stream":7}},
      {"ph":"M","name":"process_labels","pid":9,"args":{"labels":"CPU"}},
      {"ph":"M","name":"process_labels","pid":5,"args":{"labels":"GPU 5"}},
      {"ph":"M","name":"process_labels","pid":5,"args":{"labels":"best of \"three\""}},
      {"ph":"M","name":"process_labels","pid":6,"args":{"labels":"GPU 6"}}]}"#;
    let labels = |text: &[u8]| -> Vec<(i64, String)> {
        let json: serde_json::Value = serde_json::from_slice(text).expect("JSON");
        let events = json["traceEvents"].as_array().expect("events").iter();
        let of = events.filter(|event| event["name"] == "process_labels").map(|event| {
            let label = event["args"]["labels"].as_str().expect("a text").to_owned();
            (event["pid"].as_i64().expect("a number"), label)
        });
        of.collect()
    };
    let expected =
        [(3, "GPU 5".to_owned()), (3, "best of \"three\"".to_owned()), (9, "CPU".to_owned())];
    let out = self::text(&back(text.as_bytes()), &ExportOptions::default());
    assert_eq!(labels(&out), expected);
    let again = back(&out);
    assert_eq!(labels(&self::text(&again, &ExportOptions::default())), expected);
    let mut stripped: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
    stripped.as_object_mut().expect("an object").remove("weftscope").expect("it is there");
    let again = back(stripped.to_string().as_bytes());
    assert_eq!(again.meta.ranks.iter().map(|info| info.rank).collect::<Vec<_>>(), [3]);
    assert_eq!(labels(&self::text(&again, &ExportOptions::default())), expected);
}
