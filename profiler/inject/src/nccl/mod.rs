//! NCCL's profiler plugin: what collectives the program launches, and when their channels ran. NCCL loads this library where `NCCL_PROFILER_PLUGIN`
//! names it, and takes the newest of the tables that it knows.

pub mod abi;
pub mod channels;
pub mod collectives;
pub mod handle;
pub mod plugin;
pub mod version;
