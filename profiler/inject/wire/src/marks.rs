//! What kernels say of themselves, through `kernels/own/weft.cuh`.

use serde::{Deserialize, Serialize};

/// What a mark is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MarkKind {
    /// A thread block, by its first thread.
    Block,
    /// A stretch of a block, by its first thread.
    Phase,
    /// A stretch of a warp.
    WarpPhase,
    /// A moment.
    Moment,
}

/// A mark inside a thread block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// [`Device::ordinal`](crate::Device::ordinal).
    pub device: u32,
    /// [`MarkName::id`].
    pub name: u32,
    /// What it is of.
    pub kind: MarkKind,
    /// Beginning.
    pub start_device_ns: u64,
    /// End.
    pub end_device_ns: u64,
    /// Streaming multiprocessor.
    pub sm: u32,
    /// Block, counted with x fastest.
    pub block: u32,
    /// Warp in its block.
    pub warp: u32,
}

/// What marks are called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkName {
    /// Number in this recording of its process.
    pub id: u32,
    /// As the kernel has it.
    pub name: String,
}
