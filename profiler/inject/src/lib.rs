//! The library that a watched CUDA program loads.
//!
//! CUDA's driver loads it where `CUDA_INJECTION64_PATH` names it, and calls [`entry`]. It does nothing but listen on a
//! socket until somebody asks for a recording; then thread blocks of kernels that nobody changed leave stamps, or CUPTI tells when
//! kernels ran.
//!
//! Reading order: [`settings`] (what it was asked for), [`telling`] (the socket), [`sanitizer`] (NVIDIA's patching
//! library, loaded at run time), [`blocks`] (stamps: where they go, which modules get them, how they come out),
//! [`driver`] (the few calls of CUDA's driver that fetch them), [`clock`] (a device's against the host's), [`marks`] (what a program's own kernels say of themselves), [`activity`] (CUPTI, where no blocks are asked for),
//! [`nccl`] (which collectives there are, and their channels), [`nvtx`] (ranges of the program's own), [`watch`] (all of it together), [`entry`] (the edge to
//! the program, over which nothing may panic).
#![allow(
    unsafe_code,
    reason = "the edge to C: callbacks of the driver's tools, tables of loaded functions"
)]

pub mod activity;
pub mod blocks;
pub mod clock;
pub mod driver;
pub mod entry;
pub mod host;
pub mod marks;
pub mod nccl;
pub mod nvtx;
pub mod sanitizer;
pub mod settings;
pub mod telling;
pub mod watch;
