//! Machines: what a GPU and its links can do.
//!
//! Constants live in the JSON files of `engine/machines/`, each with its source in the file; [`builtin`] has those,
//! [`from_json`] takes a user's.

mod builtin;
mod calibrated;
mod expected;
mod host;
mod like;
mod load;
mod mechanism;
mod spec;

pub use builtin::{builtin, names};
pub use calibrated::{Calibrated, MODEL_VERSION};
pub use expected::ExpectedError;
pub use host::HostSpec;
pub use like::like;
pub use load::{MachineError, from_json};
pub use mechanism::Mechanism;
pub use spec::{CollectiveSpec, GemmKernels, GpuSpec, KernelSpec, LinkSpec, Machine, PowerSpec};

/// Name of the machine that is this computer; only a computer with GPUs has one.
pub const HERE: &str = "here";
