//! Digests: what a rank did, op by op and iteration by iteration, in about a hundred bytes a row, so that thousands of ranks
//! can be asked together.
//!
//! [`OpRow`] and [`IterationRow`] are the rows, [`of_rank`] makes them of a recording by the analyses that its report rests
//! on, [`sm_times`] sums the thread blocks of each op, [`write_ops`] and [`write_iterations`] write them as Parquet, [`read_iterations`] and its like read them,
//! [`groups_of`] says which ranks belong together. What the
//! columns mean, and which version they have, is in `docs/digest.md`; a test holds the page to [`columns`].

mod blocks;
mod collective;
mod groups;
mod iterations;
mod ops;
#[cfg(feature = "parquet")]
mod read;
mod row;
mod schema;
mod tally;
#[cfg(feature = "parquet")]
mod write;

pub use crate::analysis::rank_ranges;
pub use blocks::{SmTimes, sm_times};
pub use collective::Before;
pub use groups::{Group, GroupKind, GroupOps, OperationCount, RankGroups, Why, groups_of};
pub use iterations::iteration_numbers;
pub use ops::{RankDigest, of_rank, of_rank_after};
#[cfg(feature = "parquet")]
pub use read::{OpTimes, RankIterations, ReadError, read_groups, read_iterations, read_op_times};
pub use row::{CollectiveRow, DigestOf, IterationRow, OpRow};
pub use schema::{Kind, VERSION, columns};
pub use tally::Tally;
#[cfg(feature = "parquet")]
pub use write::{write_iterations, write_ops};

#[cfg(test)]
mod tests;
