//! What CUPTI tells: kernels, copies and NVTX ranges with their times. Nothing of CUPTI is asked for before a recording
//! begins.
//!
//! Reading order: [`library`] (libcupti, loaded at run time), [`claim`] (being its one client, and which launches are
//! NCCL's), [`inbox`] (records become what is told), [`buffers`] (what CUPTI's threads call), [`clock`] (its time against
//! the host's), [`recording`] (all of it together).

pub mod buffers;
pub mod claim;
pub mod clock;
pub mod inbox;
pub mod library;
pub mod recording;
