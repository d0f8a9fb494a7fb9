//! `bench` on the simulator, which gives the same numbers everywhere.

use std::fs;

use super::place::Place;

const RUN: [&str; 9] =
    ["bench", "--tp", "2", "--shard-of", "8", "--iterations", "2", "--turns", "1"];

#[test]
fn tables_of_strategies_and_kernels() {
    let place = Place::new();
    let some = [
        "--tokens",
        "2048",
        "--split",
        "1024",
        "--strategy",
        "default,nocomm,fuse-only,tokenweave",
    ];
    insta::assert_snapshot!(place.ok(&[&RUN[..], &some].concat()));
}

#[test]
fn every_figure_is_in_the_json() {
    let place = Place::new();
    let args = ["--strategy", "all", "--json", "bench.json", "--tokens", "256,2048"];
    let text = place.ok(&[&RUN[..], &args].concat());
    let json = fs::read_to_string(place.path("bench.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["provenance"], "modelled");
    let batches = json["batches"].as_array().unwrap();
    assert_eq!(batches.len(), 2);
    for batch in batches {
        let contenders = batch["contenders"].as_array().unwrap();
        assert_eq!(contenders.len(), 7);
        for contender in contenders {
            let figures = &contender["outcome"]["Ok"];
            let time = figures["per_layer_us"]["median"].as_f64().unwrap();
            assert!(text.contains(&format!("{time:.0}")), "{time}: {text}");
            assert!(!figures["kernels"].as_array().unwrap().is_empty());
        }
    }
}

#[test]
fn misuse_is_told_before_anything_runs() {
    let place = Place::new();
    let cases: [(&[&str], &str); 6] = [
        (&["--layers", "2"], "three are needed: --layers 2"),
        (&["--strategy", "warp"], "unknown strategy \"warp\""),
        (&["--tokens", "0"], "no tokens: --tokens 0"),
        (&["--iterations", "0"], "--iterations 0"),
        (&["--turns", "0"], "--turns 0"),
        (&["--tp", "16"], "--tp"),
    ];
    for (args, wanted) in cases {
        let line = place.fails(&[&["bench"], args].concat(), 2);
        assert!(line.contains(wanted), "{args:?}: {line}");
    }
    let line = place.fails(&["bench", "--json", "no/such/folder/x.json"], 1);
    assert!(line.contains("no/such/folder"), "{line}");
}
