//! What the commands do when nothing is wrong.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    process::Stdio,
};

use serde_json::Value;
use weftscope_testkit::recording;

use super::place::{Place, SMALL, command, report};

#[test]
fn without_a_display_the_main_job_leaves_report_recording_and_picture() {
    let place = Place::new();
    let text = place.ok(&[]);
    assert!(text.contains("modelled") && text.contains("hidden %"), "{text}");
    assert!(text.contains("faster than default"), "{text}");
    assert!(text.contains("weftscope weftscope.json.gz"), "{text}");
    assert_eq!(place.names(), ["weftscope.json.gz", "weftscope.png"]);
    assert!(fs::read(place.path("weftscope.png")).unwrap().starts_with(b"\x89PNG"));
    let again = report(&place, &["weftscope.json.gz"]);
    let ranks = again["traces"][0]["ranks"].as_array().unwrap();
    assert_eq!(ranks.len(), 8);
    assert!(ranks.iter().all(|rank| rank["overlap_pct"].as_f64().unwrap() > 10.0), "{again}");
}

#[test]
fn a_recording_reports_the_same_in_every_format() {
    let place = Place::new();
    let args = ["record", "--iterations", "2", "-o", "a.weft", "--skew", "1:40us"];
    place.ok(&[&args[..], &SMALL].concat());
    for (from, to) in [
        ("a.weft", "b.json"),
        ("b.json", "c.json.gz"),
        ("c.json.gz", "p.pftrace"),
        ("p.pftrace", "q.perfetto-trace"),
        ("q.perfetto-trace", "d.weft"),
    ] {
        place.ok(&["convert", from, to]);
    }
    let first = report(&place, &["a.weft"]);
    let ranks = &first["traces"][0]["ranks"];
    assert_eq!(first["traces"][0]["provenance"], "modelled");
    assert_eq!(ranks.as_array().unwrap().len(), 2);
    assert!(ranks[0]["wait_us"].as_f64().unwrap() > 30.0, "rank 0 waits for rank 1: {ranks}");
    for name in ["b.json", "c.json.gz", "p.pftrace", "d.weft"] {
        let again = report(&place, &[name]);
        assert_eq!(&again["traces"][0]["ranks"], ranks, "{name}");
        assert_eq!(again["traces"][0]["statistics"], first["traces"][0]["statistics"], "{name}");
    }
    let balance = |key: &str| ranks[0][key].as_f64().unwrap();
    let sum = balance("compute_us") + balance("exposed_comm_us") + balance("idle_us");
    assert!((sum - balance("span_us")).abs() < 1e-6);
    let statistics = &first["traces"][0]["statistics"];
    // Nothing is copied in this run, so what is idle are its gaps.
    let gaps = statistics["gaps"][0]["total_us"].as_f64().unwrap();
    assert!((gaps - balance("idle_us")).abs() < 1e-6, "{gaps}");
    let most = &statistics["most_exposed"][0];
    assert!(most["exposed_us"].as_f64() <= most["duration_us"].as_f64());
    let text = place.ok(&["report", "a.weft"]);
    let table = text.split("most exposed").nth(1).unwrap_or_default();
    let line = table.lines().nth(1).unwrap_or_default();
    assert!(line.contains(most["name"].as_str().unwrap()), "{line}");
}

/// Oracle: the run of all layers.
#[test]
fn some_layers_say_what_all_would_take() {
    let place = Place::new();
    let run = ["record", "-o", "a.weft", "--tokens", "1024", "--tp", "2", "--layers"];
    let ran = |layers: &str| {
        place.ok(&[&run[..], &[layers]].concat());
        report(&place, &["a.weft"])["traces"][0].clone()
    };
    let (some, all) = (ran("3"), ran("80"));
    assert_eq!((&some["all_layers"]["run"], &some["all_layers"]["of"]), (&3.into(), &80.into()));
    assert_eq!(all["all_layers"], Value::Null);
    let [told, ran] = [&some["all_layers"], &all].map(|of| of["iteration_us"].as_f64().unwrap());
    assert!((told / ran - 1.0).abs() < 0.005, "{told} µs extrapolated, {ran} µs in full");
    place.ok(&[&run[..], &["3"]].concat());
    assert!(place.ok(&["report", "a.weft"]).contains("  all 80 layers would take about "));
}

