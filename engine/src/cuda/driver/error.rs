//! What can go wrong on the way to a GPU, in words that say what to do.

use cudarc::driver::DriverError;
use thiserror::Error;

use super::{FindError, Unavailable};
use crate::cuda::compile::CompileError;

/// What can go wrong between a plan and a GPU.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CudaError {
    /// No GPU can be used.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// A library is missing.
    #[error(transparent)]
    Library(#[from] FindError),
    /// A device program did not compile.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The driver refused.
    #[error("GPU {gpu}: {what}: {cause}")]
    Driver {
        /// Device index.
        gpu: u32,
        /// What was being done.
        what: &'static str,
        /// The driver's name for it.
        cause: String,
    },
    /// NCCL refused.
    #[error("NCCL: {call}: {cause}")]
    Nccl {
        /// The function.
        call: &'static str,
        /// NCCL's words.
        cause: String,
    },
    /// It did not end in time: most likely ranks of other processes are gone.
    #[error("{what} did not end within {seconds} s: a rank of another process may be gone")]
    Late {
        /// What was waited for.
        what: &'static str,
        /// How long.
        seconds: u64,
    },
    /// The memory asked for is not free.
    #[error(
        "GPU {gpu} has {free_mib} MiB free of {total_mib}; {asked_mib} MiB were asked for; another process may hold the rest"
    )]
    OutOfMemory {
        /// Device index.
        gpu: u32,
        /// Asked for.
        asked_mib: u64,
        /// Free.
        free_mib: u64,
        /// All of it.
        total_mib: u64,
    },
    /// A plan needs more memory than is free; said before anything is allocated.
    #[error(
        "needs {} a GPU ({detail}), {} of {} free on GPU {gpu}; fewer layers or tokens need less",
        gigabytes(*.needed_bytes), gigabytes(*.free_bytes), gigabytes(*.total_bytes)
    )]
    TooLarge {
        /// Device index.
        gpu: u32,
        /// What the plan takes.
        needed_bytes: u64,
        /// What for.
        detail: String,
        /// Free.
        free_bytes: u64,
        /// All of it.
        total_bytes: u64,
    },
    /// A plan has an op that nothing here computes; such plans are refused before they run.
    #[error("no kernel computes {op} here")]
    NoKernel {
        /// What the op is.
        op: &'static str,
    },
    /// Fewer GPUs than ranks.
    #[error(
        "{asked} ranks need {asked} GPUs, {found} are here; use fewer ranks, or look at CUDA_VISIBLE_DEVICES"
    )]
    TooFew {
        /// Ranks asked.
        asked: u32,
        /// GPUs here.
        found: usize,
    },
    /// Two GPUs cannot reach one another's memory.
    #[error(
        "GPU {from} cannot reach the memory of GPU {to}: the driver grants no peer access between them (nvidia-smi topo -m shows the links)"
    )]
    NoPeerLink {
        /// Reader.
        from: u32,
        /// Owner.
        to: u32,
    },
    /// The GPUs are not of one sort.
    #[error("ranks need GPUs of one sort, here are {names}; CUDA_VISIBLE_DEVICES can choose")]
    Mixed {
        /// Index and name of each.
        names: String,
    },
    /// A GPU is closed to every process.
    #[error(
        "GPU {gpu} is in compute mode Prohibited, so no program may use it; `nvidia-smi -i {gpu} -c DEFAULT` allows it again"
    )]
    Prohibited {
        /// Device index.
        gpu: u32,
    },
    /// Another process holds a GPU that takes one at a time.
    #[error(
        "GPU {gpu} is in compute mode Exclusive_Process and process {pid} holds it; end that process, or `nvidia-smi -i {gpu} -c DEFAULT` lets both in"
    )]
    Held {
        /// Device index.
        gpu: u32,
        /// The process that holds it.
        pid: u32,
    },
    /// The driver is older than the compiler's code.
    #[error(
        "the driver runs CUDA {}.{}, the compiler is NVRTC {}.{}, of a later major version: update the driver to one for CUDA {}, or install the older compiler (pip install nvidia-cuda-nvrtc-cu{})",
        .driver.0, .driver.1, .nvrtc.0, .nvrtc.1, .nvrtc.0, .driver.0
    )]
    DriverBehind {
        /// CUDA version of the driver.
        driver: (u32, u32),
        /// Version of NVRTC.
        nvrtc: (i32, i32),
    },
    /// No device programs for this GPU.
    #[error("no device programs for {name} (compute capability {}.{})", .capability.0, .capability.1)]
    NoArch {
        /// Its name.
        name: String,
        /// Its compute capability.
        capability: (u32, u32),
    },
}

/// Decimal, as data sheets count: `38.2 GB`.
pub(in crate::cuda) fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}

/// Names GPU and action of a driver error.
pub(in crate::cuda) trait Context<T> {
    fn on(self, gpu: u32, what: &'static str) -> Result<T, CudaError>;
}

impl<T> Context<T> for Result<T, DriverError> {
    fn on(self, gpu: u32, what: &'static str) -> Result<T, CudaError> {
        self.map_err(|error| CudaError::Driver { gpu, what, cause: format!("{:?}", error.0) })
    }
}
