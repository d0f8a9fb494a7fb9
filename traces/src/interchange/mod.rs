//! Formats of other tools, one module each; [`open`](crate::open()) chooses among them.

pub mod chrome;
pub mod json;
pub mod perfetto;
pub mod sqlite;
pub(crate) mod tally;