#[test]
fn the_same_seed_gives_the_same_recording() {
    let place = Place::new();
    for (name, seed) in [("a.weft", "1"), ("b.weft", "1"), ("c.weft", "2")] {
        place.ok(&[&["record", "-o", name, "--seed", seed], &SMALL[..]].concat());
    }
    let ranks = |name| report(&place, &[name])["traces"][0]["ranks"].clone();
    assert_eq!(ranks("a.weft"), ranks("b.weft"));
    assert_ne!(ranks("a.weft"), ranks("c.weft"));
}

#[test]
fn samples_are_listed_and_open_like_files() {
    let place = Place::new();
    for line in place.ok(&["list", "samples"]).lines() {
        let path = line.split_whitespace().next().unwrap();
        assert_eq!(report(&place, &[path])["traces"][0]["provenance"], "measured", "{path}");
    }
    let line = place.fails(&["report", "sample:none-such"], 1);
    assert!(line.starts_with("no such sample"), "{line}");
}

#[test]
fn shards_of_another_degree_are_told_everywhere() {
    let place = Place::new();
    place.ok(&[&["record", "-o", "a.json", "--shard-of", "8"], &SMALL[..]].concat());
    assert!(place.ok(&["report", "a.json"]).contains("logits are meaningless"));
    let caveats = report(&place, &["a.json"])["traces"][0]["caveats"].clone();
    assert!(caveats[0].as_str().unwrap().contains("shards of 8 ranks on 2"), "{caveats}");
}

#[test]
fn one_file_a_rank_is_one_job() {
    let place = Place::new();
    let args = ["record", "-o", "all.json", "--ranks-dir", "ranks"];
    place.ok(&[&args[..], &SMALL].concat());
    let all = report(&place, &["all.json"]);
    let files = ["ranks/rank0.json.gz", "ranks/rank1.json.gz"];
    let apart = report(&place, &files);
    // Without a window they are told of together, as the window shows them: what is said is what is said of all in one.
    let page = |files: &[&str]| {
        let text = place.ok(files);
        let (head, tables) = text.split_once("\n\n").unwrap();
        // What recording cost stands in the file of each rank, and is added up.
        let answers = tables.lines().filter(|line| !line.starts_with("Recording cost"));
        (head.to_owned(), answers.collect::<Vec<_>>().join("\n"))
    };
    let (head, tables) = page(&files);
    assert!(head.starts_with(&files.join("\n")), "{head}");
    assert_eq!(tables, page(&["all.json"]).1);
    assert_eq!(apart["together"]["file"], files.join(", "));
    for said in ["verdict", "ranks", "iteration_us", "phases", "waves"] {
        assert_eq!(apart["together"][said], all["traces"][0][said], "{said}");
    }
    assert_eq!(all.get("together"), None);
    for (rank, file) in files.iter().enumerate() {
        let entry = &apart["traces"][rank];
        assert_eq!(entry["file"], *file);
        assert_eq!(entry["ranks"].as_array().unwrap().len(), 1);
        assert_eq!(
            entry["ranks"][0]["overlap_pct"],
            all["traces"][0]["ranks"][rank]["overlap_pct"]
        );
    }
}

#[test]
fn ranks_of_one_number_in_two_files_are_told_and_numbered_alike() {
    let place = Place::new();
    let file = |device: u32, start: u32| {
        format!(
            r#"{{"baseTimeNanoseconds":1700000000000000000,"distributedInfo":{{"rank":0,"world_size":2}},"traceEvents":[
            {{"ph":"X","cat":"kernel","name":"gemm","pid":{device},"tid":7,"ts":{start},"dur":100,"args":{{"device":{device},"stream":7}}}}]}}"#
        )
    };
    place.write("dp0.json", file(0, 0).as_bytes());
    place.write("dp1.json", file(1, 30).as_bytes());
    let said = place.ok(&["report", "dp0.json", "dp1.json"]);
    let note = "its rank 0 is shown as rank 1, because another file has rank 0 too";
    assert!(said.contains(note), "{said}");
    let json = report(&place, &["dp0.json", "dp1.json"]);
    assert_eq!(json["traces"][1]["ranks"][0]["rank"], 1, "{json}");
    // The same file twice, and measured times beside modelled ones, come with a caveat.
    let twice = place.ok(&["report", "dp0.json", "dp0.json"]);
    assert!(twice.contains("one recording, counted 2 times"), "{twice}");
}

