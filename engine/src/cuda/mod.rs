//! Running on NVIDIA GPUs. The only part of this crate that may be unsafe.
//!
//! Every library is found and loaded at run time: nothing here needs CUDA to build, and a machine without it gets
//! a value that says what is missing, never a panic.
#![expect(
    unsafe_code,
    reason = "the boundary to CUDA's libraries; every block says why it is sound"
)]

mod find;
mod nvrtc;
mod probe;

pub use find::{FindError, library_paths};
pub use nvrtc::{CompileError, Compiled, Nvrtc};
pub use probe::{GpuInfo, Gpus, Unavailable, multicast_veto, probe};
