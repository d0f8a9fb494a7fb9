//! What the importer makes of files that others wrote, well and badly.

use std::io::{Read, Write};
use std::ops::ControlFlow;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use weftscope_traces::stream::silent;
use weftscope_traces::{FlowKind, Kind, Trace, TrackKind};
use weftscope_traces::{OpenError, OpenOptions, open};

fn import(text: impl AsRef<[u8]>) -> Result<Trace, OpenError> {
    open(text.as_ref(), &OpenOptions::default(), &mut silent)
}

fn events(events: &str) -> Trace {
    import(format!("{{\"traceEvents\": [{events}]}}")).expect(events)
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(text).expect("a Vec takes all");
    out.finish().expect("a Vec takes all")
}

fn counts(trace: &Trace) -> Vec<(&str, u64)> {
    trace.diagnostics.counts.iter().map(|(cause, &n)| (cause.as_str(), n)).collect()
}

/// Names with spans in ns, lane by lane.
fn slices(trace: &Trace) -> Vec<Vec<(String, i64, i64)>> {
    let lane = |lane: &weftscope_traces::Lane| {
        let slices = &lane.slices;
        let name = |row: usize| trace.label(slices.label[row]).name.clone();
        (0..slices.len()).map(|row| (name(row), slices.start_ns[row], slices.end_ns[row])).collect()
    };
    trace.lanes.iter().map(lane).collect()
}

const A: &str = r#"{"ph":"X","name":"a","pid":1,"tid":2,"ts":10,"dur":5.5}"#;
const B: &str = r#"{"ph":"X","name":"b","pid":1,"tid":2,"ts":20.001,"dur":"1"}"#;

#[test]
fn every_allowed_frame_gives_the_same_events() {
    let expected = slices(&events(&format!("{A},{B}")));
    assert_eq!(expected, [[("a".into(), 0, 5_500), ("b".into(), 10_001, 11_001)]]);
    let frames = [
        format!("[{A},{B}]"),
        format!("[{A},{B},]"),
        format!("[{A},{B}"),
        format!(" [{A},\n{B},\n"),
        format!("\u{feff}{{\"traceEvents\":[{A},{B},],}}"),
        format!(
            "{{\"x\":{{\"traceEvents\":1}},\"traceEvents\":[{A}],\"traceEvents\":[{B}],\"y\":[[]]}}"
        ),
    ];
    for frame in frames {
        assert_eq!(slices(&import(&frame).expect(&frame)), expected, "{frame}");
        assert_eq!(slices(&import(gzip(frame.as_bytes())).expect(&frame)), expected, "{frame}");
    }
    let (first, second) = (format!("[{A},"), format!("{B}]"));
    let members = [gzip(first.as_bytes()), gzip(second.as_bytes())].concat();
    assert_eq!(slices(&import(members).expect("two members")), expected);
}

#[test]
fn a_reader_of_single_bytes_gives_the_same() {
    struct Single<'a>(&'a [u8]);
    impl Read for Single<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let n = buffer.len().min(1);
            self.0.read(&mut buffer[..n])
        }
    }
    let text = format!("{{\"traceEvents\": [{A},{B}]}}");
    for bytes in [text.clone().into_bytes(), gzip(text.as_bytes())] {
        let trace = open(Single(&bytes), &OpenOptions::default(), &mut silent).expect("good");
        assert_eq!(slices(&trace), slices(&import(&text).expect("good")));
    }
}

