//! Standard input and output in place of files, and what reaches a terminal.

use std::{
    fs::{self, File},
    process::Output,
};

use super::place::{Place, SMALL, command};

/// Runs with a file at standard input.
fn piped(place: &Place, input: &str, args: &[&str]) -> Output {
    let input = File::open(place.path(input)).unwrap();
    let output = command(args).current_dir(place.path("")).stdin(input).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Oracle: the same with files.
#[test]
fn a_dash_is_standard_input_and_output() {
    let place = Place::new();
    place.ok(&[&["record", "-o", "run.json.gz"], &SMALL[..]].concat());
    place.ok(&["convert", "run.json.gz", "run.json"]);
    let report = |text: &[u8]| {
        let mut json: serde_json::Value = serde_json::from_slice(text).unwrap();
        json["traces"][0]["file"].take();
        json.to_string()
    };
    let of_file = place.ok(&["report", "--json", "run.json.gz"]);
    let of_pipe = piped(&place, "run.json.gz", &["report", "--json", "-"]).stdout;
    let figures = |text: &str| text.matches("overlap_pct").count();
    assert!(figures(&of_file) > 0);
    assert_eq!(figures(&of_file), figures(&report(&of_pipe)));
    let json = piped(&place, "run.json.gz", &["convert", "-", "-"]).stdout;
    assert!(json == fs::read(place.path("run.json")).unwrap(), "byte for byte");
    let picture = piped(&place, "run.json", &["shot", "-", "-o", "-", "--size", "200x100"]).stdout;
    assert!(picture.starts_with(b"\x89PNG"));
    let recorded = place.run(&[&["record", "-o", "-"], &SMALL[..]].concat());
    // Rows are numbered as they come, so only the number of events, one a line, is the same.
    let events = |json: &[u8]| {
        String::from_utf8_lossy(json).lines().filter(|line| line.starts_with("{\"ph\"")).count()
    };
    assert!(events(&json) > 100);
    assert_eq!(events(&recorded.stdout), events(&json));
}

/// Names in a file are anybody's: no command in them reaches the terminal, in text or error.
#[test]
fn no_command_in_a_name_reaches_the_terminal() {
    let place = Place::new();
    let event = |name: &str, tid: u32, ts: u32| {
        format!(
            r#"{{"ph":"X","cat":"kernel","name":"{name}","pid":0,"tid":{tid},"ts":{ts},"dur":50,"args":{{"device":0,"stream":{tid}}}}}"#
        )
    };
    let evil = r"\u001b]0;owned\u0007\u009b2Jgemm";
    let text = format!(
        r#"{{"traceName":"t{evil}","traceEvents":[{},{}]}}"#,
        event(evil, 7, 0),
        event(&format!("ncclDevKernel_AllReduce{evil}"), 20, 10)
    );
    place.write("evil.json", text.as_bytes());
    place.write("other.json", text.replace("gemm", "gemm2").as_bytes());
    for args in [&["report", "evil.json"][..], &["compare", "evil.json", "other.json"]] {
        let text = place.ok(args);
        assert!(text.contains("gemm") || text.contains("AllReduce"), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{9b}']), "{args:?}: {text:?}");
    }
    let line = place.fails(&["report", "no\u{1b}[31m\u{9b}such.json"], 1);
    assert!(!line.contains(['\u{1b}', '\u{9b}']), "{line:?}");
}
