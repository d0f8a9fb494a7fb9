//! `plan` and `record --plan`: what is written and not changed runs as if it had been planned there.

use std::fs;

use super::place::Place;

const RUN: [&str; 6] = ["--strategy", "tokenweave", "--tokens", "2048", "--layers", "2"];
const OPS: &str = "select name, ts, dur, track_id from gpu_slice order by track_id, ts";

#[test]
fn a_plan_of_a_file_runs_as_the_one_that_was_planned() {
    let place = Place::new();
    let said = place.ok(&[&["plan"], &RUN[..], &["-o", "x.plan.json"]].concat());
    assert!(said.contains("x.plan.json: 44 ops of tokenweave"), "{said}");
    let direct = place.ok(&[&["plan"], &RUN[..]].concat());
    assert_eq!(place.ok(&["plan", "--plan", "x.plan.json"]), direct);
    place.ok(&["record", "--plan", "x.plan.json", "-o", "file.weft"]);
    place.ok(&[&["record"], &RUN[..], &["-o", "direct.weft"]].concat());
    let ops = place.ok(&["sql", "file.weft", OPS]);
    assert!(ops.lines().count() > 300, "{ops}");
    assert_eq!(ops, place.ok(&["sql", "direct.weft", OPS]));
}

#[test]
fn what_is_wrong_with_a_plan_is_said_in_a_line() {
    let place = Place::new();
    place.ok(&[&["plan"], &RUN[..], &["-o", "x.plan.json"]].concat());
    let text = fs::read_to_string(place.path("x.plan.json")).unwrap();
    let wrong = text.replacen("\"op\":3,\"role\":\"", "\"op\":3,\"rule\":\"", 1);
    assert_ne!(wrong, text);
    fs::write(place.path("wrong.json"), wrong).unwrap();
    let told = place.fails(&["record", "--plan", "wrong.json", "-o", "a.weft"], 1);
    assert!(told.contains("op 3, rule: unknown field `rule`"), "{told}");
    assert!(!place.path("a.weft").exists());
    let told =
        place.fails(&["record", "--plan", "x.plan.json", "--backend", "cuda", "-o", "a.weft"], 2);
    assert!(told.contains("run on the simulator only"), "{told}");
    let told = place.fails(&["plan", "--plan", "x.plan.json", "--tokens", "1"], 2);
    assert!(told.contains("cannot be used with"), "{told}");
}
