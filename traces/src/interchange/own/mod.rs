//! Files that we wrote, in whatever format: the description that goes with them, the rows on which other viewers draw
//! their lanes, what is told of each op, and the reader's half that the description makes exact.

mod build;
mod facts;
mod format;
mod row;
mod rows;

pub(crate) use build::{NO_ENDS, OwnBuild};
pub use facts::category_of;
pub(crate) use facts::{category, facts};
pub(crate) use format::{OWN_VERSION, Own, counters, labels, tracks};
pub(crate) use row::{HOST_PID, OTHER_PID, RowId};
pub(crate) use rows::{Process, Rows, processes};
