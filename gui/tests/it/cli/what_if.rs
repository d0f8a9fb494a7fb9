//! `what-if`: predictions from recordings that ship.

use serde_json::Value;
use weftscope_testkit as testkit;
use weftscope_traces::replay::{Change, held};

use super::place::Place;

const DEFAULT: &str = "sample:h200x2-default";

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn a_prediction_is_modelled_and_shorter_without_communication() {
    let place = Place::new();
    let text = place.ok(&["what-if", DEFAULT, "--edit", "no-comm", "--json", "-o", "p.weft"]);
    let told = json(&text);
    let ns = |name: &str| told["answer"][name].as_f64().expect("a number");
    assert!(ns("predicted_ns") < 0.8 * ns("recorded_ns"), "{text}");
    let causes = told["answer"]["causes"].as_array().expect("causes");
    let sum: f64 = causes.iter().filter_map(|cause| cause["change_ns"].as_f64()).sum();
    assert!((sum - (ns("predicted_ns") - ns("recorded_ns"))).abs() < 2.0, "{text}");
    let report = place.ok(&["report", "p.weft"]);
    assert!(report.contains("times are modelled by weftscope"), "{report}");
    assert!(report.contains("what if: no-comm"), "{report}");
}

#[test]
fn unchanged_it_says_how_near_it_is_and_suggestions_say_what_they_take() {
    let place = Place::new();
    let text = place.ok(&["what-if", DEFAULT]);
    assert!(
        text.contains("replayed unchanged") && text.contains("Iterations are off by"),
        "{text}"
    );
    let text = place.ok(&["what-if", "sample:h200x2-pytorch-sequential", "--suggest"]);
    assert!(text.contains("Weaving at ") && text.contains("takes a second stream"), "{text}");
    assert!(text.contains("For comparison, no communication at all"), "{text}");
    let against = ["--against", "sample:h200x2-tokenweave"];
    let text =
        place.ok(&[&["what-if", DEFAULT, "--edit", "tokenweave=0.5"], &against[..]].concat());
    assert!(text.contains("measured of the changed run"), "{text}");
}

/// Nothing tells how many SMs these collectives hold: another number is refused, not suggested, and that is said. Without communication the
/// recording, which begins with it, is what its computation takes.
#[test]
fn what_is_not_known_is_left_out_aloud() {
    let place = Place::new();
    let kernel = |name: &str, at: u32| {
        format!(
            r#"{{"ph":"X","cat":"kernel","name":"{name}","pid":0,"tid":7,"ts":{at},"dur":100,"args":{{"device":0,"stream":7,"correlation":{at}}}}}"#
        )
    };
    let events: Vec<String> = (0..4)
        .flat_map(|at| {
            [("ncclDevKernel_AllReduce_Sum_bf16_RING_LL", 200), ("nvjet_gemm", 300)]
                .map(|(name, from)| kernel(name, from + 200 * at))
        })
        .collect();
    place.write("k.json", format!("{{\"traceEvents\":[{}]}}", events.join(",")).as_bytes());
    let told = place.fails(&["what-if", "k.json", "--edit", "comm-sms=8"], 1);
    let why = "comm-sms=8 changes nothing: how many SMs its collectives hold is not recorded";
    assert!(told.contains(why), "{told}");
    let text = place.ok(&["what-if", "k.json", "--suggest"]);
    assert!(!text.contains("--edit comm-sms"), "{text}");
    assert!(text.contains("Not predicted, and so not ranked:"), "{text}");
    assert!(text.contains(&format!("Collectives on 8 SMs: {why}")), "{text}");
    assert!(text.contains("For comparison, no communication at all: -50.0 %"), "{text}");
    let told = json(&place.ok(&["what-if", "k.json", "--suggest", "--json"]));
    let why_not = |edit: &str| {
        let left_out = told["left_out"].as_array().expect("left out");
        left_out.iter().any(|one| one["edits"][0] == edit && one["why"].is_string())
    };
    assert!(why_not("comm-sms=8") && why_not("no-launch"), "{told}");
    let told = json(&place.ok(&["what-if", "k.json", "--edit", "no-comm", "--json"]));
    assert_eq!(told["answer"]["predicted_ns"], 400_000.0, "{told}");
}

