//! NCCL's profiler plugin: what collectives the program launches. NCCL loads this library where `NCCL_PROFILER_PLUGIN`
//! names it, and takes the newest of the tables that it knows.

pub mod abi;
pub mod collectives;
pub mod plugin;
