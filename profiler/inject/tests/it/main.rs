//! Tests of the injected library against what NVIDIA publishes.

mod layout;
mod nvtx;
mod own;
