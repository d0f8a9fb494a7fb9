//! Compiling device programs at run time, and keeping what came out.

mod compiled;
mod cubins;
mod error;
mod nvrtc;

pub use compiled::Compiled;
pub use cubins::{CacheOff, CubinCache, cubin_cache};
pub use error::CompileError;
pub use nvrtc::Nvrtc;
