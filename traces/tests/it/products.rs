//! Shapes of PyTorch's profiler (`record_shapes=True`), in a recording written by hand from its public format.

use weftscope_traces::analysis::{Bound, Config, Ops, ProductReport, products};
use weftscope_traces::stream::silent;
use weftscope_traces::{OpenOptions, open};

const HEAD: &str = r#"{"schemaVersion": 1,
 "deviceProperties": [{"id": 0, "name": "GPU", "numSms": 132}],
 "distributedInfo": {"backend": "nccl", "rank": 0, "world_size": 1},
 "traceEvents": ["#;

/// An operator with its inputs.
fn operator(id: u32, name: &str, dims: &str, types: &str) -> String {
    let at = id * 10;
    format!(
        r#"{{"ph": "X", "cat": "cpu_op", "name": "{name}", "pid": 1, "tid": 1, "ts": {at}, "dur": 5,
            "args": {{"External id": {id}, "Input Dims": {dims}, "Input type": {types}, "Ev Idx": {id}}}}},"#
    )
}

/// A kernel that operator `id` launched, `us` long.
fn kernel(id: u32, name: &str, at: u32, us: u32) -> String {
    format!(
        r#"{{"ph": "X", "cat": "kernel", "name": "{name}", "pid": 0, "tid": 7, "ts": {at}, "dur": {us},
            "args": {{"External id": {id}, "device": 0, "stream": 7, "correlation": {at}}}}},"#
    )
}

fn report(gpu: &str, events: &str) -> ProductReport {
    let head = HEAD.replace("\"GPU\"", &format!("\"{gpu}\""));
    let json = format!("{head}{}]}}", events.trim_end_matches(','));
    let options = OpenOptions::default();
    let trace = open(json.as_bytes(), &options, &mut silent).expect("a recording");
    products(&Ops::of(&trace, &Config::default()))
}

const TYPES: &str = r#"["c10::BFloat16", "c10::BFloat16"]"#;

/// 2 · 4096 · 8192 · 1024 FLOP at 989.5 TFLOP/s take 69.45 µs at best; the second one takes 100 µs, in two kernels.
#[test]
fn products_are_held_against_the_data_sheet() {
    let wide = "[[4096, 1024], [1024, 8192]]";
    let events = operator(1, "aten::mm", wide, TYPES)
        + &operator(2, "aten::mm", wide, TYPES)
        + &operator(3, "aten::mm", "[[1, 8192], [8192, 8192]]", TYPES)
        + &operator(4, "aten::add", "[[8], [8]]", TYPES)
        + &kernel(1, "nvjet_gemm", 100, 80)
        + &kernel(2, "nvjet_gemm_splitk", 200, 90)
        + &kernel(2, "cublasLt::splitKreduce_kernel", 300, 10)
        + &kernel(3, "gemv_kernel", 400, 56)
        + &kernel(9, "gemm_of_nobody", 500, 5)
        + &kernel(4, "elementwise_add", 600, 5);
    let report = report("NVIDIA H200", &events);
    assert_eq!((report.kernels, report.without_shape), (5, 1), "{report:?}");
    let [wide, thin] = &report.rows[..] else { panic!("{report:?}") };
    assert_eq!((wide.name.as_str(), wide.shape.as_str()), ("aten::mm", "4096×8192×1024"));
    assert_eq!((wide.count, wide.total_ns, wide.median_ns), (2, 180_000, 90_000));
    let best_ns = 2.0 * 4096.0 * 8192.0 * 1024.0 / 989.5e12 * 1e9;
    assert!((wide.roofline_ns.expect("known") - best_ns).abs() < 1e-6);
    assert!((wide.of_roofline().expect("known") - best_ns / 90_000.0).abs() < 1e-12);
    assert_eq!(wide.bound, Some(Bound::Compute));
    // One row: 134 MB of weights at 4.8 TB/s take 27.97 µs.
    let bytes = 2.0 * (8192.0 + 8192.0 * 8192.0 + 8192.0);
    assert_eq!((thin.bytes, thin.bound), (Some(bytes), Some(Bound::Memory)));
    assert!((thin.roofline_ns.expect("known") - bytes / 4800e9 * 1e9).abs() < 1e-6);
    assert_eq!(report.unknown_gpus, [""; 0]);
}

#[test]
fn what_is_not_known_is_said() {
    let events =
        operator(1, "aten::mm", "[[64, 64], [64, 64]]", TYPES) + &kernel(1, "nvjet_gemm", 100, 80);
    let unlisted = report("NVIDIA Z9", &events);
    assert_eq!(
        (unlisted.rows[0].roofline_ns, unlisted.unknown_gpus.as_slice()),
        (None, &["NVIDIA Z9".to_owned()][..])
    );
    let none = report("NVIDIA H200", &kernel(1, "nvjet_gemm", 100, 80));
    assert_eq!((none.rows.len(), none.kernels, none.without_shape), (0, 1, 1));
}
