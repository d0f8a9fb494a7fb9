//! Tables: what a recording holds, what its analyses answer and what differs from another, as rows of named columns.
//!
//! A [`Table`] is known by its name ([`TABLES`]), has the same columns whatever the recording, and writes itself as CSV, JSON
//! or Parquet. Times and durations are whole nanoseconds; units stand in the columns' names; what is not known is an empty
//! cell, `null` in JSON and Parquet.

mod accounts;
mod all;
mod bandwidth;
mod collectives;
pub(crate) mod column;
mod critical_path;
mod differences;
mod error;
mod kernels;
mod products;
mod ranks;
mod recording;
mod structure;
mod table;
mod weave;
pub(crate) mod write;

pub use all::TABLES;
pub use column::{Cell, CellType, Column};
pub use error::TableError;
pub use table::{Answered, Table, TableSource};
pub use write::{RowWriter, TableFormat, write_texts};
