//! Tables from the command line: the same figures as the report, whatever the format.

use std::fs;

use serde_json::Value;

use super::place::{Place, SMALL, report};

/// The rows of a table, as JSON.
fn table(place: &Place, name: &str, files: &[&str]) -> Vec<Value> {
    let args = [&["report", "--json", "--table", name], files].concat();
    serde_json::from_str(&place.ok(&args)).unwrap()
}

/// The cells of a line: commas within quotes part nothing.
fn cells(line: &str) -> Vec<String> {
    let quoted = line.split('"').enumerate();
    let hidden: String = quoted
        .map(|(at, part)| if at % 2 == 1 { part.replace(',', ";") } else { part.to_owned() })
        .collect();
    hidden.split(',').map(str::to_owned).collect()
}

/// The sum of a column of a CSV text.
fn csv_sum(text: &str, column: &str) -> f64 {
    let mut lines = text.lines();
    let at = cells(lines.next().unwrap()).iter().position(|name| name == column).unwrap();
    lines.map(|line| cells(line)[at].parse::<f64>().unwrap_or(0.0)).sum()
}

fn sum(rows: &[Value], column: &str) -> f64 {
    rows.iter().filter_map(|row| row[column].as_f64()).sum()
}

fn near(one: f64, other: f64) {
    assert!((one - other).abs() <= 1e-9 * one.abs().max(1.0), "{one} and {other}");
}

/// Oracle: `report --json`.
#[test]
fn tables_have_the_figures_of_the_report() {
    let place = Place::new();
    let args = ["record", "--strategy", "tokenweave", "--iterations", "2", "-o", "a.weft"];
    place.ok(&[&args[..], &SMALL].concat());
    let report = &report(&place, &["a.weft"])["traces"][0];
    let statistics = &report["statistics"];
    for (name, ours, theirs, key) in [
        ("ranks", "comm_ns", &report["ranks"], "comm_us"),
        ("ranks", "hidden_ns", &report["ranks"], "overlap_us"),
        ("ranks", "wait_ns", &report["ranks"], "wait_us"),
        ("kernels", "total_ns", &statistics["kernels"], "total_us"),
        ("kernels", "p99_ns", &statistics["kernels"], "p99_us"),
        ("gaps", "total_ns", &statistics["gaps"], "total_us"),
        ("phases", "exposed_ns", &report["phases"]["summary"], "exposed_us"),
        ("phases", "median_slack_ns", &report["phases"]["summary"], "median_slack_us"),
        ("gemms", "mean_ns", &report["waves"]["gemms"], "mean_us"),
    ] {
        let theirs = theirs.as_array().unwrap();
        let rows = table(&place, name, &["a.weft"]);
        assert_eq!(rows.len(), theirs.len(), "{name}");
        near(sum(&rows, ours), 1e3 * sum(theirs, key));
        let csv = place.ok(&["report", "a.weft", "--table", name]);
        near(csv_sum(&csv, ours), sum(&rows, ours));
        place.ok(&["convert", "a.weft", "out.csv", "--table", name]);
        assert_eq!(fs::read_to_string(place.path("out.csv")).unwrap(), csv, "{name}");
        place.ok(&["convert", "a.weft", "out.json", "--table", name]);
        let json: Vec<Value> =
            serde_json::from_slice(&fs::read(place.path("out.json")).unwrap()).unwrap();
        assert_eq!(json, rows, "{name}");
    }
    let exposed = table(&place, "exposed", &["a.weft"]);
    assert_eq!(exposed[0]["name"], statistics["most_exposed"][0]["name"]);
}

/// Endings that hold tables only, and what stands in them when no table is named.
#[test]
fn recordings_become_tables() {
    let place = Place::new();
    place.ok(&[&["record", "-o", "a.json"], &SMALL[..]].concat());
    place.ok(&["convert", "a.json", "slices.csv"]);
    let slices = place.ok(&["convert", "a.json", "-", "--table", "slices"]);
    assert_eq!(fs::read_to_string(place.path("slices.csv")).unwrap(), slices);
    let rows = |text: &str| text.lines().count() - 1;
    let blocks = place.ok(&["report", "a.json", "--table", "blocks"]);
    let all =
        place.ok(&["record", "-o", "b.weft", "--tokens", "1024", "--layers", "1", "--tp", "2"]);
    assert!(all.contains(&format!("{} slices", rows(&slices) + rows(&blocks))), "{all}");
    for name in ["slices", "blocks", "ranks"] {
        place.ok(&["convert", "a.json", "out.parquet", "--table", name]);
        let file = fs::read(place.path("out.parquet")).unwrap();
        assert!(file.starts_with(b"PAR1") && file.ends_with(b"PAR1"), "{name}");
    }
    // Onto itself: read before it is written.
    place.ok(&["convert", "a.json", "a.json", "--table", "kernels"]);
    assert!(fs::read(place.path("a.json")).unwrap().starts_with(b"[\n{\"file\":\"a.json\""));
}

