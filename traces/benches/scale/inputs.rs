//! The files: of the shapes that recorders write, and of shapes that nobody meant.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use rusqlite::Connection;
use weftscope_traces::interchange::perfetto;
use weftscope_traces::stream::silent;
use weftscope_traces::{ArgsId, Kind, Label, Meta, Provenance, Span, TraceBuilder, TrackKind};

/// What it is, its file's name, and what writes it.
type Input = (&'static str, &'static str, fn(&Path));

/// Files of other formats.
pub(crate) const OTHERS: [Input; 2] = [
    ("Nsight SQLite, 1 M kernels", "nsight.sqlite", nsight),
    ("Perfetto protobuf, 1 M slices", "slices.pftrace", pftrace),
];

/// Legal files that an ordinary reader takes long for.
pub(crate) const ADVERSARIAL: [Input; 4] = [
    ("200,000 overlapping kernels on a stream", "overlap.json", overlapping),
    ("200,000 events hours apart", "apart.json", far_apart),
    ("100,000 devices", "devices.json", devices),
    ("1 M names", "names.json", names),
];

fn file(path: &Path) -> BufWriter<File> {
    BufWriter::with_capacity(1 << 20, File::create(path).expect("room for inputs"))
}

/// Kineto's own shape: host ops, launches, kernels with a dozen arguments, launch arrows.
pub(crate) fn kineto(path: &Path, bytes: usize) {
    let mut out = file(path);
    let mut write = |text: &str| out.write_all(text.as_bytes()).expect("room for inputs");
    write(
        "{\n  \"schemaVersion\": 1,\n  \"distributedInfo\": {\"rank\": 0, \"world_size\": 1},\n  \"baseTimeNanoseconds\": 1790857026000000000,\n  \"traceEvents\": [\n",
    );
    let (mut n, mut written) = (0_u64, 0);
    while written < bytes {
        let at = 4_529_887_710_585_000 + n * 7_391;
        let (us, ns, op) = (at / 1000, at % 1000, n % 97);
        let gpu_us = us + 20;
        let text = format!(
            "  {{\n    \"ph\": \"X\", \"cat\": \"cpu_op\", \"name\": \"aten::op{op}\", \"pid\": 589, \"tid\": 589,\n    \"ts\": {us}.{ns:03}, \"dur\": 5.554,\n    \"args\": {{\n      \"External id\": {n},\"Record function id\": 0, \"Ev Idx\": {n}\n    }}\n  }},\n  {{\n    \"ph\": \"X\", \"cat\": \"cuda_runtime\", \"name\": \"cudaLaunchKernel\", \"pid\": 589, \"tid\": 589,\n    \"ts\": {us}.{ns:03}, \"dur\": 3.329,\n    \"args\": {{\n      \"External id\": {n}, \"cbid\": 211, \"correlation\": {n}\n    }}\n  }},\n  {{\n    \"ph\": \"s\", \"id\": {n}, \"pid\": 589, \"tid\": 589, \"ts\": {us}.{ns:03},\n    \"cat\": \"ac2g\", \"name\": \"ac2g\"\n  }},\n  {{\n    \"ph\": \"X\", \"cat\": \"kernel\", \"name\": \"void at::native::kernel_{op}<128, c10::BFloat16>(int, std::array<char*, 3ul>)\", \"pid\": 0, \"tid\": 7,\n    \"ts\": {gpu_us}.{ns:03}, \"dur\": 6.975,\n    \"args\": {{\n      \"External id\": {n},\n      \"queued\": 0, \"device\": 0, \"context\": 1,\n      \"stream\": 7, \"correlation\": {n},\n      \"registers per thread\": 16,\n      \"shared memory\": 0,\n      \"blocks per SM\": 124.121216,\n      \"warps per SM\": 496.484863,\n      \"grid\": [16384, 1, 1],\n      \"block\": [128, 1, 1],\n      \"est. achieved occupancy %\": 100\n    }}\n  }},\n  {{\n    \"ph\": \"f\", \"id\": {n}, \"pid\": 0, \"tid\": 7, \"ts\": {gpu_us}.{ns:03},\n    \"cat\": \"ac2g\", \"name\": \"ac2g\", \"bp\": \"e\"\n  }},\n",
        );
        write(&text);
        written += text.len();
        n += 1;
    }
    write(
        "  {\n    \"name\": \"process_name\", \"ph\": \"M\", \"pid\": 589, \"tid\": 0, \"args\": {\n      \"name\": \"python\"\n    }\n  }\n  ]\n}\n",
    );
    out.flush().expect("room for inputs");
}

