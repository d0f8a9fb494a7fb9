//! SQL over a trace: SQLite with virtual tables straight over its columns; no slice is copied.
//!
//! Tables and columns are named and typed as in Perfetto, so that queries people paste run; `block` is ours. A
//! [`Database`] only reads: nothing can be created, attached or set, and a query ends when its caller says so.

mod args;
mod around;
mod cell;
mod counters;
mod database;
mod error;
mod flows;
mod functions;
mod guard;
mod include;
mod intervals;
mod leaves;
mod listed;
mod module;
mod orders;
mod parts;
mod plan;
mod questions;
mod relation;
mod slice_columns;
mod slice_rows;
mod slice_walk;
mod slices;
mod stopping;
mod stretches;
mod tabled;
mod views;
mod written;

pub use cell::Cell;
pub use database::{Database, TableColumns, Taker, known_tables};
pub use error::{Place, QueryError};
pub use functions::FUNCTIONS;
pub use questions::{QUESTIONS, Question};
pub use slice_rows::slice_of_id;
pub use stretches::StretchTaker;
pub use written::WritingTaker;
