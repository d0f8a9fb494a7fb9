//! What is written for Perfetto reads back as the same trace, and as Perfetto's own trace processor has it.

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::PathBuf;

use proptest::prelude::*;
use weftscope_testkit::recording;
use weftscope_traces::edit::{merge, only_rank, ranks};
use weftscope_traces::interchange::{ExportError, perfetto};
use weftscope_traces::stream::silent;
use weftscope_traces::{
    ArgValue, ArgsId, Kind, Label, Meta, OpenOptions, Provenance, SliceRef, Span, Trace,
    TraceBuilder, TrackKind, open,
};

use crate::oracles::{self, FAULTS, SLOTS, SMS, run};
use crate::random::{sample, traces};
use crate::view::{of_one_op, view};

fn bytes(trace: &Trace) -> Vec<u8> {
    let mut out = Vec::new();
    perfetto::write(trace, &mut out, &mut silent).expect("a Vec takes all");
    out
}

fn back(bytes: &[u8]) -> Trace {
    open(bytes, &OpenOptions::default(), &mut silent)
        .unwrap_or_else(|error| panic!("our own file: {error}"))
}

/// The same without our own fields, as a tool leaves it that writes anew what it understands.
fn stripped(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for (field, packet) in fields(bytes) {
        assert_eq!(field, 1, "only packets");
        let kept: Vec<u8> = split(packet).filter(|(field, _)| *field != 2040).fold(
            Vec::new(),
            |mut kept, (_, raw)| {
                kept.extend_from_slice(raw);
                kept
            },
        );
        out.push(0x0a);
        varint(&mut out, kept.len() as u64);
        out.extend(kept);
    }
    out
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn read_varint(bytes: &[u8], at: &mut usize) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = bytes[*at];
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return value;
        }
        shift += 7;
    }
}

/// Field number and the whole field, key and all.
fn split(message: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        if at == message.len() {
            return None;
        }
        let start = at;
        let key = read_varint(message, &mut at);
        match key & 7 {
            0 => _ = read_varint(message, &mut at),
            1 => at += 8,
            2 => {
                let len = read_varint(message, &mut at) as usize;
                at += len;
            }
            _ => panic!("a wire type that is not written"),
        }
        Some((key >> 3, &message[start..at]))
    })
}

/// Field number and content of fields that have a length.
fn fields(message: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    split(message).map(|(field, raw)| {
        let mut at = 0;
        read_varint(raw, &mut at);
        let len = read_varint(raw, &mut at) as usize;
        (field, &raw[at..at + len])
    })
}

/// Spans and names of all slices, and how many slices there are of each kind, on streams.
fn slices(trace: &Trace) -> Vec<(i64, i64, String)> {
    let base_ns = trace.meta.base_time_unix_ns;
    let mut all = Vec::new();
    for lane in &trace.lanes {
        for row in 0..lane.slices.len() {
            let span = lane.slices.span(row);
            let name = trace.label(lane.slices.label[row]).name.clone();
            all.push((span.start_ns + base_ns, span.end_ns + base_ns, name));
        }
    }
    all.sort();
    all
}