#[test]
fn what_cannot_be_used_is_counted_by_cause() {
    let trace = events(&format!(
        r#"{A}, 7, {{"name":"no ph"}}, {{"ph":"X","name":"no ts"}}, {{"ph":"X","ts":null,"dur":1}},
        {{"ph":"X","ts":1,"pid":1,"tid":1}}, {{"ph":"X","ts":1,"dur":-2}},
        {{"ph":"X","ts":1,"dur":18446744073709551.615}}, {{"ph":"Q","ts":1}},
        {{"ph":"E","ts":12,"pid":1,"tid":3,"args":{{"r":1}}}}, {{"ph":"X","name":x}}, {{"ph":"X","name" x}}, {{"ph":"C","ts":9,"args":{{"v":"high"}}}},
        {{"ph":"f","ts":11,"pid":1,"tid":2,"id":9}}"#
    ));
    assert_eq!(
        counts(&trace),
        [
            ("arrow ends without a start", 1),
            ("complete events without dur", 1),
            ("counter values that are no number", 1),
            ("durations over 30 days, taken for overflow", 1),
            ("elements that are no event", 1),
            ("end events whose arguments are not kept", 1),
            ("end events without a begin", 1),
            ("events of kind \"Q\", not read", 1),
            ("events of negative duration", 1),
            ("events that are not valid JSON", 1),
            ("events whose ts is no time", 1),
            ("events without ph", 1),
            ("events without ts", 2),
            ("values that are no JSON (nan, .5, 0x1f …), kept as they are written", 1),
        ]
    );
    assert_eq!(slices(&trace), [[("a".into(), 0, 5_500)]]);
    let place = "events that are not valid JSON: the first at byte 394 (line 4, column 98), where a colon after the key \
                 should be";
    assert!(trace.diagnostics.notes.iter().any(|note| note == place), "{:#?}", trace.diagnostics);
}

#[test]
fn only_who_is_known_to_measure_is_called_measured() {
    let of = |beside: &str| {
        let trace = import(format!("{{{beside}\"traceEvents\": [{A}]}}")).expect(beside);
        (trace.meta.provenance.name(), trace.meta.provenance.badge())
    };
    let badge = |name: &'static str, badge: &str| (name, badge.to_owned());
    assert_eq!(of(""), badge("unknown", "unknown origin"));
    assert_eq!(
        of("\"otherData\": {\"version\": \"Sim 3\"},"),
        badge("unknown", "recorded by Sim 3")
    );
    let viztracer = "\"viztracer_metadata\": {\"version\": \"0.16.3\", \"overflow\": false},";
    assert_eq!(of(viztracer), badge("unknown", "recorded by VizTracer 0.16.3"));
    assert_eq!(of("\"schemaVersion\": 1,"), badge("measured", "measured"));
}

/// Clocks of host and device that differ turn short arrows round.
#[test]
fn arrows_that_point_back_in_time_are_kept_and_said() {
    let trace = import(
        r#"[{"ph":"X","cat":"cuda_runtime","name":"cudaLaunchKernel","pid":1,"tid":2,"ts":10,"dur":5},
        {"ph":"X","cat":"kernel","name":"k","pid":0,"tid":7,"ts":8,"dur":3,"args":{"device":0,"stream":7}},
        {"ph":"s","cat":"ac2g","id":1,"name":"ac2g","pid":1,"tid":2,"ts":10},
        {"ph":"f","cat":"ac2g","id":1,"name":"ac2g","pid":0,"tid":7,"ts":8,"bp":"e"}]"#,
    )
    .expect("a trace");
    let [flow] = trace.flows[..] else { panic!("one arrow: {:?}", trace.flows) };
    assert_eq!([flow.from, flow.to].map(|end| trace.span_of(end).start_ns), [2_000, 0]);
    let cause = "arrows that end before they begin: their two rows have different clocks";
    assert_eq!(trace.diagnostics.remarks[cause], 1);
    assert_eq!(
        trace.diagnostics.notes,
        [format!("{cause}: the first at 8000 ns of the file's time")]
    );
    assert!(trace.diagnostics.counts.is_empty());
}

/// Kineto draws an arrow from and to every runtime call; only those from launches and copies must end on a GPU.
#[test]
fn arrows_of_calls_that_launch_nothing_are_no_loss() {
    let call = |name: &str, at: u32| {
        format!(
            r#"{{"ph":"X","cat":"cuda_runtime","name":"{name}","pid":1,"tid":2,"ts":{at},"dur":5}},
               {{"ph":"s","cat":"ac2g","name":"ac2g","id":{at},"pid":1,"tid":2,"ts":{at}}}"#
        )
    };
    let waits = events(&call("cudaStreamWaitEvent", 10));
    assert!(waits.diagnostics.is_clean(), "{:?}", waits.diagnostics);
    assert_eq!(waits.diagnostics.remarks["launch arrows of calls that launched nothing"], 1);
    for name in ["cudaLaunchKernel", "hipMemcpyAsync"] {
        let lost = events(&call(name, 10));
        assert_eq!(counts(&lost), [("launches whose GPU work is not in the file", 1)], "{name}");
    }
}

