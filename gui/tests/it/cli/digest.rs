//! `digest` from the command line: the figures of the report, once each, and nothing done twice.

use std::{fs, path::Path};

use serde_json::Value;

use super::place::{Place, SMALL};

fn parquet_files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(parquet_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "parquet") {
            found.push(path.to_string_lossy().into_owned());
        }
    }
    found.sort();
    found
}

/// Oracle: the file names of Hive's layout, and `report --json` for the number of ops.
#[test]
fn recordings_are_digested_once() {
    let place = Place::new();
    let args = ["record", "--strategy", "tokenweave", "--iterations", "2", "-o", "a.weft"];
    place.ok(&[&args[..], &SMALL].concat());
    let digest = ["digest", "a.weft", "-o", "out", "--job", "j1", "--server", "here"];
    let said = place.ok(&digest);
    let ops: Vec<Value> =
        serde_json::from_str(&place.ok(&["report", "--json", "--table", "kernels", "a.weft"]))
            .unwrap();
    let count: u64 = ops.iter().map(|row| row["count"].as_u64().unwrap()).sum();
    assert!(said.contains(&format!("{count} rows of ops")), "{said} {count}");
    assert!(said.contains("blocks") && !said.contains("in no op"), "{said}");
    let files = parquet_files(&place.path("out"));
    let ranks = files.len() / 2;
    assert!(
        ranks >= 2 && files[0].ends_with("job=j1/rank=00000/kind=iteration/part-0.parquet"),
        "{files:?}"
    );
    let changed = |file: &String| fs::metadata(file).unwrap().modified().unwrap();
    let before: Vec<_> = files.iter().map(changed).collect();
    let again = place.ok(&digest);
    assert!(again.contains("0 ranks") && again.contains("1 recording digested before"), "{again}");
    assert_eq!(files.iter().map(changed).collect::<Vec<_>>(), before);
    // One that is missing is made again.
    fs::remove_file(&files[1]).unwrap();
    place.ok(&digest);
    assert_eq!(parquet_files(&place.path("out")), files);
}

#[test]
fn a_simulated_cluster_is_digested_and_never_mixed_with_another() {
    let place = Place::new();
    let cluster = r#"{"job": "s", "machine": "h200x2", "tokens": 512, "layers": 4, "tp": 2, "pp": 2, "dp": 2, "iterations": 2}"#;
    fs::write(place.path("c.json"), cluster).unwrap();
    let digest = ["digest", "--simulate", "c.json", "-o", "out"];
    let said = place.ok(&digest);
    assert!(said.contains("8 ranks on 4 servers"), "{said}");
    let files = parquet_files(&place.path("out"));
    assert_eq!(files.len(), 16);
    let truth: Value =
        serde_json::from_str(&fs::read_to_string(place.path("out/job=s/_truth.json")).unwrap())
            .unwrap();
    assert_eq!(truth["clocks"].as_array().unwrap().len(), 4);
    assert!(place.ok(&digest).contains("8 ranks there already"));
    fs::write(place.path("c.json"), cluster.replace("512", "640")).unwrap();
    let refused = place.fails(&digest, 1);
    assert!(refused.contains("the digest of something else is there"), "{refused}");
    fs::write(place.path("c.json"), "{\"tp\": 3}").unwrap();
    assert!(place.fails(&digest, 2).contains("a divisor of the 8 GPUs"));
}
