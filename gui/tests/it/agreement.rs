//! Band, table, sentence, report and JSON say the same slack, waves and waiting of a run, and what they say is what
//! its slices say when they are looked at one by one.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::Arc,
};

use egui::vec2;
use egui_kittest::{Harness, kittest::Queryable as _};
use serde_json::Value;
use weftscope::{
    app::{App, Command, Document, Effect, Event, JobResult, State, apply, update},
    files::{SAMPLES, no_hook, open_trace},
    theme::number,
};
use weftscope_traces::{
    Classifier, LaneId, Phase, SliceRef, Trace, TrackKind,
    analysis::{self, CompareConfig, Config, Ops, RankOps, StructureBasis, compare},
    words,
};

use crate::cli::place::{Place, report};

/// A run as every view shows it.
struct Views {
    name: String,
    document: Arc<Document>,
    /// `report`.
    text: String,
    /// The one trace of `report --json`.
    json: Value,
    window: Harness<'static, App>,
}

impl Views {
    fn of(place: &Place, file: &str) -> Self {
        // What is absolute stays so, and what stands for a sample is none of the folder's.
        let path = if file.contains(':') { PathBuf::from(file) } else { place.path(file) };
        let trace = open_trace(&path, &Classifier::default(), &mut no_hook);
        let document = Arc::new(Document::prepare(Arc::new(trace.unwrap()), "run"));
        Self {
            name: file.to_owned(),
            text: place.ok(&["report", file]),
            json: report(place, &[file])["traces"][0].take(),
            window: window(&document),
            document,
        }
    }

    /// The line of a table of the report that begins with this word.
    fn line(&self, word: &str) -> &str {
        let mut lines =
            self.text.lines().filter(|line| line.split_whitespace().next() == Some(word));
        lines.next().unwrap_or_else(|| panic!("{}: no line {word}:\n{}", self.name, self.text))
    }

    #[track_caller]
    fn shows(&self, text: &str) {
        assert!(self.window.query_all_by_label(text).next().is_some(), "{}: {text:?}", self.name);
    }
}

/// The whole window, tall enough for all of Why.
fn window(document: &Arc<Document>) -> Harness<'static, App> {
    let mut state = State::default();
    let effects = update(&mut state, Command::Open(vec![PathBuf::from("run.weft")]));
    let [Effect::Open(job, _)] = &effects[..] else { panic!("a file is opened") };
    let result = JobResult::Opened {
        paths: vec![PathBuf::from("run.weft")],
        document: Arc::clone(document),
    };
    apply(&mut state, Event::JobDone { id: job.id, result });
    let draw = |ui: &mut egui::Ui, app: &mut App| {
        app.step(ui.ctx());
        app.draw(ui);
    };
    let app = App::with_state(state, Arc::new(|| {}));
    let mut window = Harness::builder().with_size(vec2(1600.0, 1600.0)).build_ui_state(draw, app);
    window.run_steps(4);
    window
}

/// Phase, rank, iteration, layer.
type Key = (Phase, u32, usize, Option<u32>);

/// Slack of every phase of the weave, from the slices of the streams themselves. Where labels do not say which phase an op is
/// of, the structure that was recovered does, pass by pass.
fn slack_by_hand(trace: &Trace) -> BTreeMap<Key, i64> {
    let ops = Ops::of(trace, &Config::default());
    let by_order = |rank: &&RankOps<'_>| rank.structure.basis == StructureBasis::Order;
    let recovered: HashMap<SliceRef, analysis::Place> = ops
        .ranks
        .iter()
        .filter(by_order)
        .flat_map(|rank| rank.ops.iter().map(|op| (op.slice, op.place)))
        .collect();
    let iterations = |rank| -> Vec<i64> {
        let marks = trace.find_track(&TrackKind::Marks { rank: Some(rank) });
        let lane = marks.and_then(|track| trace.track(track).lanes.first());
        lane.map_or_else(Vec::new, |&lane| trace.lane(lane).slices.start_ns.clone())
    };
    let mut ends: BTreeMap<Key, [Option<i64>; 2]> = BTreeMap::new();
    for (number, lane) in (0..).zip(&trace.lanes) {
        let TrackKind::Stream { rank, .. } = trace.track(lane.track).kind else { continue };
        let starts = iterations(rank);
        for at in 0..lane.slices.len() {
            let label = trace.label(lane.slices.label[at]);
            let span = lane.slices.span(at);
            let slice = SliceRef { lane: LaneId(number), index: at as u32 };
            let place = recovered.get(&slice);
            let (phase, layer) =
                place.map_or((label.phase, label.layer), |it| (it.phase, it.layer));
            let in_weave = [Phase::A, Phase::B, Phase::C, Phase::D].contains(&phase);
            if !in_weave || !(label.kind.is_comm() || label.kind.is_compute()) {
                continue;
            }
            let iteration = starts.iter().filter(|&&start| start <= span.start_ns).count().max(1);
            let iteration = place.map_or(iteration, |place| place.pass as usize);
            let ends = ends.entry((phase, rank, iteration, layer)).or_default();
            let end = &mut ends[usize::from(label.kind.is_comm())];
            *end = (*end).max(Some(span.end_ns));
        }
    }
    let both = |(key, [compute, comm]): (Key, [Option<i64>; 2])| Some((key, compute? - comm?));
    ends.into_iter().filter_map(both).collect()
}