/// An export of Nsight Systems: kernels, their launches, names.
fn nsight(path: &Path) {
    _ = std::fs::remove_file(path);
    let database = Connection::open(path).expect("room for inputs");
    let process = 1_i64 << 24;
    let made = database.execute_batch(&format!(
        "BEGIN;
        CREATE TABLE StringIds (id INTEGER PRIMARY KEY, value TEXT NOT NULL);
        WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n LIMIT 100)
            INSERT INTO StringIds SELECT i, 'void kernel_' || i || '<float>(float*)' FROM n;
        INSERT INTO StringIds VALUES (1000, 'cudaLaunchKernel_v7000');
        CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL (start INTEGER NOT NULL, end INTEGER NOT NULL, deviceId INTEGER NOT NULL,
            contextId INTEGER NOT NULL, greenContextId INTEGER, streamId INTEGER NOT NULL, correlationId INTEGER,
            globalPid INTEGER, demangledName INTEGER NOT NULL, shortName INTEGER NOT NULL, registersPerThread INTEGER,
            gridX INTEGER, gridY INTEGER, gridZ INTEGER, blockX INTEGER, blockY INTEGER, blockZ INTEGER,
            staticSharedMemory INTEGER, dynamicSharedMemory INTEGER, graphNodeId INTEGER);
        WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n LIMIT 1000000)
            INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL SELECT 9000 * i + 5000, 9000 * i + 12000, 0, 1, NULL, 7, i + 1, {process},
                i % 100, i % 100, 128, 256, 1, 1, 384, 1, 1, 1024, 0, NULL FROM n;
        CREATE TABLE CUPTI_ACTIVITY_KIND_RUNTIME (start INTEGER, end INTEGER, globalTid INTEGER, correlationId INTEGER,
            nameId INTEGER, returnValue INTEGER);
        INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME SELECT start - 5000, start - 2000, {process} + 1, correlationId, 1000, 0
            FROM CUPTI_ACTIVITY_KIND_KERNEL;
        COMMIT;"
    ));
    made.expect("statements that SQLite takes");
}

/// Our own export of a trace with two thousand arrows a lane fewer than slices: what the format needs, no more.
fn pftrace(path: &Path) {
    let source = Provenance::Measured { source: "bench".into() };
    let mut trace = TraceBuilder::new(Meta::new("scale", source));
    let labels: Vec<_> = (0..100)
        .map(|n| {
            let name = format!("void kernel_{n}<float>(float*)");
            trace.label(Label { name, kind: Kind::Other, ..Label::default() })
        })
        .collect();
    let parent = trace.track(None, "rank 0", TrackKind::Rank { rank: 0 });
    for stream in 0..8 {
        let kind = TrackKind::Stream { rank: 0, stream };
        let track = trace.track(Some(parent), format!("stream {stream}"), kind);
        let lane = trace.lane(track);
        for n in 0..125_000_i64 {
            let span = Span::new(n * 9000, n * 9000 + 7000);
            trace.push(lane, span, labels[n as usize % 100], ArgsId::NONE, n as u32);
        }
    }
    let trace = trace.finish().expect("slices are disjoint by construction");
    perfetto::write(&trace, file(path), &mut silent).expect("room for inputs");
}

/// Writes events as an array, one a line.
fn events(path: &Path, num: u64, event: impl Fn(u64) -> String) {
    let mut out = file(path);
    let mut write = |text: &str| out.write_all(text.as_bytes()).expect("room for inputs");
    write("[\n");
    for n in 0..num {
        write(&event(n));
        write(if n + 1 < num { ",\n" } else { "\n]\n" });
    }
    out.flush().expect("room for inputs");
}

fn kernel(name: &str, device: u64, ts: u64, dur: u64) -> String {
    format!(
        r#"{{"ph": "X", "cat": "kernel", "name": "{name}", "pid": {device}, "tid": 7, "ts": {ts}, "dur": {dur}, "args": {{"device": {device}, "stream": 7}}}}"#
    )
}

fn overlapping(path: &Path) {
    events(path, 200_000, |n| kernel("k", 0, n, 10_000_000));
}

fn far_apart(path: &Path) {
    events(path, 200_000, |n| kernel("k", 0, n * 3_600_000_000, 5));
}

fn devices(path: &Path) {
    events(path, 100_000, |n| kernel("k", n, n, 5));
}

fn names(path: &Path) {
    events(path, 1_000_000, |n| kernel(&format!("kernel number {n}"), 0, n * 10, 5));
}
