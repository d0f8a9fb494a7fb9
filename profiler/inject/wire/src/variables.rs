//! Environment variables that tell the library in a watched process what it is to do.

/// Folder of the job: sockets lie in it. Without it the library does nothing at all.
pub const JOB: &str = "WEFTSCOPE_JOB";
/// The level asked for: `kernels`, `channels`, `blocks`, or [`AUTO`].
pub const LEVEL: &str = "WEFTSCOPE_LEVEL";
/// Value of [`LEVEL`]: the most that can be had.
pub const AUTO: &str = "auto";
/// A [`Trigger`](crate::Trigger): when recording begins by itself, and after how many steps it ends.
pub const RECORD: &str = "WEFTSCOPE_RECORD";
/// Compiled device code for [`Level::Blocks`](crate::Level::Blocks), a folder with `sm_90.patch.cubin` and
/// `sm_90.clock.cubin` for each architecture of this computer.
pub const PROGRAMS: &str = "WEFTSCOPE_PROGRAMS";
/// Path of libsanitizer-public.so.
pub const SANITIZER: &str = "WEFTSCOPE_SANITIZER";
/// Which modules are patched: `worth` (those whose kernels are worth it), `all`, or a part of a kernel's name; then, with commas
/// between, `-NAME` for those that are left out, and `within:SHARE` for what all stamps may take of their kernels' time.
pub const PATCH: &str = "WEFTSCOPE_PATCH";

/// Names of variables from which the rank of a process may be told.
pub const RANKS: &[&str] = &[
    "RANK",
    "WORLD_SIZE",
    "LOCAL_RANK",
    "OMPI_COMM_WORLD_RANK",
    "OMPI_COMM_WORLD_SIZE",
    "PMI_RANK",
    "PMI_SIZE",
    "SLURM_PROCID",
    "SLURM_NTASKS",
    "MV2_COMM_WORLD_RANK",
    "MV2_COMM_WORLD_SIZE",
    "LWS_WORKER_INDEX",
    "LWS_GROUP_SIZE",
    "JOB_COMPLETION_INDEX",
    "HOSTNAME",
];
