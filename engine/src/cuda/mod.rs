//! Running on NVIDIA GPUs. The only part of this crate that may be unsafe.
//!
//! Every library is found and loaded at run time: nothing here needs CUDA to build, and a machine without it gets
//! a value that says what is missing, never a panic.
#![expect(
    unsafe_code,
    reason = "the boundary to CUDA's libraries; every block says why it is sound"
)]

mod ceiling;
pub mod check;
mod checkpoint;
mod cubins;
mod device;
mod error;
mod executor;
mod family;
mod find;
mod gemm;
mod here;
mod launch;
mod memory;
mod multicast;
mod nccl;
mod nvml;
mod nvrtc;
mod probe;
mod ready;
mod ring;
mod stamps;
mod tensor_map;

pub use ceiling::measure_ceiling;
pub use checkpoint::{Checkpoint, CheckpointError};
pub use cubins::{CacheOff, CubinCache, cubin_cache};
pub use device::{Device, Group, Kernel};
pub use error::CudaError;
pub use executor::{CacheRoom, CudaExecutor, Launching, Weights, refusal};
pub use family::KernelFamily;
pub use find::{FindError, library_paths};
pub use gemm::{Gemm, GemmCall, GemmForm};
pub use here::{machine_here, machine_of};
pub use launch::{Args, Shape};
pub use memory::Buffer;
pub use multicast::{MulticastOptIn, MulticastPermit, MulticastRefusal};
pub use nccl::{Nccl, Part};
pub use nvml::{GpuLoad, GpuProcess};
pub use nvrtc::{CompileError, Compiled, Nvrtc};
pub use probe::{
    ComputeMode, GpuInfo, Gpus, Unavailable, driver_release, loads, multicast_veto, probe,
};
pub use ring::{RingLoss, block_records, marked_ops};
pub use stamps::{Recording, Stamps};
pub use tensor_map::{Matrix, TensorMap};

use executor::{ATTENTION_SMEM_BYTES, DECODE_SMEM_BYTES, FusedForm, PORTABLE_ATTENTION_SMEM_BYTES};
use ready::{choose, driver_runs, gigabytes};

#[cfg(test)]
mod tests;
