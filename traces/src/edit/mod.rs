//! Whole traces out of whole traces.

mod merge;
mod only_rank;

pub use merge::merge;
pub(crate) use only_rank::only_rank;
pub use only_rank::ranks;
