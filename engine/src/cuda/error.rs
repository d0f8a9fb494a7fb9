use cudarc::driver::DriverError;
use thiserror::Error;

use super::{CompileError, FindError, Unavailable};

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
    /// Two GPUs cannot reach one another's memory.
    #[error("GPU {from} cannot read the memory of GPU {to}: no peer link between them")]
    NoPeerLink {
        /// Reader.
        from: u32,
        /// Owner.
        to: u32,
    },
    /// The GPUs are not of one sort.
    #[error("GPU {index} is a {name}, GPU 0 a {first}: ranks need GPUs of one sort")]
    Mixed {
        /// The odd one.
        index: u32,
        /// Its name.
        name: String,
        /// The first one's name.
        first: String,
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

/// Names GPU and action of a driver error.
pub(super) trait Context<T> {
    fn on(self, gpu: u32, what: &'static str) -> Result<T, CudaError>;
}

impl<T> Context<T> for Result<T, DriverError> {
    fn on(self, gpu: u32, what: &'static str) -> Result<T, CudaError> {
        self.map_err(|error| CudaError::Driver { gpu, what, cause: format!("{:?}", error.0) })
    }
}
