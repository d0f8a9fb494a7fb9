//! What is not recorded stays unknown: how many SMs a collective holds.

use super::*;

/// A product and an all-reduce, `count` times on one stream, the all-reduces with these facts in turn.
fn recorded(facts: [&str; 2]) -> Trace {
    let mut text = String::from("measured\nsms 100\nrank 0\n stream 7: ");
    for (at, facts) in facts.into_iter().enumerate() {
        let at = at * 2000;
        text += &format!(
            "gemm {at}..{} g; comm {}..{} ncclAllReduce {facts}; ",
            at + 1000,
            at + 1000,
            at + 2000
        );
    }
    trace(&text)
}

fn refused(trace: &Trace, edit: &str) -> String {
    let edits = Edit::parse(edit, &NoMachines).expect("an edit");
    replay_of(trace).edited(&edits).expect_err("refused").to_string()
}

#[test]
fn other_sms_are_refused_where_it_is_not_known_how_many_are_held() {
    let unknown = recorded(["", ""]);
    for edit in ["comm-sms=8", "comm-sms=4", "comm-sms=1"] {
        let told = refused(&unknown, edit);
        let why = "how many SMs its collectives hold is not recorded, so what other SMs bring is not known";
        assert_eq!(told, format!("{edit} changes nothing: {why}"));
    }
    let layers = trace(&layers(2).replace(" grid=20", ""));
    let told = refused(&layers, "tokenweave");
    assert!(told.starts_with("comm-sms=8 changes nothing: how many SMs"), "{told}");
    assert_eq!(edited(&layers, "weave=0.5").replay.ops.len(), 40, "it asks for no SMs");
}

/// On one SM a message takes 8 times as long as on the 8 that saturate a link.
#[test]
fn only_collectives_whose_sms_are_known_take_another_time() {
    let mixed = recorded(["grid=1", ""]);
    let on_8 = edited(&mixed, "comm-sms=8");
    assert_eq!(spans(&on_8.replay)[1], (1000, 1125));
    assert_eq!(spans(&on_8.replay)[3], (2125, 3125), "as it was");
    let note = "1 communication kernel on 8 SMs each; 1 communication kernel left as they are, since how many SMs they hold is not recorded";
    assert_eq!(on_8.notes, [note]);
}

#[test]
fn what_cannot_be_told_is_not_suggested_but_said() {
    let recorded = trace(&layers(2).replace(" grid=20", ""));
    let ops = Ops::of(&recorded, &Config::default());
    let prepared = Prepared::of(&ops);
    let Suggestions { ranked, left_out } =
        suggest(&ops, &prepared, &mut |_, _| ControlFlow::Continue(())).expect("suggestions");
    let has_sms = |edits: &[String]| edits.iter().any(|edit| edit.starts_with("comm-sms"));
    assert!(ranked.iter().all(|one| !has_sms(&one.edits)));
    let out: Vec<&str> = left_out.iter().map(|one| one.edits[0].as_str()).collect();
    assert_eq!(out, ["comm-sms=8", "fuse-norm", "no-launch", "steady-host", "no-straggler"]);
    let told = left_out[0].in_words();
    assert!(told.starts_with("Collectives on 8 SMs: comm-sms=8 changes nothing: how"), "{told}");
    // Some of them known, but not all: what a suggestion says of all of them would not be so.
    let mixed = trace(&layers(2).replacen(" grid=20", " grid=1", 3).replace(" grid=20", ""));
    let ops = Ops::of(&mixed, &Config::default());
    let some = suggest(&ops, &Prepared::of(&ops), &mut |_, _| ControlFlow::Continue(()));
    let some = some.expect("suggestions");
    assert!(some.ranked.iter().all(|one| !has_sms(&one.edits)));
    assert!(some.left_out[0].why.contains("of 7 communication kernels"), "{:?}", some.left_out);
}

/// Of one recorded rank all of the norm goes into the collective, 0.2 ms as before; among two it would be half.
#[test]
fn a_norm_that_nobody_is_known_to_share_stays_whole_and_that_is_said() {
    let alone = edited(&trace(&layers(1)), "fuse-norm");
    assert_eq!(end_ns(&alone.replay), 10_000_000);
    let note = "1 collective fused with the norm behind; 1 norm whole in it, since how many ranks share them is not recorded";
    assert_eq!(alone.notes, [note]);
    let two = edited(&trace(&format!("world 2\n{}", layers(1))), "fuse-norm");
    assert_eq!(end_ns(&two.replay), 9_900_000);
    assert_eq!(two.notes, ["1 collective fused with the norm behind"]);
}
