//! SQL over a trace: SQLite with virtual tables straight over its columns; no slice is copied.
//!
//! Tables and columns are named and typed as in Perfetto, so that queries people paste run; `block` is ours. A
//! [`Database`] only reads: nothing can be created, attached or set, and a query ends when its caller says so.

#[cfg(feature = "sqlite")]
mod args;
#[cfg(feature = "sqlite")]
mod around;
mod cell;
#[cfg(feature = "sqlite")]
mod counters;
#[cfg(feature = "sqlite")]
mod database;
mod error;
#[cfg(feature = "sqlite")]
mod flows;
#[cfg(feature = "sqlite")]
mod functions;
#[cfg(feature = "sqlite")]
mod guard;
#[cfg(feature = "sqlite")]
mod include;
#[cfg(feature = "sqlite")]
mod intervals;
#[cfg(feature = "sqlite")]
mod leaves;
#[cfg(feature = "sqlite")]
mod listed;
#[cfg(feature = "sqlite")]
mod module;
#[cfg(not(feature = "sqlite"))]
mod no_sqlite;
#[cfg(feature = "sqlite")]
mod orders;
#[cfg(feature = "sqlite")]
mod parts;
#[cfg(feature = "sqlite")]
mod plan;
mod questions;
#[cfg(feature = "sqlite")]
mod relation;
#[cfg(feature = "sqlite")]
mod slice_columns;
mod slice_id;
#[cfg(feature = "sqlite")]
mod slice_rows;
#[cfg(feature = "sqlite")]
mod slice_walk;
#[cfg(feature = "sqlite")]
mod slices;
#[cfg(feature = "sqlite")]
mod stopping;
mod stretches;
#[cfg(feature = "sqlite")]
mod tabled;
mod taker;
#[cfg(feature = "sqlite")]
mod views;
mod written;

pub use cell::Cell;
#[cfg(feature = "sqlite")]
pub use database::{Database, known_tables};
pub use error::{Place, QueryError};
#[cfg(feature = "sqlite")]
pub use functions::FUNCTIONS;
#[cfg(not(feature = "sqlite"))]
pub use no_sqlite::{Database, known_tables};
pub use questions::{QUESTIONS, Question};
pub use slice_id::slice_of_id;
pub use stretches::StretchTaker;
pub use taker::{TableColumns, Taker};
pub use written::WritingTaker;
