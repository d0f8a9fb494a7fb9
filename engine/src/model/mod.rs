//! Shapes of transformer models: the built-in ones, those of Hugging Face configs, and one rank's shard.

mod builtin;
mod error;
mod hf;
mod rope;
mod shape;
mod shard;

pub use builtin::{builtin, names};
pub use error::ModelError;
pub use hf::from_hf_config;
pub use rope::RopeScaling;
pub use shape::{Ffn, ModelShape, Moe};
pub use shard::{DegreeError, Shard};