fn median(mut values: Vec<i64>) -> Option<i64> {
    values.sort_unstable();
    let (low, high) = (values.get(values.len().checked_sub(1)? / 2)?, values[values.len() / 2]);
    Some(low.midpoint(high))
}

/// Compares; how many slacks, cut GEMMs and known waits there were.
fn agree(views: &Views) -> [usize; 3] {
    time_agrees(views);
    layers_agree(views);
    doubts_agree(views);
    accounts_agree(views);
    shares_say_whose(views);
    [slack_agrees(views), waves_agree(views), waiting_agrees(views)]
}

/// The header's time is the reports' iteration.
fn time_agrees(views: &Views) {
    let us = views.json["iteration_us"].as_f64().unwrap();
    let ranks = views.json["ranks"].as_array().unwrap();
    if us > 0.0 && !ranks.is_empty() {
        views.shows(&number::duration_fixed((us * 1e3).round() as i64));
        iterations_agree(views, (us * 1e3).round() as i64);
    }
}

/// A comparison says of all iterations what the header says, and of each what the band over the ranks says.
fn iterations_agree(views: &Views, median_ns: i64) {
    let ops = Ops::of(&views.document.trace, &Config::default());
    let compared_ns = |index| {
        let config = CompareConfig { iterations: [index; 2], ..CompareConfig::default() };
        compare(&ops, &ops, config).iteration_ns
    };
    assert_eq!(compared_ns(None), [median_ns; 2], "{}", views.name);
    for index in 0..views.document.timeline.iterations().len() {
        let in_band_ns = views.document.timeline.iteration_ns(index).unwrap();
        assert_eq!(compared_ns(Some(index)), [in_band_ns; 2], "{} {index}", views.name);
    }
}

/// The four terms of a rank add up, in the report as in its JSON, and the window shows those of the rank that it speaks of.
fn accounts_agree(views: &Views) {
    let known = |of: &Value, field: &str| of[field].as_f64().map(|us| (us * 1e3).round() as i64);
    let ns = |of: &Value, field: &str| known(of, field).unwrap_or(0);
    let accounts = views.json["why"]["accounts"].as_array().unwrap();
    let fields = ["span_us", "compute_us", "exposed_comm_us", "exposed_memcpy_us", "idle_us"];
    for (account, rank) in accounts.iter().zip(views.json["ranks"].as_array().unwrap()) {
        let terms = fields.map(|field| ns(account, field));
        assert_eq!(terms, fields.map(|field| ns(rank, field)), "{}", views.name);
        assert_eq!(terms[0], terms[1..].iter().sum::<i64>(), "{}", views.name);
        // Causes are known where anything ran, and nowhere else.
        let causes = account["idle"].as_object();
        assert_eq!(causes.is_some(), known(account, "span_us").is_some(), "{}", views.name);
        let idle = |causes: &serde_json::Map<String, Value>| -> i64 {
            causes.values().map(|us| (us.as_f64().unwrap() * 1e3).round() as i64).sum()
        };
        assert_eq!(causes.map_or(0, idle), terms[4], "{}", views.name);
        let line = views.line(&account["rank"].to_string());
        let told: Vec<&str> = line.split_whitespace().skip(1).take(5).collect();
        // Of a rank without kernels nothing is known, here and there.
        let want = fields.map(|field| {
            let known = known(account, field).map(|ns| format!("{:.4}", ns as f64 / 1e6));
            known.unwrap_or_else(|| "–".to_owned())
        });
        assert_eq!(told, want, "{}", views.name);
        assert!(terms[0] > 0 || !want.contains(&"0.0000".to_owned()), "{}", views.name);
    }
    let exposed = |account: &&Value| ns(account, "exposed_comm_us");
    let Some(worst) = accounts.iter().max_by_key(exposed) else { return };
    if ns(worst, "span_us") > 0 {
        for field in fields.into_iter().skip(1) {
            let (term, span) = (ns(worst, field), ns(worst, "span_us"));
            let share = number::percent_fixed(term as f64 / span as f64);
            views.shows(&format!("{} {share}", number::duration_fixed(term)));
        }
    }
}

