//! Running on NVIDIA GPUs. The only part of this crate that may be unsafe.
//!
//! Every library is found and loaded at run time: nothing here needs CUDA to build, and a machine without it gets
//! a value that says what is missing, never a panic.
//!
//! | room | what it is |
//! | --- | --- |
//! | `driver` | GPUs, memory, streams and launches, NCCL, the management library |
//! | `compile` | NVRTC, and compiled programs kept between runs |
//! | `kernels` | each device kernel as something to load and launch |
//! | `executor` | plans on GPUs, one rank a GPU |
//! | [`check`] | every kernel against its reference |
//!
//! Beside them: `batches` (batch after batch over a cache that is kept), `stamps` (what kernels write down of their times), `checkpoint` (weights from files), and the best
//! rates of the GPUs at hand ([`measure_roofline`]).
#![expect(
    unsafe_code,
    reason = "the boundary to CUDA's libraries; every block says why it is sound"
)]

mod batches;
pub mod check;
mod checkpoint;
mod compile;
mod driver;
mod executor;
mod kernels;
mod roofline;
mod stamps;

#[cfg(test)]
mod tests;

pub use batches::{BatchRan, Batches, Next};
pub use checkpoint::{Checkpoint, CheckpointError};
pub use compile::{CacheOff, CompileError, Compiled, CubinCache, Nvrtc, cubin_cache};
pub use driver::{
    Buffer, ComputeMode, CudaError, Device, DevicePtr, FindError, GpuInfo, GpuLoad, GpuProcess,
    Gpus, Group, Joining, KernelFamily, MulticastOptIn, MulticastPermit, MulticastRefusal, Nccl,
    NcclId, Part, Unavailable, before_exit, driver_release, library_paths, loads, machine_of,
    multicast_veto, probe, renew_exit_hooks,
};
pub use executor::{
    Contents, CudaExecutor, Launching, PAGE_TOKENS, Placed, Share, Weights, page_bytes, pages_of,
    refusal, share_refusal,
};
pub use kernels::{Gemm, GemmCall, GemmForm, Groups, Loader, Matrix, TensorMap};
pub use roofline::measure_roofline;
pub use stamps::{OpRecording, Recording, RingLoss, Stamps, block_records, marked_ops};
