//! The machine as its libraries show it: GPUs, memory, streams, launches, NCCL, the management library.
//!
//! Nothing here knows a plan, or what any kernel computes.

mod device;
mod error;
mod exit;
mod family;
mod find;
mod here;
mod launch;
mod memory;
mod multicast;
mod nccl;
mod nvml;
mod probe;
mod ready;

pub use device::{Device, Group};
pub(in crate::cuda) use device::{Image, KernelKey};
pub use error::CudaError;
pub(in crate::cuda) use error::{Context, gigabytes};
pub use exit::{before_exit, renew_exit_hooks};
pub use family::KernelFamily;
pub(in crate::cuda) use find::load;
pub use find::{FindError, library_paths};
pub use here::machine_of;
pub(in crate::cuda) use launch::{Kernel, Shape};
pub use memory::{Buffer, DevicePtr};
pub use multicast::{MulticastOptIn, MulticastPermit, MulticastRefusal};
pub use nccl::{Joining, Nccl, NcclId, Part};
pub use nvml::{GpuLoad, GpuProcess};
pub use probe::{
    ComputeMode, GpuInfo, Gpus, Unavailable, driver_release, loads, multicast_veto, probe,
};
pub(in crate::cuda) use ready::{choose, driver_runs};
