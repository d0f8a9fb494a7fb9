//! Whole traces out of whole traces.

mod clocks;
mod merge;
mod only_rank;

pub use merge::{MergeError, merge};
pub use only_rank::{only_rank, ranks};
