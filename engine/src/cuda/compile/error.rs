use thiserror::Error;

/// Why a program did not compile.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CompileError {
    /// The source is at fault; the log says where.
    #[error("{file} ({defines}) does not compile for {arch}:\n{log}")]
    Source {
        /// File below `kernels/cuda`.
        file: &'static str,
        /// Definitions it was compiled with.
        defines: String,
        /// Architecture.
        arch: String,
        /// The compiler's words.
        log: String,
    },
    /// This NVRTC builds nothing that the GPU could run.
    #[error(
        "this NVRTC knows neither compute capability {capability} nor one below that has programs"
    )]
    Unknown {
        /// The GPU's, times ten.
        capability: u32,
    },
    /// NVRTC itself failed.
    #[error("NVRTC failed on {file}: {cause}")]
    Compiler {
        /// File below `kernels/cuda`.
        file: &'static str,
        /// Its result code.
        cause: String,
    },
}