#[test]
fn kernels_that_overlap_on_a_stream_get_lanes() {
    let kernel = |name: &str, ts: u32, dur: u32| {
        format!(
            r#"{{"ph":"X","cat":"kernel","name":"{name}","pid":0,"tid":7,"ts":{ts},"dur":{dur},"args":{{"device":0,"stream":7,"correlation":{ts}}}}}"#
        )
    };
    let text = [kernel("c", 30, 5), kernel("a", 0, 20), kernel("b", 10, 20)].join(",");
    let trace = events(&text);
    let expected = [
        vec![("a".into(), 0, 20_000), ("c".into(), 30_000, 35_000)],
        vec![("b".into(), 10_000, 30_000)],
    ];
    assert_eq!(slices(&trace), expected);
    assert_eq!(trace.lanes[0].slices.item, [0, 30]);
    assert!(trace.diagnostics.is_clean());
}

#[test]
fn threads_nest_and_pairs_join() {
    let trace = events(
        r#"{"ph":"B","name":"outer","pid":"main","tid":"t","ts":0}, {"ph":"B","name":"inner","pid":"main","tid":"t","ts":1},
        {"ph":"E","pid":"main","tid":"t","ts":2}, {"ph":"E","pid":"main","tid":"t","ts":5},
        {"ph":"b","cat":"io","id":"0x1","name":"x","pid":-1,"tid":0,"ts":0}, {"ph":"b","cat":"io","id":"0x2","name":"y","pid":-1,"tid":0,"ts":1},
        {"ph":"e","cat":"io","id":"0x1","name":"x","pid":-1,"tid":0,"ts":3}, {"ph":"e","cat":"io","id":"0x2","name":"y","pid":-1,"tid":0,"ts":4},
        {"ph":"s","cat":"c","name":"n","id":1,"pid":"main","tid":"t","ts":1.5}, {"ph":"f","cat":"c","name":"n","id":1,"pid":"main","tid":"t","ts":4},
        {"ph":"M","name":"thread_name","pid":"main","tid":"t","args":{"name":"worker"}}"#,
    );
    assert!(trace.diagnostics.is_clean(), "{:?}", trace.diagnostics);
    let thread = trace.tracks.iter().find(|track| track.name == "worker").expect("named");
    let names: Vec<_> =
        thread.lanes.iter().map(|&lane| slices(&trace)[lane.0 as usize].clone()).collect();
    assert_eq!(names, [[("outer".into(), 0, 5_000)], [("inner".into(), 1_000, 2_000)]]);
    assert_eq!(slices(&trace).len(), 4);
    let flow = trace.flows[0];
    assert_eq!(flow.kind, FlowKind::Imported);
    assert_eq!(trace.label_of(flow.from).name, "inner");
    assert_eq!(trace.label_of(flow.to).name, "outer");
}