fn kinds(trace: &Trace) -> BTreeMap<Kind, usize> {
    let mut kinds = BTreeMap::new();
    for lane in &trace.lanes {
        if matches!(trace.track(lane.track).kind, TrackKind::Stream { .. }) {
            for &label in &lane.slices.label {
                *kinds.entry(trace.label(label).kind).or_default() += 1;
            }
        }
    }
    kinds
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn export_then_import_gives_the_same_trace(trace in traces(200)) {
        let back = back(&bytes(&trace));
        prop_assert_eq!(&back.labels, &trace.labels);
        prop_assert_eq!(view(&back), view(&trace));
    }

    /// Whatever bytes are lost or changed: no panic, and never more slices than were written.
    #[test]
    fn damage_never_adds(trace in traces(60), places in proptest::collection::vec(any::<(prop::sample::Index, u8)>(), 1..4), cut: prop::sample::Index) {
        let mut bytes = bytes(&trace);
        for (at, byte) in places {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        if let Ok(back) = open(&bytes[..], &OpenOptions::default(), &mut silent) {
            prop_assert!(back.num_slices() <= trace.num_slices());
        }
    }
}

#[test]
fn what_stands_before_a_cut_is_read() {
    let trace = run(2);
    let whole = bytes(&trace);
    let back = back(&whole[..whole.len() * 3 / 4]);
    assert!(back.num_slices() > 0 && back.num_slices() < trace.num_slices());
    assert!(back.diagnostics.notes.iter().any(|note| note.contains("cut off")), "{back:?}");
    assert_eq!(back.meta, trace.meta);
}

#[test]
fn a_long_export_can_be_cancelled() {
    let mut out =
        TraceBuilder::new(Meta::new("long", Provenance::Unknown { source: String::new() }));
    let track = out.track(None, "all", TrackKind::Group);
    let (lane, label) = (out.lane(track), out.label(Label::default()));
    for at in 0..70_000 {
        out.push(lane, Span::new(at, at + 1), label, ArgsId::NONE, 0);
    }
    let trace = out.finish().expect("valid");
    let error = perfetto::write(&trace, Vec::new(), &mut |_| ControlFlow::Break(()));
    assert!(matches!(error, Err(ExportError::Cancelled)));
}

/// Arguments keep their types, those that are only JSON too.
#[test]
fn arguments_stay_what_they_were() {
    let given = [
        ("int", ArgValue::Int(-7)),
        ("big", ArgValue::Json("18446744073709551615".to_owned())),
        ("bigger", ArgValue::Json("18446744073709551616".to_owned())),
        ("float", ArgValue::Float(1.0)),
        ("yes", ArgValue::Json("true".to_owned())),
        ("none", ArgValue::Json("null".to_owned())),
        ("list", ArgValue::Json("[1,{\"b\":[],\"a\":2.0}]".to_owned())),
        ("text", ArgValue::Text("[]".to_owned())),
        ("kind", ArgValue::Text("mine".to_owned())),
        ("block", ArgValue::Int(3)),
    ];
    let mut out =
        TraceBuilder::new(Meta::new("args", Provenance::Unknown { source: String::new() }));
    let track = out.track(None, "compute", TrackKind::Stream { rank: 0, stream: 7 });
    let (lane, label) = (out.lane(track), out.label(Label::default()));
    let args = out.args_mut().push(given.clone());
    out.push(lane, Span::new(-5, 5), label, args, 9);
    let trace = out.finish().expect("valid");
    let again = back(&bytes(&trace));
    assert_eq!(view(&again), view(&trace));
    assert_eq!(again.args.get(args), given.map(|(key, value)| (key.to_owned(), value)));
}

/// Another tool has dropped what it does not know: slices, counters, arrows, kinds and the mark are still there.
#[test]
fn without_our_fields_it_is_a_foreign_file_of_the_same_content() {
    let trace = run(2);
    let foreign = back(&stripped(&bytes(&trace)));
    assert_eq!(foreign.meta.provenance, trace.meta.provenance);
    assert_eq!(ranks(&foreign), ranks(&trace));
    assert_eq!(slices(&foreign), slices(&trace));
    assert_eq!(foreign.flows.len(), trace.flows.len());
    let counter = |trace: &Trace| {
        let base_ns = trace.meta.base_time_unix_ns;
        let series = |counter: &weftscope_traces::CounterSeries| {
            let at_ns: Vec<i64> = counter.at_ns.iter().map(|at_ns| at_ns + base_ns).collect();
            (counter.name.clone(), counter.unit.clone(), counter.rank, at_ns, counter.value.clone())
        };
        trace.counters.iter().map(series).collect::<Vec<_>>()
    };
    assert_eq!(counter(&foreign), counter(&trace));
}

/// Modelled and measured ranks, each by itself and together, with our fields and without.
#[test]
fn modelled_stays_modelled() {
    let modelled = Provenance::Modelled { source: "simulator".to_owned() };
    let one = of_one_op(0, modelled.clone());
    assert_eq!(back(&bytes(&one)).meta.provenance, modelled);
    let again = back(&stripped(&bytes(&one)));
    assert_eq!(again.meta.provenance, modelled);
    assert_eq!(back(&stripped(&bytes(&again))).meta.provenance, modelled);
    let measured = of_one_op(1, Provenance::Measured { source: "CUPTI".to_owned() });
    let mixed = merge(vec![one, measured]).expect("two");
    assert_eq!(back(&bytes(&mixed)).meta.provenance, mixed.meta.provenance);
    let again = back(&stripped(&bytes(&mixed))).meta.provenance.clone();
    assert_eq!(again.of_rank(Some(0)), modelled);
    assert_ne!(again.of_rank(Some(1)).name(), "modelled");
}

fn exported(trace: &Trace) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("run.pftrace");
    perfetto::write(trace, File::create(&path).expect("a file"), &mut silent).expect("room");
    (dir, path)
}

