//! A machine and specs for the planner's tests. The numbers are round stand-ins; plans depend on SM count, SM
//! limits and on whether there is multicast, not on rates.

use std::collections::BTreeMap;

use weftscope_engine::{
    batch::Batch,
    machine::{CollectiveSpec, GpuSpec, HostSpec, KernelSpec, LinkSpec, Machine},
    model,
    spec::{Knobs, RunSpec, StrategyKind},
};

/// Eight GPUs of 132 SMs with multicast.
pub(crate) fn machine() -> Machine {
    Machine {
        name: "h100x8".to_owned(),
        title: "8 GPUs of 132 SMs, for tests".to_owned(),
        gpus: 8,
        gpu: GpuSpec {
            name: "H100".to_owned(),
            compute_capability: (9, 0),
            sms: 132,
            memory_bytes: 80_000_000_000,
            threads_per_sm: 2048,
            blocks_per_sm: 32,
            smem_per_sm_bytes: 233_472,
            bf16_flops: 660e12,
            hbm_bytes_per_s: 3.1e12,
            l2_bytes_per_s: 5.5e12,
            l2_bytes: 50 << 20,
            gemm_kernels: weftscope_engine::machine::GemmKernels::Library,
            power: None,
        },
        link: LinkSpec {
            name: "NVLink 4".to_owned(),
            bytes_per_s: 360e9,
            multimem_bytes_per_s: Some(274e9),
            bytes_per_s_per_sm: 25e9,
            latency_ns: 1000.0,
            drain_ns: 0.0,
            multimem_in_place_bytes_per_s: None,
        },
        kernels: KernelSpec { loaded_latency: 1.0, ..KernelSpec::default() },
        collectives: CollectiveSpec {
            fused_row_ns: 2000.0,
            link_queueing: 0.8,
            setup_ns: 3000.0,
            ..CollectiveSpec::default()
        },
        host: HostSpec {
            issue_ns: 0.0,
            kernel_gap_ns: 1000.0,
            join_gap_ns: 3000.0,
            block_start_ns: 500.0,
            ..HostSpec::default()
        },
        expected_error: None,
        calibrated: None,
        sources: BTreeMap::new(),
    }
}

/// A built-in model at degree 8 with `tokens` of one prefill.
pub(crate) fn spec(model: &str, strategy: StrategyKind, tokens: u32) -> RunSpec {
    RunSpec {
        model: model::builtin(model).expect("a built-in model"),
        machine: machine(),
        batch: Batch::prefill(tokens, tokens),
        knobs: Knobs { strategy, ..Knobs::default() },
    }
}
