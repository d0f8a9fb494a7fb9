//! Standard input and output in place of files, and what reaches a terminal.

use std::{
    fs::{self, File},
    process::{Output, Stdio},
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

/// A reader that has gone is no fault, whatever writes: `| head`.
#[test]
fn nothing_is_said_of_a_reader_that_has_gone() {
    let place = Place::new();
    place.ok(&[&["record", "-o", "run.json"], &SMALL[..]].concat());
    for args in [
        &["sql", "run.json", "select * from slice"][..],
        &["sql", "--csv", "run.json", "select * from slice"],
        &["report", "--table", "slices", "run.json"],
        &["convert", "run.json", "-"],
    ] {
        let mut command = command(args);
        command.current_dir(place.path("")).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !stderr.contains("ipe"), "{args:?}: {stderr}");
    }
}

/// Oracle: what the report says of the same file.
#[test]
fn what_was_lost_is_told_by_whatever_reads_it() {
    let place = Place::new();
    place.ok(&[&["record", "-o", "run.json"], &SMALL[..]].concat());
    let whole = fs::read(place.path("run.json")).unwrap();
    // Streams stand behind rows of SMs.
    place.write("cut.json", &whole[..whole.len() - 500]);
    let report = place.ok(&["report", "cut.json"]);
    let lost = report.lines().skip_while(|line| *line != "Lost or uncertain:").skip(1);
    let lost: Vec<&str> = lost.take_while(|line| line.starts_with("  ")).collect();
    assert!(lost.iter().any(|line| line.contains("cut off")), "{report}");
    for args in [
        &["report", "--table", "kernels", "cut.json"][..],
        &["sql", "cut.json", "select 1"],
        &["what-if", "cut.json", "--edit", "no-comm"],
        &["what-if", "run.json", "--edit", "no-comm", "--against", "cut.json"],
        &["digest", "cut.json", "-o", "digests"],
        &["shot", "cut.json", "-o", "cut.png", "--size", "200x100"],
        &["convert", "cut.json", "again.json"],
    ] {
        let output = place.run(args);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {stderr}");
        let names_the_file = stderr.contains("cut.json") || args[0] == "convert";
        let all = lost.iter().all(|line| stderr.contains(line));
        assert!(all && names_the_file, "{args:?}: {stderr}");
    }
    let silent = place.run(&["sql", "run.json", "select 1"]);
    assert!(silent.stderr.is_empty(), "{}", String::from_utf8_lossy(&silent.stderr));
}
