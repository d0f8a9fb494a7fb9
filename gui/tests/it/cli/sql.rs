//! SQL from the command line: the tables' figures, and nothing but reading.

use serde_json::Value;

use super::place::{Place, SMALL};

fn recorded() -> Place {
    let place = Place::new();
    let args = ["record", "--strategy", "tokenweave", "--iterations", "2", "-o", "a.weft"];
    place.ok(&[&args[..], &SMALL].concat());
    place
}

fn rows(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap()
}

/// Oracle: the table of slices that `convert` writes.
#[test]
fn kernels_add_up_to_what_convert_writes() {
    let place = recorded();
    place.ok(&["convert", "a.weft", "slices.json", "--table", "slices"]);
    let slices = rows(&std::fs::read_to_string(place.path("slices.json")).unwrap());
    let on_streams: Vec<&Value> =
        slices.iter().filter(|row| row["track_kind"] == "stream").collect();
    assert!(on_streams.len() > 20, "{}", on_streams.len());
    let query = "select name, count(*) as n, sum(dur) as ns from gpu_slice group by name";
    let answer = rows(&place.ok(&["sql", "--json", "a.weft", query]));
    let total = |column: &str| answer.iter().filter_map(|row| row[column].as_i64()).sum::<i64>();
    assert_eq!(total("n"), on_streams.len() as i64);
    let expected: i64 = on_streams.iter().filter_map(|row| row["duration_ns"].as_i64()).sum();
    assert_eq!(total("ns"), expected);
    for row in &answer {
        let named = on_streams.iter().filter(|slice| slice["name"] == row["name"]);
        assert_eq!(row["n"].as_i64(), Some(named.count() as i64), "{row}");
    }
}

#[test]
fn a_table_is_printed_as_text_and_as_csv() {
    let place = recorded();
    let query = "select 1 as one, 'a,\"b' as two, null as three";
    assert_eq!(place.ok(&["sql", "--csv", "a.weft", query]), "one,two,three\n1,\"a,\"\"b\",\n");
    let text = place.ok(&["sql", "a.weft", query]);
    assert!(text.contains("one") && text.contains("a,\"b"), "{text}");
}

/// Oracle: the table of accounts of the report.
#[test]
fn a_ready_question_is_asked_by_its_name() {
    let place = recorded();
    let listed = rows(&place.ok(&["list", "questions", "--json"]));
    assert!(listed.len() >= 10, "{listed:?}");
    for question in &listed {
        let name = question["name"].as_str().unwrap();
        place.ok(&["sql", "a.weft", "--question", name, "--csv"]);
    }
    let answer = rows(&place.ok(&["sql", "a.weft", "--question", "where-time-goes", "--json"]));
    let table = rows(&place.ok(&["report", "a.weft", "--table", "accounts", "--json"]));
    let whole: Vec<&Value> = table.iter().filter(|row| row["iteration"].is_null()).collect();
    assert_eq!(answer.len(), whole.len());
    for (ours, theirs) in answer.iter().zip(whole) {
        for column in ["span_ns", "compute_ns", "exposed_comm_ns", "exposed_memcpy_ns", "idle_ns"] {
            assert_eq!(ours[column], theirs[column], "{column}");
        }
    }
}

/// Oracle: the same rows as JSON.
#[test]
fn an_answer_is_written_as_parquet_and_as_a_track() {
    let place = recorded();
    let query = "select ts, dur, name, rank from op where kind = 'comm' order by ts, rank";
    let comm = rows(&place.ok(&["sql", "--json", "a.weft", query]));
    assert!(comm.len() > 3, "{}", comm.len());
    place.ok(&["sql", "a.weft", query, "--parquet", "comm.parquet"]);
    let bytes = std::fs::read(place.path("comm.parquet")).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    for file in ["comm.weft", "comm.json.gz", "comm.pftrace"] {
        let said = place.ok(&["sql", "a.weft", query, "--track", "comm", "-o", file]);
        assert!(said.contains(&format!("{} slices as SQL: comm", comm.len())), "{said}");
        let held = "select ts, dur, name, rank from answer order by ts, rank";
        assert_eq!(rows(&place.ok(&["sql", "--json", file, held])), comm, "{file}");
        // What was recorded stays what it was.
        let report = |file: &str| place.ok(&["report", file, "--table", "accounts"]);
        let of = |text: String| {
            text.lines().map(|line| line.split_once(',').unwrap().1.to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(of(report(file)), of(report("a.weft")), "{file}");
    }
    let refused = [
        (&["--track", "x"][..], "--output"),
        (&["--track", "x", "-o", "x.foo"], "known endings"),
        (&["--track", " ", "-o", "x.weft"], "a track has a name"),
        (&["--parquet", "x.parquet", "--json"], "--json"),
    ];
    for (args, why) in refused {
        let said = place.fails(&[&["sql", "a.weft", query][..], args].concat(), 2);
        assert!(said.contains(why), "{args:?}: {said}");
    }
    let said =
        place.fails(&["sql", "a.weft", "select name from op", "--track", "x", "-o", "x.weft"], 1);
    assert!(said.contains("no ts"), "{said}");
    let said = place.fails(&["sql", "a.weft", "select nme from op", "--parquet", "x.parquet"], 1);
    assert!(
        said.contains("did you mean") && said.contains("line 1 of the query, column 8"),
        "{said}"
    );
    let kept = ["a.weft", "comm.json.gz", "comm.parquet", "comm.pftrace", "comm.weft"];
    assert_eq!(place.names(), kept, "nothing half-written stays");
}

#[test]
fn queries_only_read_and_end() {
    let place = recorded();
    for (query, why) in [
        ("select * from gpu_slices", "gpu_slice"),
        ("create table t(a)", "read"),
        ("attach 'x.db' as x", "read"),
        ("select dur frm slice", "near \"slice\": syntax error: line 1 of the query, column 16"),
    ] {
        let said = place.fails(&["sql", "a.weft", query], 1);
        assert!(said.contains(why), "{query}: {said}");
    }
    let endless =
        "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";
    let said = place.fails(&["sql", "a.weft", endless, "--time-limit", "300ms"], 1);
    assert!(said.contains("--time-limit"), "{said}");
    assert_eq!(place.names(), ["a.weft"]);
}
