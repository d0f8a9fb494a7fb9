//! `report` for people: what is counted, what is not known, and what a folder stands for.

use std::fs;

use super::place::{Place, report};

/// Two ranks run 24 iterations together, and not 48.
#[test]
fn iterations_are_those_of_the_run() {
    let place = Place::new();
    let few = ["--tokens", "256", "--layers", "1", "--tp", "2", "-o", "run.weft"];
    place.ok(&[&["record", "--iterations", "24"], &few[..]].concat());
    let text = place.ok(&["report", "run.weft"]);
    assert!(text.contains("\n  24 iterations on each of 2 ranks: table accounts\n"), "{text}");
    let rows = place.ok(&["report", "run.weft", "--table", "iterations"]);
    assert_eq!(rows.lines().count(), 1 + 2 * 24, "a row a rank and iteration");
}

/// Of a recording that was cut off before its kernels, nothing is known of the time that they took.
#[test]
fn times_of_which_nothing_is_left_are_no_zeros() {
    let place = Place::new();
    let few = ["record", "--tokens", "256", "--layers", "1", "--tp", "2", "-o", "run.weft"];
    place.ok(&few);
    let whole = fs::read(place.path("run.weft")).unwrap();
    place.write("cut.weft", &whole[..whole.len() / 2]);
    let text = place.ok(&["report", "cut.weft"]);
    assert!(text.contains("the file is cut off"), "{text}");
    let table: Vec<&str> =
        text.lines().skip_while(|line| !line.starts_with("  rank ")).skip(1).take(2).collect();
    for (rank, line) in table.iter().enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words, [&[&*rank.to_string()], &["–"; 9][..]].concat(), "{text}");
    }
    assert!(!text.contains("0.0000"), "{text}");
    for rank in report(&place, &["cut.weft"])["traces"][0]["ranks"].as_array().unwrap() {
        assert!(rank["span_us"].is_null() && rank["wait_us"].is_null(), "{rank}");
    }
}

/// The ops that leave most exposed are told apart by where they lie.
#[test]
fn the_most_exposed_ops_are_told_apart() {
    let place = Place::new();
    let few = ["--tokens", "256", "--layers", "1", "--tp", "2", "-o", "run.weft"];
    place.ok(&[&["record", "--iterations", "4"], &few[..]].concat());
    let text = place.ok(&["report", "run.weft"]);
    let (head, rows) = {
        let mut lines = text.lines().skip_while(|line| !line.starts_with("  most exposed "));
        (lines.next().unwrap(), lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>())
    };
    assert!(head.contains("          at     exposed"), "{head}");
    let mut told: Vec<String> = rows
        .iter()
        .map(|row| row.split_whitespace().take(5).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(told.len(), 3, "{text}");
    told.sort();
    told.dedup();
    assert_eq!(told.len(), 3, "name, rank, layer and time are of one op each: {text}");
}

#[test]
fn a_folder_stands_for_the_recordings_in_it() {
    let place = Place::new();
    let few = ["record", "--tokens", "256", "--layers", "1", "--tp", "2", "-o", "all.weft"];
    place.ok(&[&few[..], &["--ranks-dir", "ranks"]].concat());
    let (folder, files) = ("ranks", ["ranks/rank0.json.gz", "ranks/rank1.json.gz"]);
    for command in [&["report"][..], &["report", "--table", "phases"], &["what-if"]] {
        let of_files = place.ok(&[command, &files[..]].concat());
        assert_eq!(place.ok(&[command, &[folder]].concat()), of_files, "{command:?}");
    }
    let asked = "select count(distinct rank) from gpu_slice";
    assert!(place.ok(&["sql", folder, asked]).contains('2'));
    let same = place.ok(&["compare", folder, "all.weft"]);
    assert!(same.contains("Same"), "{same}");
}