#[test]
fn what_cannot_be_changed_is_said_in_a_line() {
    let place = Place::new();
    let told = place.fails(&["what-if", DEFAULT, "--edit", "weeve"], 2);
    assert!(told.contains("unknown edit \"weeve\" (known: no-comm"), "{told}");
    let told = place.fails(&["what-if", DEFAULT, "--edit", "gemm=fast"], 2);
    assert!(told.contains("no factor between 0.01 and 100"), "{told}");
    let told = place.fails(&["what-if", DEFAULT, "--edit", "no-launch"], 1);
    assert!(told.contains("no-launch changes nothing: no launch is recorded"), "{told}");
    let told = place.fails(&["what-if", "nothing.json", "--edit", "no-comm"], 1);
    assert!(told.contains("nothing.json"), "{told}");
}

/// Ranks of the changed run, named one by one or as a shell's `*` gives them, are one recording.
#[test]
fn several_files_behind_one_against_are_one_run() {
    let place = Place::new();
    let name = |run: &str, rank: u32| {
        testkit::recording(&format!("{run}_rank{rank}")).display().to_string()
    };
    let [a, b] = [0, 1].map(|rank| name("sequential", rank));
    let [c, d] = [0, 1].map(|rank| name("weave", rank));
    let asked = ["what-if", &a, &b, "--edit", "weave=0.5", "--json"];
    let at_once = place.ok(&[&asked[..], &["--against", &c, &d]].concat());
    let one_by_one = place.ok(&[&asked[..], &["--against", &c, "--against", &d]].concat());
    assert_eq!(at_once, one_by_one);
    let told = json(&at_once);
    assert!(told["measured_iterations_ns"].as_array().is_some_and(|all| !all.is_empty()));
    let alone = json(&place.ok(&[&asked[..], &["--against", &c]].concat()));
    assert_ne!(told["measured_iterations_ns"], alone["measured_iterations_ns"]);
}

/// The reach of replays is held here; that of predictions is printed, and stands in docs/measurements.md.
#[test]
fn validation_holds_predictions_against_recordings() {
    let place = Place::new();
    let parts = json(&place.ok(&["validate", "--what-if", "--json"]));
    let parts = parts.as_array().expect("parts");
    assert_eq!(parts.len(), 8);
    let figures = |part: &Value| part["figures"].as_array().expect("figures").clone();
    let off = |figure: &Value| figure["off"].as_f64().expect("a number");
    let reach = |figure: &Value| figure["reach"].as_f64().expect("a number");
    let replays = figures(&parts[0]);
    assert!(replays.len() >= 8 && replays.iter().all(|it| off(it) <= reach(it)), "{replays:?}");
    // What is stated comes from rows that are computed here, too, as far as their recordings ship.
    let computed: Vec<Value> = parts[1..7].iter().flat_map(figures).collect();
    let mut found = 0;
    for row in held() {
        let is_row = |it: &&Value| {
            it["what"].as_str().map(|what| what.replace(", ", "; ")).as_ref() == Some(&row.what)
        };
        let Some(figure) = computed.iter().find(is_row) else { continue };
        let us = |name: &str| figure[name].as_f64().expect("a number");
        assert!((us("recorded") - row.taken_us).abs() < 0.06, "{figure} {row:?}");
        assert!((us("predicted") - row.predicted_us).abs() < 0.06, "{figure} {row:?}");
        found += 1;
    }
    assert!(found > 80, "{found}");
    assert_eq!(figures(&parts[7]).len(), Change::ALL.len());
    assert!(parts[1..].iter().all(|part| figures(part).iter().all(|it| off(it) < 25.0)));
    let text = place.ok(&["validate", "--what-if", "sample:h200x2-default"]);
    assert!(text.contains("replayed unchanged") && text.contains("reach"), "{text}");
}
