//! What kernels write down of their times: the ring they write into, and the block records made of it.

mod recording;
mod records;

pub use recording::{OpRecording, Recording, Stamps};
pub use records::{RingLoss, block_records, marked_ops};

/// Op id of the mark that every iteration begins with.
pub(in crate::cuda) const BEGIN: u32 = u32::MAX;
