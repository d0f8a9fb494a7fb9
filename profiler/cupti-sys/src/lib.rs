//! CUPTI without CUDA at build time and without a panic at run time. See the README.
#![expect(unsafe_code, reason = "the raw boundary to libcupti; every block says why it is sound")]

mod callback_ids;
mod calls;
mod find;
mod kind;
pub mod layout;
mod library;
mod params;
mod record;
mod version;

/// The generated bindings of CUPTI's C API. Open a [`Library`] first: without one every call panics.
#[cfg(feature = "bindings")]
pub use cudarc::cupti::sys as bindings;
/// The contexts and nodes of graphs that callbacks name.
#[cfg(feature = "bindings")]
pub use cudarc::driver::sys::{CUcontext, CUgraphNode};

pub use callback_ids::{LAUNCH_CALLS, NODE_CLONED, NODE_CREATED, NODE_DESTROYED};
pub use calls::Call;
pub use find::{NAMES, candidates};
pub use kind::ActivityKind;
pub use library::{Library, OpenError};
pub use record::{
    ApiCall, ExternalCorrelation, Kernel, Marker, Memcpy, MemcpyPeer, Memset, Overhead, Record,
    Synchronization, name_at,
};
pub use version::ApiVersion;
