//! Machines: what a GPU and its links can do. Loaded from the JSON files in `engine/machines/`.

use serde::{Deserialize, Serialize};

/// A host with GPUs of one sort, all linked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// Name as the command line takes it, e.g. `h100x8`.
    pub name: String,
    /// One line for people, e.g. `8 × H100 SXM, NVLink 4 through NVSwitch`.
    pub title: String,
    /// Number of GPUs.
    pub gpus: u32,
    /// One GPU.
    pub gpu: GpuSpec,
    /// What links the GPUs.
    pub link: LinkSpec,
    /// Launch and synchronisation costs.
    pub host: HostSpec,
    /// Where each constant comes from: key path → source, or a sentence that begins with `estimate`.
    pub sources: std::collections::BTreeMap<String, String>,
}

/// One GPU. Rates are what kernels reach, not datasheet peaks, unless named peak.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GpuSpec {
    /// Marketing name.
    pub name: String,
    /// Compute capability, `[9, 0]`.
    pub compute_capability: (u32, u32),
    /// Streaming multiprocessors.
    pub sms: u32,
    /// Device memory in bytes.
    pub memory_bytes: u64,
    /// Resident threads an SM.
    pub threads_per_sm: u32,
    /// Resident blocks an SM.
    pub blocks_per_sm: u32,
    /// Shared memory an SM, bytes.
    pub smem_per_sm_bytes: u32,
    /// Dense bf16 rate of all SMs in a large well-tiled GEMM, FLOP/s.
    pub bf16_flops: f64,
    /// Device memory bandwidth reached by streaming kernels, bytes/s.
    pub hbm_bytes_per_s: f64,
    /// L2 bandwidth, bytes/s.
    pub l2_bytes_per_s: f64,
    /// L2 size, bytes.
    pub l2_bytes: u64,
}

/// Links between the GPUs of a machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinkSpec {
    /// Name, e.g. `NVLink 4`.
    pub name: String,
    /// Bytes/s a GPU can send (and, at the same time, receive) through its ports with plain peer traffic.
    pub bytes_per_s: f64,
    /// Bytes/s of message size reached by in-switch reduction and multicast; `None` without NVLink multicast.
    pub multimem_bytes_per_s: Option<f64>,
    /// Bytes/s that one SM of communication can drive with peer loads or stores.
    pub bytes_per_s_per_sm: f64,
    /// One way latency of a flag from GPU to GPU, ns.
    pub latency_ns: f64,
}

/// Costs of launching and of ordering.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostSpec {
    /// From one kernel's last block to the first block of the next on the same stream, ns.
    pub kernel_gap_ns: f64,
    /// From an event recorded on one stream to the first block that waited for it on another, ns.
    pub join_gap_ns: f64,
    /// Fixed time of a block before its first useful instruction, ns.
    pub block_start_ns: f64,
}