#[test]
fn the_trace_processor_reads_every_slice_counter_arrow_and_label() {
    let trace = run(2);
    let (_dir, path) = exported(&trace);
    let Some(faults) = oracles::perfetto(&path, FAULTS) else { return };
    assert_eq!(faults, Vec::<String>::new());
    let ask = |sql: &str| oracles::perfetto(&path, sql).expect("it ran a moment ago");
    let counts = ask("select (select count(*) from slice), (select count(*) from flow),
            (select count(*) from counter), (select sum(value) from counter),
            (select count(*) from thread where name like 'SM % · slot %'),
            (select max(depth) from slice), (select min(dur) from slice where name like 'ar_norm%'),
            (select count(distinct unit) || max(unit) from counter_track)");
    let (slices, flows, rows) = (trace.num_slices(), trace.flows.len(), 2 * SMS * SLOTS);
    assert_eq!(counts, [format!("{slices} | {flows} | 4 | 8 | {rows} | 0 | 200000 | 1GB/s")]);
    let first = ask("select min(ts) from slice where name = 'ar_norm \"fused\"'");
    assert_eq!(first, [(trace.meta.base_time_unix_ns + 300_000).to_string()]);
    let labels = ask(
        "select pid, process.name, extract_arg(arg_set_id, 'chrome.process_label[0]') from process
            where process.name like 'rank%' order by pid",
    );
    let label = "MODELLED: test";
    assert_eq!(
        labels,
        [
            format!("0 | rank 0 (H100) | {label}"),
            format!("1 | rank 1 (H100) | {label}"),
            format!("100000 | rank 0 SMs | {label}"),
            format!("100001 | rank 1 SMs | {label}"),
        ]
    );
    let args =
        ask("select extract_arg(arg_set_id, 'debug.kind'), extract_arg(arg_set_id, 'debug.waves'),
            extract_arg(arg_set_id, 'debug.grid[0]'), category
            from slice where name = 'gate_up' and category = 'kernel' limit 1");
    assert_eq!(args, ["gemm | 1 | 6 | kernel"]);
    let arrow = ask(
        "select count(*) from flow join slice a on a.id = slice_out join slice b on b.id = slice_in
            where a.name = 'gate_up' and b.name like 'ar_norm%'",
    );
    assert_eq!(arrow, [flows.to_string()]);
}

/// Every slice of a trace as the trace processor has it, to the nanosecond; what nests is told by depth.
#[test]
fn the_trace_processor_reads_random_traces_without_a_fault() {
    for number in 0..3 {
        let mut parts = sample(number, 400).into_parts();
        // Arrows at random run back in time, which that reader takes for a fault.
        parts.flows.clear();
        let trace = Trace::checked(parts).expect("as valid as before");
        let (_dir, path) = exported(&trace);
        let Some(faults) = oracles::perfetto(&path, FAULTS) else { return };
        assert_eq!(faults, Vec::<String>::new(), "sample {number}");
        let sums = oracles::perfetto(&path, "select count(*), sum(dur), min(dur) from slice");
        let spans = || {
            let slice = |lane: &weftscope_traces::Lane| lane.slices.clone();
            trace.lanes.iter().map(slice).flat_map(|slices| {
                (0..slices.len()).map(|row| slices.span(row).len_ns()).collect::<Vec<_>>()
            })
        };
        let expected =
            format!("{} | {} | {}", spans().count(), spans().sum::<i64>(), spans().min().unwrap());
        assert_eq!(sums, Some(vec![expected]), "sample {number}");
    }
}

/// A real recording of a host with nested calls, kernels and launches; and its ranks, which stand on one clock.
#[test]
fn recordings_come_back_and_are_read_by_the_trace_processor() {
    for rank in 0..2 {
        let file = std::fs::read(recording(&format!("weave_rank{rank}"))).expect("a recording");
        let trace = open(&file[..], &OpenOptions::default(), &mut silent).expect("good");
        let again = back(&bytes(&trace));
        assert_eq!(view(&again), view(&trace));
        let foreign = back(&stripped(&bytes(&trace)));
        assert_eq!(slices(&foreign), slices(&trace));
        assert_eq!(kinds(&foreign), kinds(&trace), "kinds of kernels are told by their names");
        let (_dir, path) = exported(&trace);
        let Some(faults) = oracles::perfetto(&path, FAULTS) else { continue };
        assert_eq!(faults, Vec::<String>::new());
        let sql = "select count(*), min(ts), max(ts + dur), (select count(*) from flow) from slice";
        let base_ns = trace.meta.base_time_unix_ns;
        let all = slices(&trace);
        let ends = all.iter().map(|slice| slice.1).max().expect("slices");
        let expected = format!("{} | {} | {ends} | {}", all.len(), all[0].0, trace.flows.len());
        assert_eq!(oracles::perfetto(&path, sql), Some(vec![expected]));
        assert!(base_ns > 0, "they know the time of day");
    }
}

/// Files of ranks put one behind the other, which Perfetto takes for one trace: no number is theirs together.
#[test]
fn files_of_two_ranks_put_together_share_no_track_and_no_arrow() {
    let trace = run(2);
    let files: Vec<Vec<u8>> =
        [0, 1].map(|rank| bytes(&only_rank(&trace, rank).expect("a rank"))).into();
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("both.pftrace");
    std::fs::write(&path, files.concat()).expect("room");
    let again = back(&files.concat());
    assert_eq!(ranks(&again), [0, 1]);
    assert_eq!(slices(&again), slices(&trace));
    assert_eq!((&again.counters, again.flows.len()), (&trace.counters, trace.flows.len()));
    let Some(faults) = oracles::perfetto(&path, FAULTS) else { return };
    assert_eq!(faults, Vec::<String>::new());
    let sql = "select count(*), (select count(*) from flow), count(distinct track_id) from slice";
    let lanes = trace.lanes.len();
    let expected = format!("{} | {} | {lanes}", trace.num_slices(), trace.flows.len());
    assert_eq!(oracles::perfetto(&path, sql), Some(vec![expected]));
}

/// An end of an arrow is a slice, whatever else begins at its time.
#[test]
fn arrows_between_slices_of_one_time_keep_their_ends() {
    let mut out =
        TraceBuilder::new(Meta::new("arrows", Provenance::Unknown { source: String::new() }));
    let track = out.track(None, "loose", TrackKind::Group);
    let label = out.label(Label::default());
    let push = |out: &mut TraceBuilder| -> SliceRef {
        let lane = out.lane(track);
        out.push(lane, Span::new(0, 0), label, ArgsId::NONE, 0)
    };
    let (a, b) = (push(&mut out), push(&mut out));
    for (from, to) in [(b, a), (a, a), (a, b)] {
        out.flow(from, to, weftscope_traces::FlowKind::Launch);
    }
    let trace = out.finish().expect("valid");
    assert_eq!(view(&back(&bytes(&trace))), view(&trace));
}