/// Oracle: `compare --json`.
#[test]
fn differences_are_tables_too() {
    let place = Place::new();
    for (name, strategy) in [("a.weft", "default"), ("b.weft", "tokenweave")] {
        place.ok(&[&["record", "--strategy", strategy, "-o", name], &SMALL[..]].concat());
    }
    let compare = ["compare", "a.weft", "b.weft", "--json"];
    let report: Value = serde_json::from_str(&place.ok(&compare)).unwrap();
    let table = |name: &str| -> Vec<Value> {
        serde_json::from_str(&place.ok(&[&compare[..], &["--table", name]].concat())).unwrap()
    };
    let causes = table("causes");
    near(sum(&causes, "change_ns"), sum(report["causes"].as_array().unwrap(), "change_ns"));
    let terms = table("terms");
    assert_eq!(terms.len(), 2 + 2 * report["ranks"].as_array().unwrap().len());
    let change =
        terms[1]["iteration_ns"].as_f64().unwrap() - terms[0]["iteration_ns"].as_f64().unwrap();
    assert!((sum(&causes, "change_ns") - change).abs() < 1.0, "{causes:?}");
    let rows = |key: &str| report[key].as_array().unwrap().len();
    assert_eq!(table("differences").len(), rows("both") + rows("added") + rows("removed"));
}

#[test]
fn lists_are_tables_too() {
    let place = Place::new();
    let json: Vec<Value> = serde_json::from_str(&place.ok(&["list", "tables", "--json"])).unwrap();
    let names: Vec<&str> = json.iter().filter_map(|row| row["name"].as_str()).collect();
    assert!(["slices", "kernels", "causes"].iter().all(|name| names.contains(name)), "{names:?}");
    let models = place.ok(&["list", "models", "--csv"]);
    assert!(models.starts_with("name,about\n"), "{models}");
    assert!(models.contains("\"80 layers, hidden 8192, "), "commas are quoted: {models}");
}

#[test]
fn tables_that_make_no_sense() {
    let place = Place::new();
    place.ok(&[&["record", "-o", "a.weft"], &SMALL[..]].concat());
    for (args, cause) in [
        (&["convert", "a.weft", "out.csv", "--table", "kernel"][..], "kernels"),
        (&["convert", "a.weft", "out.csv", "--table", "causes"], "causes"),
        (
            &["convert", "a.weft", "out.weft", "--table", "kernels"],
            "known endings are .csv, .parquet",
        ),
        (&["convert", "a.weft", "out.parque"], "did you mean \".parquet\"?"),
        (&["convert", "a.weft", "out"], "known endings are .weft, .json"),
        (&["report", "a.weft", "--table", "everything"], "everything"),
        (&["compare", "a.weft", "a.weft", "--table", "slices"], "slices"),
        (&["list", "models", "--csv", "--json"], "--json"),
    ] {
        let line = place.fails(args, 2);
        assert!(line.contains(cause), "{args:?}: {line}");
    }
    let missing = ["convert", "a.weft", "no/such/out.parquet"];
    assert!(place.fails(&missing, 1).contains("No such file or directory"));
    assert_eq!(place.names(), ["a.weft"]);
}

/// Standard output stays what is written; what was written is said beside it.
#[test]
fn convert_says_what_it_wrote() {
    let place = Place::new();
    place.ok(&[&["record", "-o", "a.weft"], &SMALL[..]].concat());
    let said = |args: &[&str]| {
        let output = place.run(args);
        assert!(output.status.success(), "{args:?}");
        (String::from_utf8(output.stderr).unwrap(), output.stdout)
    };
    let (line, out) = said(&["convert", "a.weft", "b.json"]);
    assert!(line.starts_with("b.json: ") && line.contains(" slices of ranks 0–1, "), "{line}");
    assert!(line.contains("modelled by ") && line.ends_with(", nothing lost\n"), "{line}");
    assert_eq!((line.lines().count(), out), (1, Vec::new()));
    let (line, out) = said(&["convert", "a.weft", "-", "--table", "kernels"]);
    assert!(line.starts_with("-: table kernels of ranks 0–1, "), "{line}");
    assert!(out.starts_with(b"file,"), "{}", String::from_utf8_lossy(&out));
    let event = r#"{"ph":"X","cat":"kernel","name":"gemm","pid":0,"tid":7,"ts":5,"dur":2,"args":{"device":0,"stream":7}}"#;
    let text = format!(r#"[{event},{{"ph":"X","name":"no time","pid":0,"tid":7}}]"#);
    place.write("lossy.json", text.as_bytes());
    let (line, _) = said(&["convert", "lossy.json", "c.weft"]);
    assert!(line.starts_with("c.weft: 1 slice of rank 0, 2.00 µs, times are "), "{line}");
    let lost = report(&place, &["lossy.json"])["traces"][0]["diagnostics"]["counts"].clone();
    let lost = lost.as_object().unwrap();
    assert!(!lost.is_empty());
    for (cause, count) in lost {
        assert!(line.contains(&format!("  {count} × {cause}\n")), "{line}");
    }
}
