//! NVIDIA's Compute Sanitizer patching API: what of it is used here.

pub mod abi;
mod library;

pub use library::{Code, LoadError, Sanitizer, Stream, Subscriber};
