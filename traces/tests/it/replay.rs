//! Recordings run once more: unchanged they are what was recorded.

use std::{fs, io::BufReader, ops::ControlFlow, path::Path};

use weftscope_traces::{
    OpenOptions, Trace,
    analysis::{Config, Ops},
    edit::merge,
    open,
    replay::{Edit, NoMachines, Replay, Residual, Timeline},
};

use crate::recorded::recording;

/// What a replay may be off, as issue and measurements state it: an iteration, and a stream's busy time.
const REACH: [f64; 2] = [0.02, 0.03];

fn opened(path: &Path) -> Option<Trace> {
    let file = BufReader::new(fs::File::open(path).expect("readable"));
    open(file, &OpenOptions::default(), &mut |_: u64| ControlFlow::Continue(())).ok()
}

fn files(folder: &str) -> Vec<std::path::PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("listed").path()).collect();
    files.sort();
    files
}

fn within_reach(what: &str, trace: &Trace) {
    let replay = Replay::of(&Ops::of(trace, &Config::default()));
    let timeline = replay.run();
    let residual = Residual::of(&replay, &timeline);
    assert_eq!(timeline.stuck, 0, "{what}");
    let off = [residual.worst_iteration(), residual.worst_stream()];
    for (off, reach) in off.into_iter().zip(REACH) {
        assert!(off.is_some_and(|off| off <= reach), "{what}: {off:?}, reach {reach}");
    }
}

#[test]
fn every_recording_of_gpus_replays_within_reach() {
    let samples = files("samples");
    assert!(samples.len() >= 4);
    for sample in samples.iter().filter(|path| path.extension().is_some_and(|it| it == "weft")) {
        within_reach(&sample.display().to_string(), &opened(sample).expect("a recording"));
    }
    for run in ["sequential", "weave"] {
        let ranks = [0, 1].map(|rank| recording(&format!("{run}_rank{rank}")));
        for rank in &ranks {
            within_reach(&format!("{run}, a rank by itself"), rank);
        }
        within_reach(run, &merge(ranks.into()).expect("ranks of one job"));
    }
}

/// Whatever a file holds, every op runs, none before what it waits for.
#[test]
fn every_case_runs_again_in_its_order() {
    let (mut ran, mut edited) = (0, 0);
    for file in files("tests/cases/input") {
        let Some(trace) = file.is_file().then(|| opened(&file)).flatten() else { continue };
        let replay = Replay::of(&Ops::of(&trace, &Config::default()));
        in_order(&replay, &replay.run());
        // Without machine files there is no machine to name.
        for form in Edit::FORMS.iter().filter(|form| !form.example.starts_with("machine")) {
            let edits = Edit::parse(form.example, &NoMachines)
                .unwrap_or_else(|error| panic!("{}: {error}", form.example));
            if let Ok(changed) = replay.edited(&edits) {
                in_order(&changed.replay, &changed.replay.run());
                edited += 1;
            }
        }
        ran += usize::from(!replay.ops.is_empty());
    }
    assert!(ran > 20 && edited > 50, "{ran} recordings, {edited} changes");
}

fn in_order(replay: &Replay, timeline: &Timeline) {
    assert_eq!(timeline.spans.len(), replay.ops.len());
    if timeline.stuck > 0 {
        return;
    }
    for (op, span) in replay.ops.iter().zip(&timeline.spans) {
        assert!(span.end_ns >= span.start_ns);
        for wait in op.waits.iter().filter(|wait| !wait.is_start) {
            let before = timeline.spans[wait.op as usize];
            assert!(span.start_ns >= before.end_ns + wait.gap_ns);
        }
    }
    for stream in &replay.streams {
        for pair in stream.ops.windows(2) {
            let [before, after] = [pair[0], pair[1]].map(|op| timeline.spans[op as usize]);
            assert!(after.start_ns >= before.start_ns);
        }
    }
}
