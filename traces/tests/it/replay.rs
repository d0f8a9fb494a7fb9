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

/// A rank that is late in every iteration makes all of them together as much longer as the timeline ends later.
#[test]
fn a_late_rank_makes_recordings_of_gpus_as_much_longer_as_their_timeline() {
    let mut jobs: Vec<(String, Trace)> = files("samples")
        .into_iter()
        .filter(|path| path.extension().is_some_and(|it| it == "weft"))
        .map(|path| (path.display().to_string(), opened(&path).expect("a recording")))
        .collect();
    for run in ["sequential", "weave"] {
        let ranks = [0, 1].map(|rank| recording(&format!("{run}_rank{rank}")));
        jobs.push((run.to_owned(), merge(ranks.into()).expect("ranks of one job")));
    }
    for (what, trace) in &jobs {
        let replay = Replay::of(&Ops::of(trace, &Config::default()));
        let error = Residual::of(&replay, &replay.run()).worst_iteration().expect("iterations");
        for rank in [0, 1] {
            let edits = [Edit::Straggler { rank, late_ns: 500_000 }];
            let late = replay.edited(&edits).expect("there is such a rank").replay;
            let [[before_ns, end_ns], [after_ns, late_end_ns]] = [&replay, &late].map(mean_and_end);
            let longer = after_ns / before_ns - 1.0;
            let iterations = replay.iterations[0].len() as f64;
            let timeline = (late_end_ns - end_ns) / iterations / before_ns;
            assert!(longer > 0.0 && timeline > 0.0, "{what}: {longer}, timeline {timeline}");
            assert!((longer - timeline).abs() <= error, "{what}: {longer}, timeline {timeline}");
        }
    }
}

/// The mean iteration of all ranks, and when the last op ends, ns.
fn mean_and_end(replay: &Replay) -> [f64; 2] {
    let spans = replay.run().spans;
    let lengths: Vec<i64> =
        replay.iteration_spans(&spans).iter().flatten().map(|span| span.len_ns()).collect();
    let end_ns = spans.iter().map(|span| span.end_ns).max().expect("there are ops");
    [lengths.iter().sum::<i64>() as f64 / lengths.len() as f64, end_ns as f64]
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
