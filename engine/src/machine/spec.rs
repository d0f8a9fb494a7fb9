//! What a machine file says of GPUs, links and kernels.

use serde::{Deserialize, Serialize};

use super::{Calibrated, ExpectedError, HostSpec};

/// A host with GPUs of one sort, all linked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
    /// What compute kernels reach.
    pub kernels: KernelSpec,
    /// What collectives cost beyond the bytes they move.
    pub collectives: CollectiveSpec,
    /// Launch and synchronisation costs.
    pub host: HostSpec,
    /// How far its predictions are from measurements; `None`: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_error: Option<ExpectedError>,
    /// When its constants were fitted to GPUs of this computer; `None`: they are another machine's, or came otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibrated: Option<Calibrated>,
    /// Where each constant comes from: key path → source, or a sentence that begins with `estimate`.
    pub sources: std::collections::BTreeMap<String, String>,
}

/// One GPU. Rates are what kernels reach, not datasheet peaks, unless named peak.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
    /// Dense bf16 rate of all SMs together in a large well-tiled GEMM, FLOP/s: what the power limit sustains, less
    /// than SMs × [`KernelSpec::gemm_sm_flops`].
    pub bf16_flops: f64,
    /// Device memory bandwidth reached by streaming kernels, bytes/s.
    pub hbm_bytes_per_s: f64,
    /// L2 bandwidth, bytes/s.
    pub l2_bytes_per_s: f64,
    /// L2 size, bytes.
    pub l2_bytes: u64,
    /// Whose GEMMs run on it.
    #[serde(default)]
    pub gemm_kernels: GemmKernels,
    /// What holds its clocks down over milliseconds; `None`: nothing does (clocks are locked, or it is not known).
    #[serde(default)]
    pub power: Option<PowerSpec>,
}

/// Power of a GPU. It may draw more than its limit for some tens of milliseconds, until the control that averages has
/// seen it; then the clocks of everything with products fall to what the limit sustains.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PowerSpec {
    /// Drawn on average at most, W.
    pub limit_w: f64,
    /// Drawn with contexts open and nothing running, W.
    pub idle_w: f64,
    /// Of bf16 products of random numbers, J a floating-point operation.
    pub joules_per_flop: f64,
    /// Of traffic with device memory, J a byte.
    pub joules_per_dram_byte: f64,
    /// Drawn beyond the limit before the clocks fall, J.
    pub reserve_j: f64,
}

/// Whose GEMMs run: they differ in the tiles that they choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GemmKernels {
    /// A vendor library's (cuBLAS), as the published measurements have them.
    #[default]
    Library,
    /// This project's own for Hopper: clusters of two 128-row tiles, width chosen for the SMs that are free.
    Weft,
}

/// Links between the GPUs of a machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkSpec {
    /// Name, e.g. `NVLink 4`.
    pub name: String,
    /// Bytes/s a GPU can send (and, at the same time, receive) through its ports with plain peer traffic.
    pub bytes_per_s: f64,
    /// Bytes/s of message size reached by in-switch reduction and multicast; `None` without NVLink multicast.
    pub multimem_bytes_per_s: Option<f64>,
    /// The same where the collective stands among other kernels: published ones take 0.86 of their lone time there, from
    /// 4096 tokens on, although what they read does not fit into L2. `None`: no different.
    #[serde(default)]
    pub multimem_in_place_bytes_per_s: Option<f64>,
    /// Bytes/s that one SM of communication can drive with peer loads or stores.
    pub bytes_per_s_per_sm: f64,
    /// One way latency of a flag from GPU to GPU, ns.
    pub latency_ns: f64,
    /// How much later what follows a kernel starts while a collective keeps the links full, ns: the end of a kernel waits
    /// for all stores of its GPU that are on their way to peers, whosever they are. Stores to the GPU's own memory and
    /// loads cost nothing (kernels/NOTES.md, "The end of a kernel").
    #[serde(default)]
    pub drain_ns: f64,
}

/// What compute kernels reach on one SM, and how the memory system treats them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KernelSpec {
    /// FLOP/s of one SM in the main loop of a GEMM tile, when neither power nor L2 holds it back.
    pub gemm_sm_flops: f64,
    /// The same of the products of experts, many in one launch, whose rows are gathered from all over; `None`: no less.
    #[serde(default)]
    pub grouped_sm_flops: Option<f64>,
    /// Pipeline fill and epilogue of a GEMM tile that overlap with no main loop, ns.
    pub gemm_fixed_ns: f64,
    /// Most bytes/s of both operands that one block of a GEMM of few rows draws; `None`: products hold it back, not loads.
    #[serde(default)]
    pub gemm_sm_bytes_per_s: Option<f64>,
    /// FLOP/s of one SM in the main loop of causal attention.
    pub attention_sm_flops: f64,
    /// Start and epilogue of an attention block, ns.
    pub attention_fixed_ns: f64,
    /// Most bytes/s that one SM draws from L2 or device memory.
    pub sm_bytes_per_s: f64,
    /// The same where an SM loads and hardly stores (keys and values of attention); `None`: no more.
    #[serde(default)]
    pub sm_load_bytes_per_s: Option<f64>,
    /// The same of pointwise kernels that compute a good deal for each byte (rotary embedding, SiLU·mul); `None`: no less.
    #[serde(default)]
    pub pointwise_sm_bytes_per_s: Option<f64>,
    /// One access to device memory with nothing else going on, ns.
    pub memory_latency_ns: f64,
    /// How much an access that waits for its answer is slowed at full load of L2 or device memory, as a share of
    /// its unloaded time: 1.0 doubles it. Touches kernels bound by latency (collectives), not those that prefetch.
    pub loaded_latency: f64,
    /// Spread of the work of equal blocks: uniform within ± this share.
    pub block_jitter: f64,
}

/// What collectives cost beyond the bytes they move.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollectiveSpec {
    /// Dependent chain of one row in the fused all-reduce + norm, one CTA, nothing else on the links, ns; the bytes
    /// of the row at [`LinkSpec::bytes_per_s_per_sm`] come on top.
    pub fused_row_ns: f64,
    /// The same for a plain all-reduce, reduce-scatter or all-gather.
    pub plain_row_ns: f64,
    /// How much a row is slowed at full load of the links, as a share of its unloaded time.
    pub link_queueing: f64,
    /// Prologue and epilogue of a collective that are neither barrier nor rows, ns.
    pub setup_ns: f64,
    /// Time the barrier flags of one more CTA take in the fabric, ns.
    pub flag_ns: f64,
    /// NCCL ring, bytes/s a direction over the links ("bus bandwidth").
    pub nccl_bytes_per_s: f64,
    /// NCCL ring, time of the smallest message, ns.
    pub nccl_base_ns: f64,
    /// NCCL ring, pipeline fill that a message of [`Self::nccl_fill_bytes`] or more pays, ns.
    pub nccl_fill_ns: f64,
    /// NCCL ring, message size at which the fill is complete, bytes.
    pub nccl_fill_bytes: f64,
}
