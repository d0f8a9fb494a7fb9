//! Whose row is it: rows of every recorder's dialect, and the ranks of files that hold several.

use weftscope_traces::analysis::{Config, Ops, overlap};
use weftscope_traces::stream::silent;
use weftscope_traces::{OpenOptions, Trace, TrackKind, open};

const NCCL: &str = "ncclDevKernel_AllReduce_Sum_bf16_RING_LL(ncclDevKernelArgsStorage<4096ul>)";

fn import(text: &str, title: &str) -> Trace {
    let options = OpenOptions { title: title.to_owned(), ..OpenOptions::default() };
    open(text.as_bytes(), &options, &mut silent).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn events(events: &[String]) -> Trace {
    import(&format!("[{}]", events.join(",")), "")
}

/// A slice; `more` is appended to its fields.
fn slice(pid: &str, tid: &str, name: &str, (start, end): (u32, u32), more: &str) -> String {
    let dur = end - start;
    format!(
        r#"{{"ph":"X","pid":{pid},"tid":{tid},"name":"{name}","ts":{start},"dur":{dur}{more}}}"#
    )
}

fn process(pid: &str, name: &str) -> String {
    format!(r#"{{"ph":"M","pid":{pid},"name":"process_name","args":{{"name":"{name}"}}}}"#)
}

fn label(pid: &str, name: &str) -> String {
    format!(r#"{{"ph":"M","pid":{pid},"name":"process_labels","args":{{"labels":"{name}"}}}}"#)
}

fn thread(pid: &str, tid: &str, name: &str) -> String {
    format!(
        r#"{{"ph":"M","pid":{pid},"tid":{tid},"name":"thread_name","args":{{"name":"{name}"}}}}"#
    )
}

fn kernel(pid: &str, device: u32, stream: u32, name: &str, span: (u32, u32)) -> String {
    let more = format!(r#","cat":"kernel","args":{{"device":{device},"stream":{stream}}}"#);
    slice(pid, &stream.to_string(), name, span, &more)
}

/// Rank, computation, communication, hidden, each in µs.
fn figures(trace: &Trace) -> Vec<(u32, i64, i64, i64)> {
    let report = overlap(&Ops::of(trace, &Config::default()));
    let us = |ns: i64| ns / 1000;
    let of = report.ranks.iter();
    of.map(|r| (r.rank, us(r.total.compute_ns), us(r.total.comm_ns), us(r.total.overlap_ns)))
        .collect()
}

#[test]
fn xla_ops_beside_streams_repeat_them_and_alone_are_what_ran() {
    let rows = |with_stream: bool| {
        let mut all = vec![
            process("1", "/device:TPU:2"),
            thread("1", "5", "XLA Modules"),
            thread("1", "6", "XLA Ops"),
            thread("1", "7", "Async XLA Ops"),
            thread("1", "8", "Framework Name Scope"),
            slice("1", "5", "jit_step(1)", (0, 1000), ""),
            slice("1", "6", "fusion.1", (100, 200), ""),
            slice("1", "7", "all-gather-start.2", (150, 250), ""),
            slice("1", "8", "train/layer", (0, 1000), ""),
            process("9", "/host:CPU"),
            thread("9", "6", "XLA Ops"),
            slice("9", "6", "fusion.1", (0, 1000), ""),
        ];
        if with_stream {
            all.push(thread("1", "3", "Stream #118(Compute)"));
            all.push(slice("1", "3", "gemm_kernel", (300, 340), ""));
        }
        events(&all)
    };
    assert_eq!(figures(&rows(false)), [(2, 100, 100, 50)]);
    let beside = rows(true);
    assert_eq!(figures(&beside), [(2, 40, 0, 0)]);
    assert!(beside.find_track(&TrackKind::Stream { rank: 2, stream: 118 }).is_some());
    let repeats = |kind: &TrackKind| matches!(kind, TrackKind::Driver { rank: 2, .. });
    assert_eq!(beside.tracks.iter().filter(|track| repeats(&track.kind)).count(), 4);
}

#[test]
fn modules_are_what_ran_where_nothing_else_tells() {
    let trace = events(&[
        process("1", "/device:TPU:0"),
        thread("1", "2", "XLA Modules"),
        thread("1", "1", "Steps"),
        slice("1", "2", "jit_matmul", (0, 10), ""),
        slice("1", "2", "jit_matmul", (20, 30), ""),
        slice("1", "1", "0", (0, 15), ""),
        slice("1", "1", "1", (15, 30), ""),
    ]);
    assert_eq!(figures(&trace), [(0, 20, 0, 0)]);
    let report = overlap(&Ops::of(&trace, &Config::default()));
    assert_eq!(report.ranks[0].iterations.len(), 2);
}

#[test]
fn ascend_planes_and_its_own_analysis_repeat_the_group() {
    let trace = events(&[
        process("10", "Ascend Hardware"),
        thread("10", "2", "Stream 2"),
        process("11", "HCCL"),
        thread("11", "3", "Group 0 Communication"),
        thread("11", "4", "Plane 0"),
        process("12", "Overlap Analysis"),
        thread("12", "1", "Computing"),
        process("13", "CANN"),
        slice("10", "2", "aclnnMatmul_MatMulV2", (0, 100), ""),
        slice("11", "3", "hcom_allReduce__123_0_1", (50, 150), ""),
        slice("11", "4", "SDMA_thing", (50, 400), ""),
        slice("12", "1", "Computing", (0, 400), ""),
        slice("13", "1", "aclrtLaunchKernel", (0, 400), ""),
    ]);
    assert_eq!(figures(&trace), [(0, 100, 100, 50)]);
}

#[test]
fn rows_of_several_recorders_are_a_gpus() {
    let of = |pid: &str, compute: (&str, &str), comm: (&str, &str)| {
        [
            slice(pid, compute.0, "gemm_kernel", (0, 100), compute.1),
            slice(pid, comm.0, NCCL, (50, 150), comm.1),
        ]
    };
    let cat = |name: &str| format!(r#","cat":"{name}""#);
    let named = |pid: &str, name: &str| vec![process(pid, name)];
    let cases: Vec<(&str, Vec<String>, [String; 2])> = vec![
        ("rpd2tracing", named(r#""3""#, "GPU3"), of(r#""3""#, (r#""0""#, ""), (r#""1""#, ""))),
        (
            "a label",
            vec![process("3", "python"), label("3", "GPU 3")],
            of("3", ("7", ""), ("20", "")),
        ),
        (
            "nsys2json",
            vec![],
            of(r#""Device 3""#, (r#""Stream 7""#, &cat("cuda")), (r#""Stream 20""#, &cat("cuda"))),
        ),
        ("nsys-ai", vec![], of("3", ("7", &cat("gpu_kernel")), ("20", &cat("gpu_kernel")))),
        (
            "rocprofv3",
            vec![],
            of("3", ("7", &cat("kernel_dispatch")), ("20", &cat("kernel_dispatch"))),
        ),
        (
            "rocprofiler-sdk tracks",
            vec![
                thread("71", "1", "COMPUTE GPU [3] QUEUE [0]"),
                thread("71", "2", "COMPUTE GPU [3] QUEUE [1]"),
            ],
            of("71", ("1", ""), ("2", "")),
        ),
        ("mtia", vec![], of("3", ("7", &cat("mtia_ccp_events")), ("20", &cat("mtia_ccp_events")))),
        (
            "TensorFlow",
            vec![
                process("5", "/device:GPU:3/stream:14 Compute"),
                process("6", "/device:GPU:3/stream:all Compute"),
                slice("6", "1", "everything", (0, 900), ""),
            ],
            of("5", ("1", ""), ("2", "")),
        ),
    ];
    for (recorder, names, slices) in cases {
        let all: Vec<String> = names.into_iter().chain(slices).collect();
        assert_eq!(figures(&events(&all)), [(3, 100, 100, 50)], "{recorder}");
    }
}

#[test]
fn spans_of_other_ops_on_a_gpus_row_are_marks() {
    let trace = events(&[
        process(r#""0""#, "GPU0"),
        slice(r#""0""#, r#""1""#, "gemm_kernel", (0, 100), ""),
        slice(r#""0""#, r#""1""#, "Graph 0x55aa", (0, 500), r#","args":{"kernels":"2"}"#),
        slice(
            r#""0""#,
            r#""1""#,
            "layer 3",
            (0, 500),
            r#","args":{"desc":"UserMarker frame: 2 ops"}"#,
        ),
    ]);
    assert_eq!(figures(&trace), [(0, 100, 0, 0)]);
}

#[test]
fn copies_between_devices_are_communication() {
    let copy = |name: &str, stream: u32, span, more: &str| {
        let more = format!(r#","cat":"gpu_memcpy","args":{{"device":0,"stream":{stream}{more}}}"#);
        slice("0", &stream.to_string(), name, span, &more)
    };
    let trace = events(&[
        kernel("0", 0, 7, "gemm_kernel", (0, 100)),
        copy("Memcpy PtoP (Device -> Device)", 8, (0, 30), ""),
        copy("Memcpy DtoD (Device -> Device)", 9, (50, 70), r#","fromDevice":0,"toDevice":3"#),
        copy("Memcpy DtoD (Device -> Device)", 9, (80, 90), r#","fromDevice":0,"toDevice":0"#),
        copy("Memcpy HtoD (Pageable -> Device)", 9, (90, 99), ""),
    ]);
    assert_eq!(figures(&trace), [(0, 100, 50, 50)]);
}

#[test]
fn a_product_and_its_collective_in_one_kernel_are_both() {
    let trace = events(&[
        kernel("0", 0, 7, "ag_gemm_persistent", (0, 100)),
        kernel("0", 0, 20, NCCL, (50, 150)),
    ]);
    assert_eq!(figures(&trace), [(0, 100, 150, 100)]);
}

#[test]
fn aiu_stamps_tell_ops_of_the_accelerator() {
    let trace = events(&[
        slice("7", "1", "matmul Cmpt Exec", (0, 100), r#","args":{"TS1":"1","TS2":"2"}"#),
        slice("7", "2", "Flex RoundTrip", (0, 900), ""),
    ]);
    assert_eq!(figures(&trace), [(7, 100, 0, 0)]);
}

#[test]
fn a_host_that_speaks_of_gpus_is_none() {
    let trace = events(&[
        process("1", "GPU Process"),
        thread("1", "1", "CrGpuMain"),
        slice("1", "1", "Draw", (0, 100), r#","cat":"gpu""#),
        process("2", "CPU HIP API"),
        slice("2", "1", "hipModuleLaunchKernel", (0, 8), ""),
    ]);
    assert_eq!(figures(&trace), []);
}

#[test]
fn ranks_merged_into_one_file_stay_apart() {
    let rank = |pid: &str, span: (u32, u32)| {
        [kernel(pid, 0, 7, "gemm_kernel", (0, 100)), kernel(pid, 0, 20, NCCL, span)]
    };
    let two = |first: &str, second: &str| {
        let all: Vec<String> =
            rank(first, (50, 150)).into_iter().chain(rank(second, (80, 180))).collect();
        figures(&events(&all))
    };
    let apart = [(0, 100, 100, 50), (1, 100, 100, 20)];
    assert_eq!(two(r#""[TP00] 0""#, r#""[TP01] 0""#), apart);
    assert_eq!(two(r#""rank 0 GPU""#, r#""rank 1 GPU""#), apart);
    // By their order alone: device 0 twice.
    assert_eq!(two("0", "100000"), apart);
    let named = two(r#""[TP02] 0""#, r#""[TP05] 0""#);
    assert_eq!(named, [(2, 100, 100, 50), (5, 100, 100, 20)]);
}

#[test]
fn hosts_go_with_the_rank_that_their_process_names() {
    let trace = events(&[
        kernel(r#""[TP00] 0""#, 0, 7, "gemm_kernel", (0, 100)),
        kernel(r#""[TP01] 0""#, 0, 7, "gemm_kernel", (0, 100)),
        slice(r#""[TP01] 4101""#, "1", "aten::mm", (0, 10), r#","cat":"cpu_op""#),
    ]);
    let host = trace.tracks.iter().find(|t| matches!(t.kind, TrackKind::HostThread { .. }));
    assert_eq!(host.and_then(|track| track.kind.rank()), Some(1));
}

#[test]
fn one_device_told_apart_by_process_but_not_by_stream_is_one_rank() {
    let trace = events(&[
        kernel(r#""stream 7""#, 0, 7, "gemm_kernel", (0, 100)),
        kernel(r#""stream 20""#, 0, 20, NCCL, (50, 150)),
    ]);
    assert_eq!(figures(&trace), [(0, 100, 100, 50)]);
}

#[test]
fn a_device_only_touched_is_no_rank_of_its_own() {
    let head = r#""distributedInfo":{"rank":5,"world_size":8},"#;
    let many: Vec<String> =
        (0..300).map(|i| kernel("2", 2, 7, "gemm_kernel", (i * 10, i * 10 + 9))).collect();
    let memset = slice(
        "0",
        "7",
        "Memset (Device)",
        (0, 1),
        r#","cat":"gpu_memset","args":{"device":0,"stream":7}"#,
    );
    let tiny = kernel("3", 3, 7, "fill_kernel", (0, 1));
    let all = [many.join(","), memset, tiny].join(",");
    let trace = import(&format!("{{{head}\"traceEvents\":[{all}]}}"), "");
    assert_eq!(trace.meta.ranks.len(), 1);
    assert_eq!(trace.meta.ranks[0].rank, 5);
    let streams: Vec<&str> = trace
        .tracks
        .iter()
        .filter(|track| matches!(track.kind, TrackKind::Stream { rank: 5, .. }))
        .map(|track| track.name.as_str())
        .collect();
    assert_eq!(streams, ["stream 7", "GPU 0 stream 7", "GPU 3 stream 7"]);
    assert!(trace.diagnostics.is_clean(), "{:?}", trace.diagnostics);
    // Two that both work are two ranks, and the header that names one is told.
    let both = [kernel("2", 2, 7, "gemm_kernel", (0, 9)), kernel("3", 3, 7, "gemm_kernel", (0, 9))];
    let trace = import(&format!("{{{head}\"traceEvents\":[{}]}}", both.join(",")), "");
    let ranks: Vec<u32> = trace.meta.ranks.iter().map(|info| info.rank).collect();
    assert_eq!(ranks, [2, 3]);
    assert!(trace.diagnostics.notes[0].contains("names rank 5"), "{:?}", trace.diagnostics.notes);
}

#[test]
fn the_files_name_tells_a_rank_that_nothing_in_it_does() {
    let text = format!("[{}]", kernel("0", 0, 7, "gemm_kernel", (0, 9)));
    let rank = |title: &str| import(&text, title).meta.ranks[0].rank;
    assert_eq!(rank("trace_rank3.json.gz"), 3);
    assert_eq!(rank("runs rank7/1748-TP-2.trace.json.gz"), 2);
    assert_eq!(rank("rank0 against rank1.json"), 0);
    assert_eq!(rank("trace.json"), 0);
}

#[test]
fn ids_beyond_64_bits_and_texts_are_rows_of_their_own() {
    let more = |stream: &str| format!(r#","cat":"kernel","args":{{"device":0,"stream":{stream}}}"#);
    let ids = [
        "7",
        "94368012345680",
        "18446744073709551600",
        "18446744073709551608",
        r#""0x7f00""#,
        "340282366920938463463374607431768211456",
    ];
    let all: Vec<String> = ids.iter().map(|id| slice("0", "1", "k", (0, 9), &more(id))).collect();
    let trace = events(&all);
    let names: Vec<&str> = trace
        .tracks
        .iter()
        .filter(|track| matches!(track.kind, TrackKind::Stream { .. }))
        .map(|track| track.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "stream 7",
            "stream 94368012345680",
            "stream 18446744073709551600",
            "stream 18446744073709551608",
            "stream 0x7f00",
            "stream 340282366920938463463374607431768211456"
        ]
    );
    let numbers: std::collections::BTreeSet<_> = trace
        .tracks
        .iter()
        .filter_map(|t| match t.kind {
            TrackKind::Stream { stream, .. } => Some(stream),
            _ => None,
        })
        .collect();
    assert_eq!(numbers.len(), 6);
    let pids = ["4026531840", "7168000000", "18446744073709551615", "99999999999999999999", "-1"];
    let hosts: Vec<String> = pids.iter().map(|pid| slice(pid, "1", "f", (0, 9), "")).collect();
    let trace = events(&hosts);
    let hosts = trace.tracks.iter().filter(|t| matches!(t.kind, TrackKind::HostThread { .. }));
    assert_eq!(hosts.count(), 5);
    for pid in pids {
        assert!(trace.tracks.iter().any(|t| t.name == format!("process {pid}")), "{pid}");
    }
}