/// By the format an `E` needs process, thread and time, and ends what began last there, whatever name and category the
/// begin has: here two kernels on a thread whose arguments name another stream, the second around an annotation.
#[test]
fn an_end_ends_what_began_last_on_its_thread() {
    let half = |phase: &str, ts: u32, more: &str| {
        format!(r#"{{"ph":"{phase}","pid":0,"tid":7,"ts":{ts}{more}}}"#)
    };
    let kernel = |name: &str| {
        format!(
            r#","cat":"kernel","name":"{name}","args":{{"device":0,"stream":9,"correlation":3}}"#
        )
    };
    let mark = r#","cat":"gpu_user_annotation","name":"step""#;
    let named = r#","cat":"cpu_op","name":"another""#;
    let text = [
        half("B", 10, &kernel("a")),
        half("E", 30, ""),
        half("B", 40, mark),
        half("B", 50, &kernel("b")),
        half("E", 70, named),
        half("E", 90, ""),
    ];
    let trace = events(&text.join(","));
    assert!(trace.diagnostics.is_clean(), "{:?}", trace.diagnostics);
    let of = |wanted: fn(&TrackKind) -> bool| -> Vec<(String, i64, i64)> {
        let tracks = trace.tracks.iter().filter(|track| wanted(&track.kind));
        let lanes = tracks.flat_map(|track| &track.lanes);
        lanes.flat_map(|lane| slices(&trace)[lane.0 as usize].clone()).collect()
    };
    let kernels = of(|kind| matches!(kind, TrackKind::Stream { rank: 0, stream: 9 }));
    assert_eq!(kernels, [("a".into(), 0, 20_000), ("b".into(), 40_000, 60_000)]);
    let marks = of(|kind| matches!(kind, TrackKind::Marks { rank: Some(0) }));
    assert_eq!(marks, [("step".into(), 30_000, 80_000)]);
}

#[test]
fn clock_faults_do_not_empty_the_picture() {
    let step = |ts: i64| format!(r#"{{"ph":"X","name":"k","pid":1,"tid":2,"ts":{ts},"dur":5}}"#);
    let base: i64 = 1_700_000_000_000_000;
    let mut parts: Vec<String> = (0..30).map(|n| step(base + 10 * n)).collect();
    parts.push(step(0));
    parts.push(step(base + 86_400_000_000));
    let trace = events(&parts.join(","));
    assert_eq!(
        counts(&trace),
        [("events at time 0, never stamped", 1), ("events over an hour away from all others", 1)]
    );
    assert_eq!(trace.num_slices(), 30);
    assert_eq!(trace.span().end_ns, 295_000);
    assert_eq!(trace.meta.base_time_unix_ns, base * 1000);
}

#[test]
fn names_with_control_characters_are_mended() {
    let trace = events("{\"ph\":\"X\",\"name\":\"a\nb\",\"pid\":1,\"tid\":2,\"ts\":1,\"dur\":1}");
    assert_eq!(trace.labels[0].name, "a b");
    assert_eq!(counts(&trace), [("strings with control characters or broken escapes, mended", 1)]);
}

#[test]
fn several_devices_in_a_file_are_several_ranks() {
    let kernel = |device: u32| {
        format!(
            r#"{{"ph":"X","cat":"kernel","name":"nvjet_x","pid":{device},"tid":7,"ts":1,"dur":5,"args":{{"device":{device},"stream":7}}}}"#
        )
    };
    let trace = events(&format!("{},{}", kernel(3), kernel(1)));
    let ranks: Vec<u32> = trace.meta.ranks.iter().map(|info| info.rank).collect();
    assert_eq!(ranks, [1, 3]);
    assert!(trace.find_track(&TrackKind::Stream { rank: 3, stream: 7 }).is_some());
    assert_eq!(trace.labels[0].kind, Kind::Gemm);
}

#[test]
fn errors_are_one_line_with_cause_and_place() {
    let whole = format!("{{\"traceEvents\": [{A}]}}");
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (vec![], "the file is empty (0 bytes)"),
        (gzip(b""), "the file is empty (0 bytes)"),
        (b"  \n ".to_vec(), "unknown format: the file begins with 20 20 0a 20"),
        (
            b"PK\x03\x04".to_vec(),
            "the archive holds no trace: it holds no file; the file is cut off: its zip",
        ),
        (b"hello".to_vec(), "unknown format: the file begins with \"hello\""),
        (b"\xff\xfe{\0".to_vec(), "unknown format: this is text in UTF-16"),
        (b"{\0\"\0t\0r\0a\0".to_vec(), "unknown format: this is text in UTF-16"),
        (
            b"NVIDIA Tegra Profiler Report 1.\n".to_vec(),
            "unknown format: this is a report of Nsight Systems: `nsys export -t sqlite FILE`",
        ),
        (gzip(b"hello"), "unknown format: the file begins with \"hello\""),
        (b"{}".to_vec(), "JSON without \"traceEvents\""),
        (b"{\"a\": 1}".to_vec(), "JSON without \"traceEvents\""),
        (b"[]".to_vec(), "no usable event among 0: the file holds no events"),
        (b"{\"traceEvents\": []}".to_vec(), "no usable event among 0: the file holds no events"),
        (b"[{\"ph\":\"X\"}]".to_vec(), "no usable event among 1: 1 events without ts"),
        (b"{\"traceEvents\":\n [{} {}]}".to_vec(), "no usable event among 0"),
        (
            b"{\"traceEvents\":\n [{\"ph\": \"X\" oops}]}".to_vec(),
            "not JSON: expected a comma or the end of the event at line 2, column 14",
        ),
        (b"{\n\n  oops}".to_vec(), "not JSON: expected a key in quotes at line 3, column 3"),
        (whole.as_bytes()[..50].to_vec(), "the file is cut off: it ends inside the JSON at line 1"),
        (gzip(whole.as_bytes())[..30].to_vec(), "the file is cut off"),
    ];
    for (bytes, expected) in cases {
        let error = import(&bytes).expect_err(expected).to_string();
        assert!(error.starts_with(expected), "{error:?} instead of {expected:?}");
        assert!(!error.contains('\n'), "{error:?}");
    }
}

/// What version 1 of our JSON says of a run is understood; a later version than ours is read as any foreign file.
#[test]
fn our_own_files_of_version_1_still_read() {
    let file = |version: u32| {
        format!(
            r#"{{"weftscope": {{"version": {version}, "origin_ns": 0, "generator": "weftscope 0.1.0", "provenance": "modelled",
            "meta": {{"title": "old", "provenance": {{"Modelled": {{"source": "sim"}}}}, "base_time_unix_ns": 0, "world_size": 1,
            "ranks": [], "run": [["model", "toy"], ["strategy run", "tokenweave"], ["split", "128 + 256 rows (300 tokens, padded to 384)"],
            ["mood", "good"], ["spec", "{{\"a\":1}}"]], "overhead": {{"recording_host_ns": null, "note": ""}}}},
            "diagnostics": {{"counts": {{}}, "notes": []}}, "counters": [],
            "tracks": [{{"parent": null, "name": "t", "kind": "Group", "rows": [{{"pid": 1, "tid": 2}}]}}],
            "labels": [{{"name": "gemm", "kind": "Gemm", "layer": null, "split": "Whole", "phase": "None", "facts": null}}]}},
            "traceEvents": [{{"ph":"X","name":"gemm","pid":1,"tid":2,"ts":1,"dur":2,"args":{{"weft":0}}}}]}}"#
        )
    };
    let old = import(file(1)).expect("version 1");
    assert!(old.diagnostics.is_clean(), "{:?}", old.diagnostics);
    assert_eq!(old.labels[0].kind, Kind::Gemm);
    let [run] = old.meta.runs.as_slice() else { panic!("{:?}", old.meta) };
    assert_eq!((run.model.as_str(), run.strategy.run.as_str()), ("toy", "tokenweave"));
    let split = run.split.as_ref().expect("it cuts");
    assert_eq!((split.first_tokens, split.second_rows, split.padded_tokens), (128, 256, 384));
    assert_eq!(run.spec, Some(serde_json::json!({"a": 1})));
    assert_eq!(old.meta.lines, [("mood".to_owned(), "good".to_owned())]);
    let newer = import(file(3)).expect("events are events");
    assert_eq!(newer.meta.runs, []);
    assert!(newer.diagnostics.notes[0].contains("version 3, this reads 1 to 2"), "{newer:?}");
}

