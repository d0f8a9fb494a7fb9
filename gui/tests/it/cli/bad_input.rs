//! Bad input: one line with cause and place, an honest exit code, existing files as they were.

use std::fs;

use super::place::{Place, SMALL};

/// A file that must survive whatever goes wrong.
const PRECIOUS: &[u8] = b"precious";

#[test]
fn files_that_are_no_recordings() {
    let place = Place::new();
    let gz = place.ok(&[&["record", "-o", "good.json.gz"], &SMALL[..]].concat());
    assert!(gz.starts_with("good.json.gz: "), "{gz}");
    let good = fs::read(place.path("good.json.gz")).unwrap();
    place.write("empty.json", b"");
    place.write("malformed.json", b"{\"traceEvents\": [{\"ph\": \"X\", \"ts\" }]}");
    place.write("cut.json.gz", &good[..100]);
    place.write("half.json.gz", &good[..good.len() / 2]);
    place.write("magic.weft", b"\x89PNG\r\n\x1a\n and so on");
    place.write("text.json", b"hello");
    place.write("other.json", b"{\"name\": \"no trace\"}");
    place.write("out.json", PRECIOUS);
    fs::create_dir(place.path("nothing")).unwrap();
    for (name, cause) in [
        ("empty.json", "empty"),
        ("malformed.json", "line 1"),
        ("cut.json.gz", "cut off"),
        ("magic.weft", "unknown format"),
        ("text.json", "unknown format"),
        ("other.json", ""),
        ("missing.json", "No such file"),
        ("nothing", "folder"),
    ] {
        for args in [vec!["report", "--json", name], vec!["convert", name, "out.json"]] {
            let line = place.fails(&args, 1);
            assert!(line.ends_with(name), "{args:?}: the place is not last: {line}");
            assert!(line.contains(cause), "{args:?}: {line}");
        }
        assert_eq!(fs::read(place.path("out.json")).unwrap(), PRECIOUS);
    }
    let half = place.ok(&["report", "half.json.gz"]);
    assert!(half.contains("the file is cut off: its gzip stream ends at byte"), "{half}");
    let line = place.fails(&["shot", "empty.json", "-o", "out.png"], 1);
    assert!(line.ends_with("empty.json"), "{line}");
    assert!(!place.path("out.png").exists());
}

#[test]
fn runs_that_make_no_sense() {
    let place = Place::new();
    place.write("out.json", PRECIOUS);
    for (args, cause, argument) in [
        (&["--tokens", "0"][..], "no tokens", "--tokens"),
        (&["--seq", "0"], "at least one token", "--seq"),
        (&["--tp", "3"], "does not divide", "--tp"),
        (&["--shard-of", "3"], "does not divide", "--shard-of"),
        (&["--tokens", "1", "--split", "1"], "one token cannot be cut", "--split"),
        (&["--skew", "0:-2s"], "up to 1 s late or early", "--skew"),
        (&["--tp", "0"], "must be between 1 and 8", "--tp"),
        (&["--tp", "16"], "", "--tp"),
        (&["--model", "gpt-5"], "unknown model \"gpt-5\" (known: llama-3.3-70b", "--model"),
        (&["--machine", "tpu"], "unknown machine \"tpu\"", "--machine"),
        (&["--strategy", "magic"], "unknown strategy \"magic\"", "--strategy"),
        (&["--transport", "pigeon"], "unknown transport", "--transport"),
        (&["--split", "third"], "unknown split", "--split"),
        (&["--layers", "0"], "must be between 1 and 80", "--layers"),
        (&["--layers", "some"], "neither a number", "--layers"),
        (&["--iterations", "0"], "nothing to record", "--iterations"),
        (&["--batch", "12xx"], "column", "--batch"),
        (&["--skew", "9:1ms"], "no rank 9", "--skew"),
        (&["--weights", "here"], "only real GPUs take weights", "--weights"),
    ] {
        let line = place.fails(&[&["record", "-o", "out.json"], args].concat(), 2);
        assert!(line.contains(cause) && line.contains(argument), "{args:?}: {line}");
    }
    for args in [
        &["record"][..],
        &["record", "--tokens", "many", "-o", "out.json"],
        &["record", "--skew", "1:5", "-o", "out.json"],
        &["record", "-o", "out.txt"],
        &["shot", "out.json", "-o", "out.jpg"],
        &["shot", "out.json", "-o", "out.png", "--size", "0x0"],
        &["convert", "out.json", "out"],
        &["convert", "out.json", "out.pftrac"],
        &["report"],
        &["report", "out.json", "--comm", "("],
        &["list", "everything"],
        &["frobnicate", "out.json"],
    ] {
        place.fails(args, 2);
    }
    assert_eq!(fs::read(place.path("out.json")).unwrap(), PRECIOUS);
    assert_eq!(place.names(), ["out.json"]);
}

#[test]
fn model_files_that_are_none() {
    let place = Place::new();
    place.write("config.json", b"{\"model_type\": \"llama\"}");
    let record = ["record", "-o", "out.json", "--model"];
    let line = place.fails(&[&record[..], &["./config.json"]].concat(), 1);
    assert!(line.ends_with("./config.json"), "{line}");
    let line = place.fails(&[&record[..], &["./nothing.json"]].concat(), 1);
    assert!(line.contains("no such model file") && line.ends_with("./nothing.json"), "{line}");
}

#[test]
fn folders_that_are_no_checkpoints() {
    let place = Place::new();
    let record = ["record", "-o", "out.json", "--backend", "cuda", "--weights", "folder"];
    let line = place.fails(&record, 1);
    assert!(line.contains("cannot read") && line.ends_with("folder/config.json"), "{line}");
    fs::create_dir(place.path("folder")).unwrap();
    place.write("folder/config.json", b"{\"model_type\": \"llama\"}");
    let line = place.fails(&record, 1);
    assert!(line.contains("has no hidden_size") && line.ends_with("folder/config.json"), "{line}");
}

#[test]
fn places_that_cannot_be_written() {
    let place = Place::new();
    fs::create_dir(place.path("folder.json")).unwrap();
    place.write("protected.json", PRECIOUS);
    let mut permissions = fs::metadata(place.path("protected.json")).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(place.path("protected.json"), permissions).unwrap();
    for (target, cause) in [
        ("folder.json", "folder"),
        ("no/such/folder/x.json", "No such file or directory"),
        ("protected.json", "read-only"),
        ("/proc/x.json", "cannot write"),
    ] {
        let line = place.fails(&[&["record", "-o", target], &SMALL[..]].concat(), 1);
        assert!(line.contains(cause) && line.ends_with(target), "{line}");
    }
    assert_eq!(fs::read(place.path("protected.json")).unwrap(), PRECIOUS);
    assert_eq!(place.names(), ["folder.json", "protected.json"]);
}
