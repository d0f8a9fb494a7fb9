//! Formats of other tools, one module each; [`open`](crate::open()) chooses among them.

pub mod chrome;
mod export_error;
pub(crate) mod foreign;
pub mod json;
pub(crate) mod modelled;
pub(crate) mod own;
pub mod perfetto;
pub(crate) mod recording;
pub mod rocprof;
#[cfg(feature = "sqlite")]
pub mod sqlite;
pub(crate) mod tally;
pub(crate) mod varint;
pub mod xplane;

pub use export_error::ExportError;
pub use own::category_of;
