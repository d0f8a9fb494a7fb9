//! The recordings that ship with the program: they are of real GPUs, and hold everything that the window draws.

use std::{fs, path::Path};

use weftscope_traces::{
    Kind, Phase, Provenance, Trace, TrackKind,
    analysis::{Config, Ops, accounts, overlap},
    container,
};

/// A program of a few megabytes shall not grow to tens of them.
const MOST_BYTES: u64 = 3 << 20;

#[test]
fn every_sample_is_measured_and_whole() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let mut checked = 0;
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("listed").path();
        if path.extension().is_some_and(|ending| ending == "weft") {
            let file = fs::File::open(&path).expect("readable");
            assert!(file.metadata().expect("known").len() <= MOST_BYTES, "{}", path.display());
            let trace = container::read(file, &mut |_| std::ops::ControlFlow::Continue(()))
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            check(&trace, &path.file_stem().unwrap_or_default().to_string_lossy());
            checked += 1;
        }
    }
    assert_eq!(checked, 5, "five recordings ship");
}

fn check(trace: &Trace, name: &str) {
    assert!(matches!(trace.meta.provenance, Provenance::Measured { .. }), "{name} is not measured");
    assert!(trace.meta.base_time_unix_ns > 1_700_000_000_000_000_000, "{name} has no wall clock");
    drawn(trace, name);
    if name.contains("pytorch") { program(trace, name) } else { engine(trace, name) }
}

/// Three turns of four layers, of a program that knows nothing of us.
fn program(trace: &Trace, name: &str) {
    assert_eq!(trace.meta.ranks.len(), 2, "{name}");
    for rank in &trace.meta.ranks {
        assert_eq!(rank.device.name, "NVIDIA H200", "{name}");
    }
    assert!(!trace.meta.overhead.note.is_empty(), "{name} does not say what recording cost");
    let ops = Ops::of(trace, &Config::default());
    let is_woven = name.ends_with("weave");
    for (rank, account) in ops.ranks.iter().zip(&accounts(&ops).ranks) {
        let layers: Vec<usize> = rank.structure.passes.iter().map(|pass| pass.layers).collect();
        assert_eq!(layers, [4; 3], "{name}: {:?}", rank.structure);
        assert_eq!(rank.structure.halves, is_woven, "{name}");
        assert_eq!(rank.iterations.len(), 3, "{name}");
        let idle = &account.idle;
        assert!(20 * idle.unknown_ns <= idle.total_ns(), "{name}: {idle:?}");
    }
    for rank in overlap(&ops).ranks {
        let hidden = rank.total.overlap_pct.expect("it communicates");
        assert!(if is_woven { hidden > 75.0 } else { hidden < 1.0 }, "{name} hides {hidden} %");
    }
}

fn engine(trace: &Trace, name: &str) {
    assert!(trace.meta.title.ends_with(" on 2 × NVIDIA H200"), "{name}: {}", trace.meta.title);
    // Written by version 1, whose pairs of texts must have become facts without a rest.
    let [run] = trace.meta.runs.as_slice() else { panic!("{name}: {:?}", trace.meta.runs) };
    assert_eq!(trace.meta.lines, [], "{name}");
    assert!(name.ends_with(&run.strategy.run), "{name} ran {}", run.strategy.run);
    assert_eq!((run.tp as usize, run.shard_of), (trace.meta.ranks.len(), Some(8)), "{name}");
    let layers = if name.contains("mixtral") { 56 } else { 80 };
    assert!(
        run.batch.tokens > 0 && run.layers.run > 0 && run.layers.of == layers,
        "{name}: {run:?}"
    );
    assert_eq!(run.split.is_some(), run.strategy.run == "tokenweave", "{name}");
    assert!(run.spec.is_some(), "{name} can be run again");
    assert!(trace.diagnostics.counts.is_empty(), "{name}: {:?}", trace.diagnostics.counts);
    let hidden: f64 = overlap(&Ops::of(trace, &Config::default()))
        .ranks
        .iter()
        .map(|rank| rank.total.overlap_pct.expect("it communicates"))
        .fold(0.0, f64::max);
    if name.contains("tokenweave") {
        for phase in [Phase::A, Phase::B, Phase::C, Phase::D] {
            assert!(trace.labels.iter().any(|label| label.phase == phase), "{name}: {phase:?}");
        }
        assert!(hidden > 50.0, "{name} hides {hidden} %");
    } else {
        assert!(name.contains("default"), "{name}: nothing is known of what it should show");
        assert!(hidden < 5.0, "{name} hides {hidden} %");
    }
}

/// Rows of SMs, streams, products and communication are there.
fn drawn(trace: &Trace, name: &str) {
    let tracks = |is: fn(&TrackKind) -> bool| trace.tracks.iter().filter(move |t| is(&t.kind));
    let sms = tracks(|kind| matches!(kind, TrackKind::Sm { .. })).count() as u32;
    let wanted: u32 = trace.meta.ranks.iter().map(|rank| rank.device.sms).sum();
    assert_eq!(sms, wanted, "{name}: rows of SMs");
    let drawn = tracks(|kind| matches!(kind, TrackKind::Sm { .. }))
        .filter(|track| track.lanes.iter().any(|&lane| !trace.lane(lane).slices.is_empty()))
        .count() as u32;
    assert!(10 * drawn >= 9 * wanted, "{name}: only {drawn} of {wanted} SMs did anything");
    let streams = tracks(|kind| matches!(kind, TrackKind::Stream { .. })).count();
    assert!(streams >= trace.meta.ranks.len(), "{name}: {streams} streams");
    assert!(trace.labels.iter().any(|label| label.kind == Kind::Gemm), "{name}");
    assert!(trace.labels.iter().any(|label| label.kind.is_comm()), "{name}");
}
