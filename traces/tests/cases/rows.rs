//! Whose row is it, and what is on it: ranks, dialects, names of kernels, data that cannot be.

use weftscope_traces::{Trace, TrackKind};

use crate::case::{Case, Opened, case, figures};

fn is_stream(kind: &TrackKind) -> bool {
    matches!(kind, TrackKind::Stream { .. })
}

/// What a file says of its rank, kept where it says it oddly.
fn keeps_distributed_info(opened: &Opened) -> bool {
    let whole = opened.traces[0].meta.beside.iter().find(|(key, _)| key == "distributedInfo");
    whole.is_some_and(|(_, text)| text.contains("\"rank\":") && text.contains("\"world_size\":8"))
}

/// Names of the rows whose kind `keep` accepts.
fn names_of(trace: &Trace, keep: impl Fn(&TrackKind) -> bool) -> Vec<String> {
    let rows = trace.tracks.iter().filter(|track| keep(&track.kind));
    rows.map(|track| track.name.clone()).collect()
}

pub(crate) fn cases() -> Vec<Case> {
    [on_the_gpu(), dialects(), names_and_numbers()].into_iter().flatten().collect()
}

/// What counts on a GPU, and where it stands.
fn on_the_gpu() -> Vec<Case> {
    vec![
        case("02-sync-is-no-compute", "HTA PR#162")
            .file("02-sync-is-no-compute.json")
            .rank(0, figures().compute(190.0).comm(300.0).pct(0.0).idle(110.0)),
        case("03-annotation-not-twice", "pytorch#130730")
            .file("03-annotation-not-twice.json")
            .rank(0, figures().pct(25.0)),
        case("04-64bit-streams", "kineto PR#1416")
            .file("04-64bit-streams.json")
            .rank(2, figures().pct(60.0))
            .no_other_rank()
            .holds("four stream rows with their own names", |opened| {
                let ids = [
                    "94368012345680",
                    "94368012349776",
                    "18446744073709551600",
                    "18446744073709551608",
                ];
                let names = names_of(&opened.traces[0], is_stream);
                names.len() == 4 && ids.iter().all(|id| names.contains(&format!("stream {id}")))
            }),
        case("05-correlation-0", "roctracer#100")
            .file("05-correlation-0.json")
            .only_rank(figures().pct(50.0)),
        case("06-kernel-before-launch", "kineto#1380")
            .file("06-kernel-before-launch.json")
            .holds("the arrow is kept", |opened| !opened.traces[0].flows.is_empty()),
    ]
}

/// Rows told by recorders in their own ways.
fn dialects() -> Vec<Case> {
    vec![
        case("08-sglang-merged-pids", "sglang PR#11413")
            .file("08-sglang-merged-pids.json")
            .rank(0, figures().pct(50.0))
            .rank(1, figures().pct(0.0))
            .no_other_rank(),
        case("13-jax-gpu", "marin#3345")
            .file("13-jax-gpu.json")
            .rank(0, figures().compute(180.0).comm(100.0).pct(50.0)),
        case("14-rocprof-v1", "rocprofiler#152")
            .file("14-rocprof-v1.json")
            .rank(0, figures().pct(50.0)),
        case("15a-nsys2json", "nsys2json").file("15a-nsys2json.json").rank(0, figures().pct(50.0)),
        case("16-ascend", "Ascend/pytorch#133").file("16-ascend.json").rank(0, figures().pct(50.0)),
        case("18-deepep-v2", "DeepEP PR#420")
            .file("18-deepep-v2.json")
            // Two of three run beside the product, which lasts from 0 to 300: 50 to 250.
            .rank(0, figures().comm(300.0).hidden(200.0).pct(66.6667)),
        case("20-copy-engine-allgather", "pytorch PR#176613")
            .file("20-copy-engine-allgather.json")
            .rank(0, figures().comm(400.0).pct(87.5)),
        case("24-xpu", "torch-xpu-ops#5284").file("24-xpu.json").rank(0, figures().pct(50.0)),
    ]
}

/// Numbers that are large, odd, said twice or cannot be.
fn names_and_numbers() -> Vec<Case> {
    vec![
        case("26-huge-pids", "perfetto#935").file("26-huge-pids.json").clean().holds(
            "two processes with one slice each",
            |opened| {
                let trace = &opened.traces[0];
                let names = names_of(trace, |kind| *kind == TrackKind::Group);
                let wanted = ["job 7168000000 (7168000000)", "job 7168000001 (7168000001)"];
                names == wanted && trace.num_slices() == 2
            },
        ),
        case("28-flow-start-step", "perfetto#222")
            .file("28-flow-start-step.json")
            .holds("the arrow is kept", |opened| !opened.traces[0].flows.is_empty()),
        case("31-impossible-duration", "TraceLens#669")
            .file("31-impossible-duration.json")
            .only_rank(figures().pct(0.0))
            .says("ck_tile_fmha_bwd_kernel of 2.00 s is stamped over 999 later ops of its stream"),
        case("32-two-clocks", "catapult#2600")
            .file("32-two-clocks.json")
            .only_rank(figures().compute(800.0).comm(0.0))
            .says("times of different clocks"),
        case("33-onnxruntime", "onnxruntime PR#8406")
            .file("33-onnxruntime.json")
            .rank(0, figures().compute(40.0).comm(40.0).pct(50.0))
            .holds("the streams that arguments name", |opened| {
                names_of(&opened.traces[0], is_stream) == ["stream 13", "stream 14"]
            }),
        case("34-old-autograd", "pytorch#33961")
            .file("34-old-autograd.json")
            .rank(0, figures().compute(134.176).comm(0.0))
            .holds("the arrow from the CPU is kept", |opened| opened.traces[0].flows.len() == 1),
        case("36-amd-bare-args", "pytorch#130560")
            .file("36-amd-bare-args.json")
            .only_rank(figures().pct(50.0)),
        case("41-nccl-plugin", "NVIDIA/nccl profiler plugin").file("41-nccl-plugin.json"),
        case("42-rounding-overlap", "aiu-trace-analyzer PR#28")
            .file("42-rounding-overlap.json")
            .clean(),
        case("44a-rank-form", "chakra PR#167")
            .file("44a-rank-form.json")
            .rank(3, figures())
            .no_other_rank()
            .clean()
            .holds("distributedInfo is kept", keeps_distributed_info),
        case("44b-rank-form", "chakra PR#167")
            .file("44b-rank-form.json")
            .only_rank(figures().compute(10.0))
            .says("distributedInfo names rank -1, which is none")
            .holds("distributedInfo is kept", keeps_distributed_info),
        case("44c-rank-form", "chakra PR#167")
            .file("44c-rank-form.json")
            .rank(3, figures())
            .no_other_rank()
            .clean()
            .holds("distributedInfo is kept", keeps_distributed_info),
        case("45-two-rank-0", "sglang PR#25446")
            .file("45-dp0-rank0.json")
            .file("45-dp1-rank0.json")
            .rank(0, figures().compute(100.0).comm(100.0).pct(0.0))
            .rank(1, figures().compute(100.0).comm(70.0).pct(0.0))
            .no_other_rank()
            .says("its rank 0 is shown as rank 1, because another file has rank 0 too"),
    ]
}
