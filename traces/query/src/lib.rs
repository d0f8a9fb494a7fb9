//! SQL over a trace: SQLite with virtual tables straight over its columns; no slice is copied.
//!
//! Tables and columns are named and typed as in Perfetto, so that queries people paste run; `block` is ours. A
//! [`Database`] only reads: nothing can be created, attached or set, and a query ends when its caller says so.

mod cell;
mod counters;
mod database;
mod error;
mod guard;
mod include;
mod intervals;
mod listed;
mod module;
mod parts;
mod questions;
mod relation;
mod slice_rows;
mod slices;
mod tabled;
mod views;

pub use cell::Cell;
pub use database::{Database, Taker};
pub use error::QueryError;
pub use questions::{QUESTIONS, Question};
