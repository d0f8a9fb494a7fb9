//! Requests to be served and what is said of their serving: the same on the command line and in the window.

mod columns;
mod notes;
mod workload;

pub(crate) use columns::{Column, ITERATIONS, SPEEDS};
pub(crate) use notes::{empty_rows, fixed_cut, refused};
#[cfg(feature = "gpus")]
pub(crate) use workload::DemandError;
pub(crate) use workload::{Demand, Source, Workload};