#[test]
fn rules_of_ones_own_say_what_kernels_are_everywhere() {
    let place = Place::new();
    let kernel = r#"{"ph":"X","cat":"kernel","name":"our_ring","pid":0,"tid":7,"ts":0,"dur":9,"args":{"device":0,"stream":7}}"#;
    place.write("a.json", format!("[{kernel}]").as_bytes());
    let rule =
        "[[rule]]\nname = 'ours'\nkind = 'comm'\nmatch = ['^our_ring$']\nexamples = ['our_ring']\n";
    place.write("own.toml", rule.as_bytes());
    let own = ["--rules", "own.toml"];
    assert_eq!(report(&place, &["a.json"])["traces"][0]["ranks"][0]["comm_us"], 0.0);
    place.ok(&[&["convert", "a.json", "b.json"][..], &own].concat());
    assert_eq!(report(&place, &["b.json"])["traces"][0]["ranks"][0]["comm_us"], 9.0);
    place.ok(&["convert", "a.json", "c.json", "--comm", "ring"]);
    assert_eq!(report(&place, &["c.json"])["traces"][0]["ranks"][0]["comm_us"], 9.0);
    place.ok(&[&["shot", "a.json", "-o", "a.png"][..], &own].concat());
    place.ok(&[&["compare", "a.json", "b.json"][..], &own].concat());
    place.write("bad.toml", rule.replace("our_ring']", "other']").as_bytes());
    let line = place.fails(&["report", "a.json", "--rules", "bad.toml"], 2);
    let cause = "bad.toml, line 5, rule \"ours\": the example \"other\" does not match";
    assert!(line.contains(cause) && line.ends_with("--rules"), "{line}");
    let line = place.fails(&["report", "a.json", "--rules", "none.toml"], 1);
    assert!(line.contains("No such file") && line.ends_with("none.toml"), "{line}");
}

#[test]
fn pictures_of_all_and_of_a_part() {
    let place = Place::new();
    place.ok(&[&["record", "-o", "a.weft"], &SMALL[..]].concat());
    place.ok(&["shot", "a.weft", "-o", "all.png", "--size", "640x400"]);
    let part = ["--from", "10us", "--to", "0.1ms", "--theme", "light", "--size", "640x400"];
    place.ok(&[&["shot", "a.weft", "-o", "part.png"], &part[..]].concat());
    let [all, part] = ["all.png", "part.png"].map(|name| fs::read(place.path(name)).unwrap());
    // Width and height stand in the header chunk.
    assert_eq!(all[16..24], [0, 0, 2, 128, 0, 0, 1, 144]);
    assert_ne!(all, part);
    let line = place.fails(&["shot", "a.weft", "-o", "x.png", "--from", "5s"], 2);
    assert!(line.contains("nothing"), "{line}");
}

