//! Damaged text: what is whole is read, what is not is counted and placed, at a cost in proportion to the text.

use proptest::prelude::*;
use weftscope_traces::interchange::chrome::ImportError;
use weftscope_traces::interchange::json::JsonError;
use weftscope_traces::stream::silent;
use weftscope_traces::{ArgValue, Diagnostics, OpenError, OpenOptions, Trace, open};

fn import(text: impl AsRef<[u8]>) -> Result<Trace, OpenError> {
    open(text.as_ref(), &OpenOptions::default(), &mut silent)
}

/// A slice of a thread, one µs long, told from others by its name.
fn event(name: &str, ts: usize) -> String {
    format!(r#"{{"ph":"X","name":"{name}","pid":1,"tid":2,"ts":{ts},"dur":1}}"#)
}

fn of(events: &[String]) -> Trace {
    let text = format!("{{\"traceEvents\": [{}]}}", events.join(",\n"));
    import(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn names(trace: &Trace) -> Vec<String> {
    let mut slices: Vec<(i64, String)> = Vec::new();
    for lane in &trace.lanes {
        let table = &lane.slices;
        let name = |row: usize| trace.label(table.label[row]).name.clone();
        slices.extend((0..table.len()).map(|row| (table.start_ns[row], name(row))));
    }
    slices.sort();
    slices.into_iter().map(|(_, name)| name).collect()
}

fn counts(diagnostics: &Diagnostics) -> Vec<(&str, u64)> {
    diagnostics.counts.iter().map(|(cause, &n)| (cause.as_str(), n)).collect()
}

fn says(trace: &Trace, text: &str) -> bool {
    trace.diagnostics.notes.iter().any(|note| note.contains(text))
}

const BARE: &str = "values that are no JSON (nan, .5, 0x1f …), kept as they are written";
const NOT_JSON: &str = "events that are not valid JSON";

#[test]
fn a_value_that_is_no_json_costs_itself_alone() {
    let values = [
        "inf",
        "-inf",
        "nan",
        "-nan",
        "NaN",
        "Infinity",
        "-Infinity",
        "1.#INF",
        ".5",
        "5.",
        "+1",
        "01",
        "0x1f",
        "1_000",
        "1.2.3",
        "--1",
        "True",
        "None",
        "ncclFloat32",
        "undefined",
        "<object at 0x7f01>",
        "tensor([1, 2], device='cuda:0')",
        "'it, is'",
        "a b",
    ];
    for value in values {
        for args in [
            format!(r#"{{"before":1,"bad":{value},"after":2}}"#),
            format!(r#"{{"before":1,"after":2,"bad": {value} }}"#),
        ] {
            let bad =
                format!(r#"{{"ph":"X","name":"b","pid":1,"tid":2,"ts":2,"dur":1,"args":{args}}}"#);
            let trace = of(&[event("a", 0), bad, event("c", 4)]);
            assert_eq!(names(&trace), ["a", "b", "c"], "{value}");
            assert_eq!(counts(&trace.diagnostics), [(BARE, 1)], "{value}");
            assert!(says(&trace, "the first at byte"), "{value}");
            let mut args = trace.args.get(trace.lanes[0].slices.args[1]);
            args.sort_by(|a, b| a.0.cmp(&b.0));
            let expected = [
                ("after", ArgValue::Int(2)),
                ("bad", ArgValue::Text(value.to_owned())),
                ("before", ArgValue::Int(1)),
            ];
            assert_eq!(args, expected.map(|(key, value)| (key.to_owned(), value)), "{value}");
        }
    }
    // Nothing at all where a value should be: nothing is kept.
    for args in [r#"{"before":1,"bad":,"after":2}"#, r#"{"before":1,"after":2,"bad":}"#] {
        let bad =
            format!(r#"{{"ph":"X","name":"b","pid":1,"tid":2,"ts":2,"dur":1,"args":{args}}}"#);
        let trace = of(&[event("a", 0), bad, event("c", 4)]);
        assert_eq!(names(&trace), ["a", "b", "c"]);
        assert_eq!(trace.args.get(trace.lanes[0].slices.args[1]).len(), 2);
    }
    // Within a list the list stays.
    let list = r#"{"ph":"X","name":"b","pid":1,"tid":2,"ts":2,"dur":1,"args":{"l":[1,inf,{"x":nan}],"n":1}}"#;
    let trace = of(&[list.to_owned()]);
    assert_eq!(counts(&trace.diagnostics), [(BARE, 2)]);
    let args = trace.args.get(trace.lanes[0].slices.args[0]);
    assert_eq!(args[0].1, ArgValue::Text("[1,inf,{\"x\":nan}]".to_owned()));
}

/// A number that is no JSON but means only one thing is understood where a number is needed.
#[test]
fn times_and_ids_are_understood_where_there_is_no_doubt() {
    let trace = of(&[
        r#"{"ph":"X","name":"a","pid":0x10,"tid":+2,"ts":+1,"dur":.5}"#.to_owned(),
        r#"{"ph":"X","name":"b","pid":16,"tid":2,"ts":2.,"dur":1e0}"#.to_owned(),
        r#"{"ph":"X","name":"lost","pid":16,"tid":2,"ts":nan,"dur":1}"#.to_owned(),
        r#"{"ph":"X","name":"lost","pid":16,"tid":2,"ts":,"dur":1}"#.to_owned(),
        r#"{"ph":"X","name":"lost","pid":16,"tid":2,"ts":"","dur":1}"#.to_owned(),
    ]);
    assert_eq!(names(&trace), ["a", "b"]);
    let slices = &trace.lanes[0].slices;
    assert_eq!((slices.start_ns[0], slices.end_ns[0]), (0, 500));
    assert_eq!(slices.start_ns[1], 1000);
    assert_eq!(trace.diagnostics.counts["events whose ts is no time"], 3);
}

/// Every kind of damage costs the event that it is in, and none of those around it.
#[test]
fn a_bad_event_costs_that_event() {
    let bad = [
        r#"{"ph":"X","name":"oops"#,
        r#"{"ph":"X","name":"oops","pid":"#,
        r#"{"ph":"X","name":"oops","pid"}"#,
        r#"{"ph":"X","name":"oops" "pid":1,"tid":2,"ts":2,"dur":1}"#,
        r#"{"ph":"X","name":"oo"p"s","pid":1,"tid":2,"ts":2,"dur":1}"#,
        r#"{"ph":"X","name":"oops,"pid":1,"tid":2,"ts":2,"dur":1}"#,
        r#"{"ph":"X","name":"oops","args":{"grid":[1,2},"ts":2,"dur":1}"#,
        r#"{"ph":"X","name":"oops","args":{"a":{"b":1,"c":2},"ts":2,"dur":1}"#,
        r#"{"ph":"X","name":"oops","args":{"a":1,"ts":2,"dur":1}"#,
        r#"{"ph":"X","name":"oops","args":{"a":[[[[[1}}"#,
        r#"{"ph":"X","name":"oops","args":{"id":{"name":{"x"}}}}"#,
        r#"{"ph":"X",name:"oops"}"#,
        r#"{'ph':'X','name':'oops'}"#,
        "{",
        "}",
        "}}]",
        "]",
        "oops",
        "[W profiler.cpp:12] Warning: {oops} (function f)",
        "\u{0}\u{0}\u{0}\u{0}",
        r#"{"ph":"X","name":"oo"#,
    ];
    for bad in bad {
        let trace = of(&[event("a", 0), bad.to_owned(), event("c", 4), event("d", 6)]);
        assert_eq!(names(&trace), ["a", "c", "d"], "{bad}");
        let lost: u64 = trace.diagnostics.counts.values().sum();
        assert!(lost >= 1 || matches!(bad, "]"), "{bad}: {:?}", trace.diagnostics);
        assert!(!says(&trace, "cut off"), "{bad}: {:?}", trace.diagnostics);
    }
    // Broken off in the middle, the next follows at once.
    for end in 1..event("oops", 2).len() {
        let text = format!(
            "{{\"traceEvents\": [{},{}{},{}], \"baseTimeNanoseconds\": 5000}}",
            event("a", 0),
            &event("oops", 2)[..end],
            event("c", 4),
            event("d", 6)
        );
        let trace = import(&text).expect(&text);
        assert_eq!(names(&trace), ["a", "c", "d"], "{text}");
        assert_eq!(counts(&trace.diagnostics), [(NOT_JSON, 1)], "{text}");
        assert_eq!(trace.meta.base_time_unix_ns, 5000, "{text}");
    }
}

/// Oracle: the number of good events put in.
#[test]
fn many_bad_events_are_read_in_one_pass() {
    for bad in [
        r#"{"ph":"X","name":"b" oops,"pid":1,"tid":2,"ts":1,"dur":1}"#,
        r#"{"ph":"X","name":"b,"pid":1,"tid":2,"ts":1,"dur":1}"#,
        r#"{"ph":"X","name":"b","pid":1,"tid":2,"ts":1,"dur":1,"args":{"a":[1}"#,
        r#"{"ph":"X","args":{"a":[{"a":[{"a":[{"a":["#,
        r#"{"name":{"name":{"name":"#,
        "oops",
    ] {
        let n = 20_000;
        let events: Vec<String> =
            (0..n).flat_map(|at| [event("a", 2 * at), bad.to_owned()]).collect();
        let trace = of(&events);
        assert_eq!(trace.num_slices(), n, "{bad}");
        let lost: u64 = trace.diagnostics.counts.values().sum();
        // Those that lie open within one another up to the end of the text are one cut.
        assert!(lost + 16 >= n as u64, "{bad}: {:?}", trace.diagnostics);
        assert!(trace.diagnostics.notes.len() < 8, "{bad}: {:?}", trace.diagnostics);
    }
}

#[test]
fn several_documents_are_all_read() {
    let (a, b) = (event("a", 0), event("b", 2));
    let object =
        |event: &str| format!("{{\"displayTimeUnit\": \"us\", \"traceEvents\": [{event}]}}");
    let texts = [
        format!("{}\n{}\n", object(&a), object(&b)),
        format!("{}{}", object(&a), object(&b)),
        format!("{},{},", object(&a), object(&b)),
        format!("[{},{}]", object(&a), object(&b)),
        format!("[{a}]\n[{b}]\n"),
        format!("{a}\n{b}\n"),
        format!("{a},\n{b}"),
        format!("\u{1e}{a}\n\u{1e}{b}\n"),
        format!("{}\n[{b}]", object(&a)),
        format!("[{a}\n{b}]"),
        format!("{{\"name\": \"run\", \"traceEvents\": [{a},{b}]}}"),
        format!("{}\u{0}\u{0}\u{0}", object(&format!("{a},{b}"))),
        format!("{}\u{0}\u{0}{}\u{0}", object(&a), object(&b)),
        format!("\u{feff}{}\u{feff}{}", object(&a), object(&b)),
    ];
    for text in texts {
        let trace = import(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(names(&trace), ["a", "b"], "{text}");
        assert!(trace.diagnostics.is_clean(), "{text}: {:?}", trace.diagnostics);
    }
    let differ = format!(
        "{{\"baseTimeNanoseconds\": 1, \"traceEvents\": [{a}]}} {{\"baseTimeNanoseconds\": 2, \"traceEvents\": [{b}]}}"
    );
    let trace = import(differ).expect("good");
    assert_eq!(trace.meta.base_time_unix_ns, 1);
    assert!(says(&trace, "told twice and differently"), "{:?}", trace.diagnostics);
}

#[test]
fn empty_events_and_text_behind_the_end() {
    let trace = of(&[event("a", 0), "{}".to_owned()]);
    assert!(trace.diagnostics.is_clean(), "{:?}", trace.diagnostics);
    assert_eq!(trace.diagnostics.remarks["empty events, {}"], 1);
    let trace = import(format!("[{}] garbage {{}} \"x\"", event("a", 0))).expect("read");
    assert_eq!(names(&trace), ["a"]);
    assert!(says(&trace, "passed over: the first at byte 55 (line 1, column 56)"), "{trace:?}");
}

/// Wherever the text ends, what stands before is read, and the end is said with its byte.
#[test]
fn a_file_cut_off_anywhere_gives_what_stands_before() {
    let (a, b) = (event("a", 0), event("b", 2));
    let text = format!("{{\"schemaVersion\": 1, \"traceEvents\": [{a},\n{b}], \"x\": [true]}}");
    let whole_by = |event: &str| text.find(event).expect("it is there") + event.len();
    for end in 1..text.len() {
        match import(&text.as_bytes()[..end]) {
            Ok(trace) => {
                let expected: &[&str] = if end >= whole_by(&b) { &["a", "b"] } else { &["a"] };
                assert!(end >= whole_by(&a), "{end}");
                assert_eq!(names(&trace), expected, "{end}");
                assert!(says(&trace, "the file is cut off"), "{end}: {:?}", trace.diagnostics);
                assert!(says(&trace, &format!("(byte {end})")), "{end}: {:?}", trace.diagnostics);
            }
            Err(error) => {
                assert!(end < whole_by(&a), "{end}: {error}");
                assert!(is_truncated(&error), "cut at {end}: {error}");
            }
        }
        // The rest of the space that the writer had asked for.
        let mut padded = text.as_bytes()[..end].to_vec();
        padded.resize(end + 700, 0);
        if let Ok(trace) = import(&padded) {
            assert!(says(&trace, "the file is cut off"), "{end}: {:?}", trace.diagnostics);
        }
    }
}

fn is_truncated(error: &OpenError) -> bool {
    let OpenError::Read { source, .. } = error else { return false };
    matches!(source.downcast_ref(), Some(ImportError::Json(JsonError::Truncated { .. })))
}

/// Times that no trace can hold together are left out and counted; what is left is right to the nanosecond.
#[test]
fn times_that_cannot_stand_together_are_told() {
    let far = "times more than 73 years away from all others, left out";
    let kernel = |name: &str, ts: &str| {
        format!(
            r#"{{"ph":"X","cat":"kernel","name":"{name}","pid":0,"tid":7,"ts":{ts},"dur":5,"args":{{"device":0,"stream":7}}}}"#
        )
    };
    let trace = of(&[kernel("a", "-9223372036854775.000"), kernel("b", "9223372036854770.000")]);
    assert_eq!((names(&trace), trace.span().len_ns()), (vec!["a".to_owned()], 5_000));
    assert_eq!(counts(&trace.diagnostics), [(far, 1)]);
    let counter =
        |ts: &str| format!(r#"{{"ph":"C","name":"n","pid":0,"ts":{ts},"args":{{"v":1}}}}"#);
    let trace = of(&[kernel("a", "10"), counter("11"), counter("9.2e15"), counter("-9.2e15")]);
    assert_eq!(counts(&trace.diagnostics), [(far, 2)]);
    assert_eq!(trace.counters[0].at_ns, [1_000]);
    let trace = of(&[counter("11"), counter("9.2e15"), counter("-9.2e15")]);
    assert_eq!(counts(&trace.diagnostics), [(far, 2)]);
    let pair = [
        r#"{"ph":"B","name":"p","pid":1,"tid":1,"ts":-9e15}"#.to_owned(),
        r#"{"ph":"E","pid":1,"tid":1,"ts":9e15}"#.to_owned(),
    ];
    let trace = of(&[&[kernel("a", "10")], &pair[..]].concat());
    assert_eq!(counts(&trace.diagnostics), [(far, 1)]);
    for ts in ["1e300", "9223372036854776", "-9223372036854776", "99999999999999999999"] {
        let trace = of(&[kernel("a", "10"), kernel("b", ts)]);
        assert_eq!(names(&trace), ["a"], "{ts}");
        assert_eq!(
            trace.diagnostics.counts.values().sum::<u64>(),
            1,
            "{ts}: {:?}",
            trace.diagnostics
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is put between two events, those after it are read, and nothing appears that was not put in.
    #[test]
    fn reading_goes_on_after_anything(garbage in "[{}\\[\\]\",:a-c\\\\ \n0-9]{0,40}") {
        let events: Vec<String> = (0..4).map(|at| event(&format!("e{at}"), 2 * at)).collect();
        let text = format!(
            "{{\"traceEvents\": [{},\n{},\n{garbage},\n{},\n{}]}}",
            events[0], events[1], events[2], events[3]
        );
        let trace = import(&text).expect("two events stand before");
        let names = names(&trace);
        prop_assert!(names.len() >= 3 && names.len() <= 4, "{names:?} of {text}");
        prop_assert_eq!(&names[..2], ["e0", "e1"]);
        prop_assert_eq!(names.last().map(String::as_str), Some("e3"));
    }

    /// Reading ends, whatever pieces a text is made of: a form feed, which JSON does not take for a blank, once made the
    /// search after damage end where it began.
    #[test]
    fn reading_ends(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..30)) {
        import(pieces.concat()).ok();
        import(format!("{{\"traceEvents\": [{},\n{}]}}", event("a", 0), pieces.concat())).ok();
    }
}

/// What texts of trace events are made of, and what stands in none.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\"distributedInfo\"",
    "\"traceEvents\"",
    "\"ph\"",
    "\"X\"",
    "\"name\"",
    "\"args\"",
    "1",
    "!",
    "\u{c}",
    "\u{b}",
    "\u{a0}",
    "\n",
    "\0",
    "\u{feff}",
    "\\",
    "null",
];
