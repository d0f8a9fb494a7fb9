//! Digests of the ranks of a job, looked at as a whole: what is read of them, what is shown of a rank in an iteration, in which order
//! ranks stand, which of them belong together, and how many of them fit into one row of a picture.
//!
//! Clocks of servers play no part: an iteration is a column, and within one each rank's time counts from its own start.

mod grid;
mod groups;
mod measure;
mod order;
mod read;
#[cfg(test)]
mod tests;
mod within;

pub use grid::{Cell, Grid};
pub use groups::{Family, Groups, read_all_groups};
pub use measure::Measure;
pub use order::Order;
pub use read::{Cluster, RankRows, folder_of, read};
pub use within::{BINS, Within, within};
