//! Speed of the file formats in bytes of JSON text, on a generated trace of about 50 MB.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use weftscope_traces::container;
use weftscope_traces::interchange::chrome::{self, ExportOptions};
use weftscope_traces::stream::silent;
use weftscope_traces::{
    ArgsId, Kind, Label, Meta, OpenOptions, Provenance, Span, Trace, TraceBuilder, TrackKind,
};

/// Kineto's own shape: host ops, launches, kernels with a dozen arguments, launch arrows.
fn kineto(bytes: usize) -> String {
    let mut text = String::from(
        "{\n  \"schemaVersion\": 1,\n  \"distributedInfo\": {\"rank\": 0, \"world_size\": 1},\n  \"baseTimeNanoseconds\": 1790857026000000000,\n  \"traceEvents\": [\n",
    );
    let mut n: u64 = 0;
    while text.len() < bytes {
        let at = 4_529_887_710_585_000 + n * 7_391;
        let (us, ns) = (at / 1000, at % 1000);
        let op = n % 97;
        text.push_str(&format!(
            "  {{\n    \"ph\": \"X\", \"cat\": \"cpu_op\", \"name\": \"aten::op{op}\", \"pid\": 589, \"tid\": 589,\n    \"ts\": {us}.{ns:03}, \"dur\": 5.554,\n    \"args\": {{\n      \"External id\": {n},\"Record function id\": 0, \"Ev Idx\": {n}\n    }}\n  }},\n  {{\n    \"ph\": \"X\", \"cat\": \"cuda_runtime\", \"name\": \"cudaLaunchKernel\", \"pid\": 589, \"tid\": 589,\n    \"ts\": {us}.{ns:03}, \"dur\": 3.329,\n    \"args\": {{\n      \"External id\": {n}, \"cbid\": 211, \"correlation\": {n}\n    }}\n  }},\n  {{\n    \"ph\": \"s\", \"id\": {n}, \"pid\": 589, \"tid\": 589, \"ts\": {us}.{ns:03},\n    \"cat\": \"ac2g\", \"name\": \"ac2g\"\n  }},\n  {{\n    \"ph\": \"X\", \"cat\": \"kernel\", \"name\": \"void at::native::kernel_{op}<128, c10::BFloat16>(int, std::array<char*, 3ul>)\", \"pid\": 0, \"tid\": 7,\n    \"ts\": {}.{ns:03}, \"dur\": 6.975,\n    \"args\": {{\n      \"External id\": {n},\n      \"queued\": 0, \"device\": 0, \"context\": 1,\n      \"stream\": 7, \"correlation\": {n},\n      \"registers per thread\": 16,\n      \"shared memory\": 0,\n      \"blocks per SM\": 124.121216,\n      \"warps per SM\": 496.484863,\n      \"grid\": [16384, 1, 1],\n      \"block\": [128, 1, 1],\n      \"est. achieved occupancy %\": 100\n    }}\n  }},\n  {{\n    \"ph\": \"f\", \"id\": {n}, \"pid\": 0, \"tid\": 7, \"ts\": {}.{ns:03},\n    \"cat\": \"ac2g\", \"name\": \"ac2g\", \"bp\": \"e\"\n  }},\n",
            us + 20,
            us + 20,
        ));
        n += 1;
    }
    text.push_str("  ]\n}\n");
    text
}

/// The engine's own shape: thread blocks on 8 × 132 SMs.
fn blocks(num: i64) -> Trace {
    let mut out =
        TraceBuilder::new(Meta::new("bench", Provenance::Modelled { source: "bench".into() }));
    let label = out.label(Label { name: "gate_up".into(), kind: Kind::Gemm, ..Label::default() });
    let mut lanes = Vec::new();
    for rank in 0..8 {
        let parent = Some(out.track(None, format!("rank {rank}"), TrackKind::Rank { rank }));
        for sm in 0..132 {
            let track = out.track(parent, format!("SM {sm}"), TrackKind::Sm { rank, sm });
            lanes.push(out.lane(track));
        }
    }
    let per_lane = num / lanes.len() as i64;
    for (offset, &lane) in (0..).zip(&lanes) {
        for block in 0..per_lane {
            let start = block * 30_011 + offset * 13;
            out.push(lane, Span::new(start, start + 29_500), label, ArgsId::NONE, block as u32);
        }
    }
    out.finish().expect("valid")
}

fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("interchange");
    group.sample_size(10);
    let text = kineto(50 << 20);
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("import Kineto JSON, plain", |b| {
        b.iter(|| {
            chrome::read(text.as_bytes(), &OpenOptions::default(), &mut silent).expect("good")
        });
    });
    let imported =
        chrome::read(text.as_bytes(), &OpenOptions::default(), &mut silent).expect("good");
    group.bench_function("export an import, plain", |b| {
        b.iter(|| write(&imported, false));
    });
    let trace = blocks(400_000);
    let text = write(&trace, false);
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("export SM rows, plain", |b| b.iter(|| write(&trace, false)));
    group.bench_function("export SM rows, gzip", |b| b.iter(|| write(&trace, true)));
    group.bench_function("import SM rows, plain", |b| {
        b.iter(|| chrome::read(&text[..], &OpenOptions::default(), &mut silent).expect("our own"));
    });
    let mut weft = Vec::new();
    container::write(&trace, &mut weft, &mut silent).expect("a Vec takes all");
    println!("SM rows: {} B as JSON, {} B as .weft", text.len(), weft.len());
    group.throughput(Throughput::Elements(trace.num_slices() as u64));
    group.bench_function("write .weft", |b| {
        b.iter(|| {
            let mut out = Vec::new();
            container::write(black_box(&trace), &mut out, &mut silent).expect("a Vec takes all");
            out
        });
    });
    // What every trace pays for its invariants, beside the reading that it is part of.
    let mut parts = Some(trace.into_parts());
    group.bench_function("check a trace", |b| {
        b.iter(|| {
            let trace = parts.take().map(Trace::checked).expect("given back").expect("valid");
            parts = Some(black_box(trace).into_parts());
        });
    });
    group.bench_function("read .weft", |b| {
        b.iter(|| container::read(black_box(&weft[..]), &mut silent).expect("our own"));
    });
    group.finish();
}

fn write(trace: &Trace, gzip: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let options = ExportOptions { gzip, ..ExportOptions::default() };
    chrome::write(black_box(trace), &mut out, &options, &mut silent).expect("a Vec takes all");
    out
}

criterion_group!(benches, bench);
criterion_main!(benches);
