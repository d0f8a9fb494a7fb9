//! The engine's observer: copies records into batches and sends them over a bounded channel.
//!
//! An executor calls back a million times an iteration, so a call does no more than append to a buffer;
//! the trace is built where the channel is read. Buffers travel back to be filled again, so a steady
//! run allocates nothing. What the recorder costs is timed and travels with every iteration.

mod inbox;
mod message;
mod observer;

pub use inbox::Inbox;
pub use message::{Cost, Message, Overflow};
pub use observer::Recorder;

use crossbeam::channel::bounded;

/// Block records in a batch: 128 KiB, half of a common L2.
pub const BATCH_BLOCKS: usize = 4096;

/// Batches under way before the channel is full: with [`BATCH_BLOCKS`], 8 MiB.
pub const CHANNEL_BATCHES: usize = 64;

/// A recorder and the inbox it fills.
pub fn channel(overflow: Overflow) -> (Recorder, Inbox) {
    let (to_collector, messages) = bounded(CHANNEL_BATCHES);
    let (used_buffers, free_buffers) = bounded(CHANNEL_BATCHES);
    let recorder = Recorder::new(to_collector, free_buffers, overflow);
    (recorder, Inbox { messages, used_buffers })
}

#[cfg(test)]
mod tests;
