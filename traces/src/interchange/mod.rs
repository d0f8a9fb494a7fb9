//! Formats of other tools, one module each; [`open`](crate::open()) chooses among them.

pub mod chrome;
pub(crate) mod foreign;
pub mod json;
pub(crate) mod modelled;
pub mod perfetto;
pub mod sqlite;
pub(crate) mod tally;
