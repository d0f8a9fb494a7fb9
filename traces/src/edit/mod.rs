//! Whole traces out of whole traces.

mod apart;
mod clocks;
mod merge;
mod only_rank;
mod rows;

pub use apart::number_apart;
pub use merge::{MergeError, merge};
pub use only_rank::{only_rank, ranks};