#[test]
fn lists_help_doctor_and_comparison() {
    let place = Place::new();
    assert!(place.ok(&["list", "models"]).contains("qwen3-235b-a22b"));
    assert!(place.ok(&["list", "machines"]).contains("h100x8"));
    for strategy in ["default", "multimem", "nocomm", "fuse-only", "equal-split", "tokenweave"] {
        assert!(place.ok(&["list", "strategies"]).lines().any(|line| line.starts_with(strategy)));
    }
    assert!(place.ok(&["doctor"]).contains("remedy: "));
    assert!(place.ok(&["--version"]).starts_with("weftscope "));
    for command in ["bench", "record", "report", "shot", "convert", "compare", "list", "doctor"] {
        assert!(place.ok(&[command, "--help"]).contains("Usage: "), "{command}");
    }
    place.ok(&[&["record", "-o", "a.weft"], &SMALL[..]].concat());
    place.ok(&[&["record", "-o", "b.weft", "--strategy", "nocomm"], &SMALL[..]].concat());
    let text = place.ok(&["compare", "a.weft", "b.weft"]);
    assert!(text.contains("An iteration of the second takes"), "{text}");
    assert!(text.contains("only in the first"), "{text}");
    let report: Value =
        serde_json::from_str(&place.ok(&["compare", "--json", "a.weft", "b.weft"])).unwrap();
    assert!(text.contains(report["sentence"].as_str().unwrap()), "{text}");
    assert_eq!(report["verdict"], "faster", "{report}");
    assert!(text.contains("\nFaster. An iteration"), "{text}");
    place.ok(&["compare", "a.weft", "b.weft", "--fail-over", "3%"]);
    // What was found is printed all the same.
    let slower = place.run(&["compare", "b.weft", "a.weft", "--fail-over", "1%"]);
    let line = String::from_utf8(slower.stderr).unwrap();
    assert_eq!(slower.status.code(), Some(1), "{line}");
    assert!(line.starts_with("weftscope: slower by") && line.lines().count() == 1, "{line}");
    assert!(String::from_utf8(slower.stdout).unwrap().contains("\nSlower. An iteration"));
    place.ok(&["compare", "b.weft", "a.weft", "--fail-over", "99999%"]);
    assert!(place.fails(&["compare", "a.weft"], 2).contains("1 file given"));
    // Without a display the window's comparison is the command's.
    let headless = place.ok(&["b.weft", "--against", "a.weft", "--headless"]);
    assert_eq!(headless, text);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = command(&["record", "--help"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{stderr}");
    assert_eq!(stderr, "");
    let mut child = command(&["list", "strategies"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn real_recordings_report_the_figures_known_for_them() {
    let names = ["sequential_rank0", "sequential_rank1", "weave_rank0", "weave_rank1"];
    let files = names.map(|name| recording(name).to_str().unwrap().to_owned());
    let [s0, s1, w0, w1] = &files;
    let place = Place::new();
    let figure = |report: &Value, file: usize, key: &str| {
        report["traces"][file]["ranks"][0][key].as_f64().unwrap()
    };
    let sequential = report(&place, &[s0, s1]);
    let weave = report(&place, &[w0, w1]);
    for file in 0..2 {
        assert_eq!(sequential["traces"][file]["provenance"], "measured");
        assert_eq!(figure(&sequential, file, "overlap_pct"), 0.0);
    }
    for (file, percent, comm_us) in [(0, 64.36, 16_299.1), (1, 47.86, 6_956.8)] {
        assert!((figure(&weave, file, "overlap_pct") - percent).abs() <= 0.01, "{weave}");
        assert!((figure(&weave, file, "comm_us") - comm_us).abs() <= 0.1, "{weave}");
    }
    // Rank 0 communicates 9342 µs longer than rank 1: together that is seen to be waiting, alone nobody can tell.
    assert!(figure(&weave, 0, "wait_us") > 9_000.0 && figure(&weave, 1, "wait_us") < 500.0);
    let alone = &report(&place, &[w0])["traces"][0]["ranks"][0];
    assert_eq!((&alone["wait_us"], &alone["wait_method"]), (&Value::Null, &"single_rank".into()));
}

#[test]
fn both_ranks_of_two_recordings_are_compared_and_say_what_waiting_hides() {
    let names = ["sequential_rank0", "sequential_rank1", "weave_rank0", "weave_rank1"];
    let files = names.map(|name| recording(name).to_str().unwrap().to_owned());
    let [s0, s1, w0, w1] = &files;
    let place = Place::new();
    let text = place.ok(&["compare", s0, s1, "--to", w0, w1]);
    let paragraph = text.lines().nth(3).unwrap();
    for said in [
        "Same within noise (3 iterations and 3; chance makes up to",
        "is hidden instead of 0 %",
        // With the collective that ends the iteration, in which rank 0 waits 388 µs and rank 1 nothing.
        "a rank waits 2.27 ms for the last in the second and 944 µs in the first",
    ] {
        assert!(paragraph.contains(said), "{said}: {paragraph}");
    }
    let report: Value = serde_json::from_str(&place.ok(&[
        "compare",
        "--json",
        s0,
        s1,
        "--to",
        w0,
        w1,
        "--fail-over",
        "3%",
    ]))
    .unwrap();
    let terms = |side: usize, key: &str| report["terms"][side][key].as_f64().unwrap();
    let change = terms(1, "iteration_ns") - terms(0, "iteration_ns");
    let causes = report["causes"].as_array().unwrap().iter();
    let sum: f64 = causes.map(|cause| cause["change_ns"].as_f64().unwrap()).sum();
    assert!((change - sum).abs() < 1.0, "{change} {sum}");
}

/// A collective behind the mark of its step, launched by nobody known: in the report, in its JSON, among what is uncertain.
#[test]
fn what_is_in_no_iteration_is_said() {
    let place = Place::new();
    let event = |category: &str, name: &str, (ts, dur, tid): (u32, u32, u32)| {
        format!(
            r#"{{"ph":"X","cat":"{category}","name":"{name}","ts":{ts},"dur":{dur},"pid":0,"tid":{tid},"args":{{"device":0,"stream":{tid}}}}}"#
        )
    };
    let events = [
        event("gpu_user_annotation", "ProfilerStep#1", (0, 100, 7)),
        event("gpu_user_annotation", "ProfilerStep#2", (200, 100, 7)),
        event("kernel", "gemm", (0, 100, 7)),
        event("kernel", "ncclDevKernel_AllReduce_Sum_bf16_RING_LL", (110, 40, 17)),
        event("kernel", "gemm", (200, 100, 7)),
    ];
    fs::write(place.path("a.json"), format!(r#"{{"traceEvents":[{}]}}"#, events.join(",")))
        .unwrap();
    let text = place.ok(&["report", "a.json"]);
    for said in [
        "1 op of 40.0 µs in no iteration, 1 of them communication with 40.0 µs exposed; of 1 it is not known who launched it",
        "1 × ops in no iteration, launched by nobody known",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let json: Value = serde_json::from_str(&place.ok(&["report", "--json", "a.json"])).unwrap();
    let of_file = &json["traces"][0];
    assert_eq!(of_file["why"]["accounts"][0]["outside_iterations"]["exposed_comm_us"], 40.0);
    assert_eq!(
        of_file["diagnostics"]["counts"]["ops in no iteration, launched by nobody known"],
        1
    );
}

#[test]
fn names_do_not_steer_the_terminal() {
    let place = Place::new();
    let event = |name: &str, ts: u32| {
        format!(
            r#"{{"ph":"X","cat":"kernel","name":"{name}","ts":{ts},"dur":5,"pid":0,"tid":7,"args":{{"device":0,"stream":7}}}}"#
        )
    };
    let bad = event(r"\u001b]0;owned\u0007\u009b31mgemm", 0);
    let text = format!(r#"{{"traceEvents":[{bad},{}]}}"#, event(r"nccl\u001b[2J", 10));
    fs::write(place.path("a.json"), &text).unwrap();
    fs::write(place.path("b.json"), &text).unwrap();
    for args in [
        &["report", "a.json"][..],
        &["compare", "a.json", "b.json"],
        &["report", "a.json", "b.json"],
    ] {
        let text = place.ok(args);
        assert!(text.contains("nccl"), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{9b}']), "{text:?}");
    }
}

#[test]
fn completions_pages_and_what_there_is_to_list() {
    let place = Place::new();
    let script = place.ok(&["completions", "bash"]);
    assert!(script.contains("--fail-over") && script.contains("weftscope"), "{script}");
    let page = place.ok(&["man", "compare"]);
    assert!(page.contains(".TH weftscope-compare") && page.contains("fail"), "{page}");
    assert!(place.ok(&["man"]).contains(".TH weftscope 1"));
    fs::create_dir(place.path("man1")).unwrap();
    place.ok(&["man", "-o", "man1"]);
    let pages = fs::read_dir(place.path("man1")).unwrap().count();
    assert!(pages > 8 && place.path("man1/weftscope-report.1").exists(), "{pages}");
    let list = place.ok(&["list"]);
    for choice in ["models", "machines", "strategies", "choosers", "transports", "samples"] {
        assert!(list.lines().any(|line| line.starts_with(choice)), "{list}");
    }
}

#[test]
fn a_name_that_is_mistyped_gets_the_nearest_offered() {
    let place = Place::new();
    for (args, meant, code) in [
        (&["reprot"][..], "did you mean \"report\"", 2),
        (&["list", "modls"], "'models'", 2),
        (&["man", "comapre"], "did you mean \"compare\"", 2),
        (&["record", "-o", "o.json", "--strategy", "tokenwaeve"], "did you mean \"tokenweave\"", 2),
        (&["report", "sample:h200x2-tokenwave"], "did you mean \"h200x2-tokenweave\"", 1),
    ] {
        let line = place.fails(args, code);
        assert!(line.contains(meant), "{args:?}: {line}");
    }
}

/// One rank has nothing to hide, and no share of it.
#[test]
fn a_share_of_no_communication_is_left_open() {
    let place = Place::new();
    place.ok(&["record", "-o", "a.weft", "--tokens", "512", "--layers", "1", "--tp", "1"]);
    let text = place.ok(&["report", "a.weft"]);
    let row = text.lines().find(|line| line.starts_with("     0  ")).expect("rank 0");
    assert!(row.ends_with(" –"), "{row}");
}