/// Shares in sentences are of all ranks, and of several they say so: beside them stand those of one rank.
fn shares_say_whose(views: &Views) {
    let ranks = views.json["ranks"].as_array().unwrap();
    let sum = |field: &str| ranks.iter().filter_map(|rank| rank[field].as_f64()).sum::<f64>();
    let verdict = &views.json["verdict"];
    let told: Vec<&str> = [&verdict["sentence"]]
        .into_iter()
        .chain(verdict["details"].as_array().unwrap())
        .filter_map(Value::as_str)
        .filter(|text| {
            text.contains(" time is exposed communication") || text.contains("beside it and takes ")
        })
        .collect();
    let share = words::percent(sum("exposed_comm_us") / sum("span_us").max(1.0));
    let whose = if ranks.len() > 1 { ["all ranks' time", "their time"] } else { ["the time"; 2] };
    for text in told {
        let is_said = whose.iter().any(|whose| text.contains(&format!("{share} of {whose}")));
        assert!(is_said, "{}: {share} of {whose:?}: {text}", views.name);
        views.shows(text);
    }
}

/// How far predicted times are off stands in JSON, once in the text, and beside the iteration in the window; of measured ones
/// nothing does.
fn doubts_agree(views: &Views) {
    let told = views.text.lines().filter(|line| line.contains("Predicted times ")).count();
    let sign = doubt_of(views);
    assert_eq!(told, usize::from(sign.is_some()), "{}:\n{}", views.name, views.text);
    match sign {
        Some(sign) => views.shows(&sign),
        None => assert!(views.json["expected_error"].is_null(), "{}", views.name),
    }
}

/// What stands beside predicted times, by the report's JSON.
fn doubt_of(views: &Views) -> Option<String> {
    (views.json["provenance"] == "modelled").then(|| {
        let percent = views.json["expected_error"]["percent"].as_f64();
        percent.map_or_else(|| "± ?".to_owned(), |percent| format!("± {percent:.1} %"))
    })
}

/// A run of some layers says so, and what all would take, at the top and in the reports.
fn layers_agree(views: &Views) {
    let all = &views.json["all_layers"];
    let Some(us) = all["iteration_us"].as_f64() else { return };
    let (run, of) = (&all["run"], &all["of"]);
    let time = words::duration((us * 1e3).round() as i64);
    let off = doubt_of(views).map_or_else(String::new, |sign| format!(" {sign}"));
    views.shows(&format!("{run} of {of} layers (all ≈ {time}{off}, extrapolated)"));
    let line = format!("  all {of} layers would take about {time} an iteration");
    assert!(views.text.lines().any(|told| told.starts_with(&line)), "{}: {line}", views.name);
}

fn slack_agrees(views: &Views) -> usize {
    let by_hand = slack_by_hand(&views.document.trace);
    let mut seen = 0;
    for row in views.json["phases"]["summary"].as_array().unwrap() {
        let name = row["phase"].as_str().unwrap();
        let of_phase = by_hand.iter().filter(|((phase, ..), _)| phase.name() == name);
        let want_ns = median(of_phase.map(|(_, &slack_ns)| slack_ns).collect());
        let got_us = row["median_slack_us"].as_f64();
        assert_eq!(got_us, want_ns.map(|ns| ns as f64 / 1e3), "{}: {name}", views.name);
        let Some(slack_ns) = want_ns else { continue };
        seen += 1;
        let told = words::duration(slack_ns);
        assert!(views.line(name).contains(&told), "{}: {name} {told}\n{}", views.name, views.text);
        views.shows(&number::duration_fixed(slack_ns));
        if views.json["phases"]["tightest"] == name {
            let sentence = views.json["verdict"]["sentence"].as_str().unwrap();
            let size = words::duration(slack_ns.abs());
            let judged =
                !sentence.starts_with(&format!("Phase {name} ")) || sentence.contains(&size);
            assert!(judged, "{}: {sentence} of {size}", views.name);
        }
    }
    let sentence = views.json["verdict"]["sentence"].as_str().unwrap();
    assert!(views.text.lines().any(|line| line == sentence), "{}: {sentence}", views.name);
    views.shows(sentence);
    band_agrees(views, &by_hand);
    seen
}

/// Each band of the first rank shows the slack of that rank, phase, layer and iteration.
fn band_agrees(views: &Views, by_hand: &BTreeMap<Key, i64>) {
    let timeline = &views.document.timeline;
    let Some(first) = timeline.ranks.first().map(|rows| rows.rank) else { return };
    let mut told: Vec<String> =
        timeline.phases.iter().map(weftscope::timeline::PhaseMark::text).collect();
    let of_rank = by_hand.iter().filter(|((_, rank, ..), _)| *rank == first);
    for ((phase, ..), &slack_ns) in of_rank {
        let want = format!("{}   slack {}", phase.name(), words::duration(slack_ns));
        let at = told.iter().position(|text| *text == want);
        let at = at.unwrap_or_else(|| panic!("{}: {want} not in {told:?}", views.name));
        told.swap_remove(at);
    }
    assert!(!told.iter().any(|text| text.contains("slack")), "{}: {told:?}", views.name);
}

