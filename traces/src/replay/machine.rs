//! Another machine, as far as a replay asks. Whoever has machine files gives the figures; nothing here reads one.

use std::sync::Arc;

/// What kernels and links of a machine reach. Rates are those that kernels reach, not those of data sheets.
#[derive(Clone, Debug, PartialEq)]
pub struct MachineRates {
    /// As it is typed: its name, or its file.
    pub name: String,
    /// Its GPU, e.g. `H100 SXM5 80GB`.
    pub gpu: String,
    /// Whose kernels its figures are of, in words: machines of the same are compared like with like.
    pub kernels: String,
    /// GPUs that are linked.
    pub gpus: u32,
    /// SMs of one.
    pub sms: u32,
    /// bf16 products of all SMs together, FLOP/s.
    pub gemm_flops_per_s: f64,
    /// The same of one SM in the main loop of a tile.
    pub gemm_sm_flops_per_s: f64,
    /// Fill and epilogue of a tile.
    pub gemm_fixed_ns: f64,
    /// Causal attention on one SM, FLOP/s.
    pub attention_sm_flops_per_s: f64,
    /// Start and epilogue of a block of attention.
    pub attention_fixed_ns: f64,
    /// Device memory, bytes/s.
    pub hbm_bytes_per_s: f64,
    /// What one SM draws of it in a norm, bytes/s.
    pub norm_sm_bytes_per_s: f64,
    /// The same in a pointwise kernel.
    pub pointwise_sm_bytes_per_s: f64,
    /// One access to device memory.
    pub memory_latency_ns: f64,
    /// From a launch to the first instruction of a block.
    pub block_start_ns: f64,
    /// What links them.
    pub link: LinkRates,
}

/// What links GPUs, and what collectives reach over it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkRates {
    /// Peer traffic of a GPU in one direction, bytes/s.
    pub bytes_per_s: f64,
    /// What one SM drives of it.
    pub sm_bytes_per_s: f64,
    /// One way of a flag.
    pub latency_ns: f64,
    /// Prologue and epilogue of a collective by rows.
    pub setup_ns: f64,
    /// Barrier flags of one more CTA.
    pub flag_ns: f64,
    /// Dependent accesses of a row, a plain one and one that is normed on its way.
    pub row_ns: [f64; 2],
    /// Message bytes/s of in-switch reduction; `None` without it.
    pub multimem_bytes_per_s: Option<f64>,
    /// NCCL's ring: bus bytes/s.
    pub nccl_bytes_per_s: f64,
    /// Its smallest message.
    pub nccl_base_ns: f64,
    /// What filling its pipeline takes of a message of `nccl_fill_bytes` or more.
    pub nccl_fill_ns: f64,
    /// Message from which on the pipeline is filled.
    pub nccl_fill_bytes: f64,
}

/// Knows machines: by their names or files, and the one that a recording was made on.
pub trait Machines {
    /// The machine of this name or in this file.
    ///
    /// # Errors
    /// Why there is none, in words.
    fn named(&self, name: &str) -> Result<Arc<MachineRates>, String>;

    /// The one that the recording was made on, with the same kernels as `like` where it is known with several; `None` where
    /// it is not known.
    fn recorded_on(&self, like: Option<&MachineRates>) -> Option<Arc<MachineRates>>;
}

/// Knows none.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMachines;

impl Machines for NoMachines {
    fn named(&self, _name: &str) -> Result<Arc<MachineRates>, String> {
        Err("this program was built without the simulator and its machine files".to_owned())
    }

    fn recorded_on(&self, _like: Option<&MachineRates>) -> Option<Arc<MachineRates>> {
        None
    }
}