#[test]
fn reading_can_be_cancelled_and_tells_how_far_it_came() {
    let text = format!("{{\"traceEvents\": [{A}]}}");
    let mut seen = 0;
    let cancelled = open(text.as_bytes(), &OpenOptions::default(), &mut |bytes| {
        seen = bytes;
        ControlFlow::Break(())
    });
    assert!(matches!(cancelled, Err(OpenError::Cancelled)));
    assert_eq!(seen, text.len() as u64);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damage_never_panics(at in 0_usize..400, byte: u8, cut in 0_usize..400) {
        let mut text = format!(
            "{{\"schemaVersion\": 1, \"baseTimeNanoseconds\": 5, \"distributedInfo\": {{\"rank\": 1}}, \"traceEvents\": [{A},\n{B},\
            {{\"ph\":\"X\",\"cat\":\"kernel\",\"name\":\"k\\u00e9\",\"ts\":1e2,\"dur\":1,\"args\":{{\"stream\":7,\"grid\":[1,2]}}}}]}}"
        ).into_bytes();
        let len = text.len();
        text[at % len] = byte;
        // Whatever comes out, it is a value.
        let _ = import(&text).map(|trace| trace.num_slices());
        let _ = import(&text[..cut % len]).map(|trace| trace.num_slices());
    }
}