fn waves_agree(views: &Views) -> usize {
    let cuts = views.json["waves"]["cuts"].as_array().unwrap();
    for cut in cuts {
        let waves = |launch: &Value| launch["waves"].as_u64().unwrap();
        let (first, second) = (waves(&cut["split"][0]), waves(&cut["split"][1]));
        let (whole, name) = (waves(&cut["unsplit"]), cut["name"].as_str().unwrap());
        let about = if cut["is_estimate"] == true { ["≈", "about "] } else { [""; 2] };
        let row: Vec<&str> = views.line(name).split_whitespace().collect();
        let want = format!("{}{whole} {first} + {second}", about[0]);
        assert_eq!(row[1..5].join(" "), want, "{}: {name}", views.name);
        views.shows(&format!("{}{whole}", about[0]));
        views.shows(&format!("{first} + {second}"));
        let costs = format!("{name} {first} + {second} instead of {}{whole}", about[1]);
        let details = views.json["verdict"]["details"].to_string();
        assert_eq!(details.contains(&costs), first + second > whole, "{}: {costs}", views.name);
        assert_eq!(cut["extra_waves"], (first + second).saturating_sub(whole));
    }
    cuts.len()
}

fn waiting_agrees(views: &Views) -> usize {
    let mut known = 0;
    let ranks = views.json["ranks"].as_array().unwrap();
    for rank in ranks {
        let line = views.line(&rank["rank"].to_string());
        let told = line.split_whitespace().nth(8).unwrap();
        match rank["wait_us"].as_f64() {
            Some(us) => {
                known += 1;
                assert_eq!(told, format!("{:.4}", us / 1e3), "{}: {line}", views.name);
            }
            None if rank["span_us"].is_null() => {
                assert_eq!(told, "–", "{}: {line}", views.name);
            }
            None => {
                assert_eq!(told, "unknown", "{}: {line}", views.name);
                assert!(
                    views.text.contains("  Waiting for a late rank is unknown"),
                    "{}",
                    views.text
                );
            }
        }
    }
    let exposed = |rank: &&Value| (rank["exposed_comm_us"].as_f64().unwrap_or(0.0) * 1e3) as i64;
    let Some(worst) = ranks.iter().max_by_key(exposed) else { return known };
    if worst["comm_us"].as_f64() > Some(0.0) {
        let wait_ns = worst["wait_us"].as_f64().map(|us| (us * 1e3).round() as i64);
        let single = || "unknown with one rank".to_owned();
        views.shows(&wait_ns.map_or_else(single, number::duration_fixed));
    }
    known
}

#[test]
fn ten_seeded_runs_say_the_same_everywhere() {
    let mut seen = [0; 3];
    for seed in 0..10_u32 {
        let place = Place::new();
        let pick = |from: &[&'static str]| from[seed as usize % from.len()];
        let (seed_text, layers) = (seed.to_string(), (1 + seed % 3).to_string());
        let strategies = ["tokenweave", "equal-split", "tokenweave", "two-batch", "default"];
        let mut args = vec!["record", "-o", "run.weft", "--tp", "2"];
        args.extend(["--seed", &seed_text, "--layers", &layers]);
        args.extend(["--strategy", pick(&strategies), "--tokens", pick(&["4096", "2048", "3000"])]);
        args.extend(["--skew", pick(&["0:0us", "1:40us"]), "--iterations", pick(&["1", "2", "1"])]);
        place.ok(&args);
        let views = Views::of(&place, "run.weft");
        for (seen, more) in seen.iter_mut().zip(agree(&views)) {
            *seen += more;
        }
    }
    assert!(seen[0] >= 30 && seen[1] >= 20 && seen[2] == 20, "{seen:?}");
}

#[test]
fn what_ships_says_the_same_everywhere() {
    let place = Place::new();
    let traces = concat!(env!("CARGO_MANIFEST_DIR"), "/../traces");
    let files = [
        "tests/golden/v1.weft",
        "tests/golden/v2.weft",
        "tests/golden/v3.weft",
        "fuzz/kineto.json",
    ];
    let files = files.map(|file| format!("{traces}/{file}"));
    let samples = SAMPLES.iter().map(|sample| format!("sample:{}", sample.name));
    let mut seen = [0; 3];
    for file in samples.chain(files) {
        for (seen, more) in seen.iter_mut().zip(agree(&Views::of(&place, &file))) {
            *seen += more;
        }
    }
    assert!(seen[0] >= 4 && seen[1] >= 4 && seen[2] >= 4, "{seen:?}");
}
