//! `tune`: a table is written length by length, is gone on with, and is used.

use std::fs;

use serde_json::Value;

use super::place::Place;

/// Two lengths on two ranks; cuts of so few tokens are simulated in a moment.
const TWO: [&str; 7] = ["tune", "--machine", "h200x2", "--shard-of", "8", "--tokens", "512,1024"];

#[test]
fn a_table_is_written_gone_on_with_and_used() {
    let place = Place::new();
    let text = place.ok(&[&TWO[..], &["-o", "t.json", "--json", "all.json"]].concat());
    insta::assert_snapshot!(text);
    let table: Value =
        serde_json::from_str(&fs::read_to_string(place.path("t.json")).unwrap()).unwrap();
    let row = &table["1024"];
    let all: Value =
        serde_json::from_str(&fs::read_to_string(place.path("all.json")).unwrap()).unwrap();
    let length = &all[1];
    assert_eq!((&length["tokens"], &length["row"]), (&Value::from(1024), row));
    let times = length["simulated"].as_array().unwrap();
    let ns = |tried: &Value| tried["iteration_ns"].as_f64().unwrap();
    let best = times.iter().min_by(|a, b| ns(a).total_cmp(&ns(b))).unwrap();
    let trial = &best["candidate"]["cut"];
    assert_eq!(row["split_offset"], trial["first_tokens"].as_i64().unwrap() - 512);
    assert_eq!(row["attention_ctas"], trial["attn_ctas"]);
    // What is there is kept, and nothing of it is run again.
    fs::write(
        place.path("t.json"),
        r#"{"1024": {"baseline_ctas": 16, "attention_ctas": 3, "mlp_ctas": 5, "split_offset": -128}}"#,
    )
    .unwrap();
    let text = place.ok(&[&TWO[..], &["-o", "t.json"]].concat());
    assert!(text.contains("384 + 640") && text.contains("in the table already"), "{text}");
    let table = fs::read_to_string(place.path("t.json")).unwrap();
    assert!(table.contains("\"attention_ctas\": 3"), "{table}");
    let record = [
        "record",
        "--machine",
        "h200x2",
        "--shard-of",
        "8",
        "--layers",
        "1",
        "--tokens",
        "1024",
        "--table",
        "t.json",
        "--split",
        "table",
        "-o",
        "a.weft",
    ];
    place.ok(&record);
    let report: Value = serde_json::from_str(&place.ok(&["report", "--json", "a.weft"])).unwrap();
    assert!(report.to_string().contains("384"), "{report}");
    // Tuned anew only where that is asked for.
    let text = place.ok(&[&TWO[..], &["-o", "t.json", "--again"]].concat());
    assert!(!text.contains("in the table already"), "{text}");
    let table: Value =
        serde_json::from_str(&fs::read_to_string(place.path("t.json")).unwrap()).unwrap();
    assert_eq!(table["1024"], *row);
}

#[test]
fn what_cannot_be_tuned_is_told_before_anything_runs() {
    let place = Place::new();
    fs::write(place.path("no.json"), "{}").unwrap();
    for (arguments, code, words) in [
        (&["--tp", "1"][..], 2, "a single rank has nothing to communicate"),
        (&["--split", "half"], 2, "cuts are what is tuned: --split"),
        (&["--table", "no.json"], 2, "cuts are what is tuned: --table"),
        (&["--tokens", "0"], 2, "--tokens 0"),
        (&["--tokens", ""], 2, "--tokens"),
        (&["--measure", "0"], 2, "--measure 0"),
        (&["--again"], 2, "--output"),
        (&["--tp", "3"], 2, "--tp"),
        (&["-o", "no.json"], 1, "no.json"),
        (&["-o", "missing/t.json"], 1, "missing/t.json"),
        (&["--backend", "cuda"], 1, "--backend cuda"),
    ] {
        let line = place.fails(&[&["tune"][..], arguments].concat(), code);
        assert!(line.contains(words), "{arguments:?}: {line}");
    }
}

/// What is faster whole has no row, and a table without rows is not written.
#[test]
fn few_tokens_have_no_row() {
    let place = Place::new();
    let text = place.ok(&["tune", "--machine", "h200x2", "--tokens", "64,256", "-o", "t.json"]);
    assert!(text.contains("too few to be cut at a tile"), "{text}");
    assert!(text.contains("no row: faster whole"), "{text}");
    assert!(text.contains("t.json: not written"), "{text}");
    assert!(!place.path("t.json").exists());
}
