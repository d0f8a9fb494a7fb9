//! `serving` on the simulator, which gives the same numbers everywhere.

use std::fs;

use super::place::Place;

/// Two strategies, a dozen requests.
const RUN: [&str; 9] = [
    "serving",
    "--strategy",
    "multimem,tokenweave",
    "--requests",
    "12",
    "--prompt",
    "900",
    "--output",
    "6",
];

#[test]
fn tables_of_speeds_and_iterations() {
    let place = Place::new();
    let text = place.ok(&RUN);
    let (tables, last) = text.trim_end().rsplit_once('\n').unwrap();
    assert!(last.starts_with("22 iterations from "), "{last}");
    insta::assert_snapshot!(tables);
}

/// Every iteration stands in the CSV, and the report is what they add up to.
#[test]
fn iterations_add_up_to_the_report() {
    let place = Place::new();
    let more = ["--rate", "20", "--seed", "3", "--iterations", "it.csv", "--json"];
    let json: serde_json::Value =
        serde_json::from_str(&place.ok(&[&RUN[..], &more].concat())).unwrap();
    assert_eq!(json["provenance"], "modelled");
    let csv = fs::read_to_string(place.path("it.csv")).unwrap();
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    let column = |name: &str| rows[0].iter().position(|heading| *heading == name).unwrap();
    for report in json["strategies"].as_array().unwrap() {
        let is_of = |row: &&Vec<&str>| row[0] == report["strategy"].as_str().unwrap();
        let own: Vec<&Vec<&str>> = rows.iter().filter(is_of).collect();
        let sum = |name: &str| -> f64 {
            own.iter().map(|row| row[column(name)].parse::<f64>().unwrap()).sum()
        };
        let figure = |name: &str| report[name].as_f64().unwrap();
        assert_eq!(own.len() as f64, figure("iterations"));
        assert_eq!(sum("graph"), figure("graph_iterations"));
        // Every token but the last of an answer is computed once.
        assert_eq!(sum("tokens"), 12.0 * (900.0 + 5.0));
        assert_eq!(sum("decode_tokens"), 12.0 * 5.0);
        let busy_s = sum("ms") / 1e3;
        let wanted = figure("duration_s") * (1.0 - figure("idle_share"));
        assert!((busy_s - wanted).abs() < 1e-6, "{busy_s} {wanted}");
        assert!((figure("tokens_per_s") * figure("duration_s") - 12.0 * 906.0).abs() < 1e-6);
    }
}

#[test]
fn a_trace_is_served_at_its_times() {
    let place = Place::new();
    place.write(
        "azure.csv",
        b"TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.68,374,4\n2023-11-16 18:15:50.99,396,9\n2023-11-16 18:15:51.22,0,55\n2023-11-16 18:15:52.00,3000000,1\n",
    );
    let text = place.ok(&["serving", "--strategy", "fuse-only", "--trace", "azure.csv"]);
    assert!(text.starts_with("3 requests of azure.csv, at the times of the file\n"), "{text}");
    assert!(text.contains("1 row of the trace without a prompt or an answer left out"), "{text}");
    assert!(text.contains("1 request refused: keys and values of more than "), "{text}");
    let text = place.ok(&[
        "serving",
        "--strategy",
        "fuse-only",
        "--trace",
        "azure.csv",
        "--requests",
        "1",
    ]);
    assert!(text.starts_with("the first 1 request of azure.csv"), "{text}");
    let one = ["--requests", "1", "--output", "1", "--strategy", "nocomm"];
    let text = place.ok(&[&["serving"], &one[..]].concat());
    let unknown = text.matches(" – ").count();
    assert!(unknown == 4, "no time between tokens of one, and nothing to hide: {text}");
}

#[test]
fn what_cannot_be_served_is_told_before_anything_runs() {
    let place = Place::new();
    place.write("bad.csv", b"prompt_tokens,output_tokens\n10,1\n10,soon\n");
    place.write("columns.csv", b"a,b\n1,2\n");
    let misuse: [(&[&str], &str); 15] = [
        (&["--budget", "0"], "budget is 0; it must be between 1 and 4194304: --budget"),
        (&["--max-seqs", "9000"], "--max-seqs"),
        (&["--memory-share", "1.5"], "must be above 0 and at most 1: --memory-share"),
        (&["--rate", "-1"], "-1 requests a second is no rate"),
        (&["--requests", "0"], "--requests"),
        (&["--prompt", "0"], "--prompt"),
        (&["--output", "0"], "--output"),
        (&["--strategy", "warp"], "unknown strategy \"warp\""),
        (&["--split", "1024"], "name a chooser: --split 1024"),
        (&["--tp", "3"], "does not divide"),
        (&["--temperature", "0.7"], "a simulated machine draws no tokens: add --backend cuda"),
        (&["--temperature", "-1"], "a temperature is 0 or more, not -1: --temperature"),
        (&["--top-p", "0"], "more than 0 and at most 1, not 0: --top-p"),
        (&["--weights", "."], "only real GPUs take weights: add --backend cuda"),
        (&["--trace", "bad.csv", "--prompt", "5"], "cannot be used with '--prompt <N>'"),
    ];
    for (args, wanted) in misuse {
        let line = place.fails(&[&["serving"], args].concat(), 2);
        assert!(line.contains(wanted), "{args:?}: {line}");
    }
    let failed: [(&[&str], &str); 6] = [
        (&["--machine", "rtx4090x2"], "weights take 70.6 GB"),
        (
            &["--prompt", "9000000"],
            "no request fits: the shortest needs keys and values of 9000127 tokens",
        ),
        (&["--trace", "bad.csv"], "line 3, column 2 (output_tokens): \"soon\" is no number"),
        (&["--trace", "columns.csv"], "no column prompt_tokens (nor ContextTokens, Request tokens"),
        (&["--trace", "none.csv"], "No such file or directory: none.csv"),
        (&["--iterations", "no/such/it.csv"], "no/such/it.csv"),
    ];
    for (args, wanted) in failed {
        let line = place.fails(&[&["serving"], args].concat(), 1);
        assert!(line.contains(wanted), "{args:?}: {line}");
    }
    assert_eq!(place.names(), ["bad.csv", "columns.csv"]);
}
