//! Checkpoints of Hugging Face: a folder with `config.json` and safetensors, cut into the shards of ranks.
//!
//! Files are memory-mapped, so a rank reads only what it keeps; nothing here needs a GPU.

mod error;
mod map;
mod names;
mod open;
mod piece;
mod sharding;

#[cfg(test)]
mod tests;

pub use error::CheckpointError;
pub use open::Checkpoint;
pub(super) use piece::{Cut, Piece};
