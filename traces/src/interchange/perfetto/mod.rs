//! Perfetto's own traces (`.pftrace`, `.perfetto-trace`): track events, counters, flows and GPU render stages.
//!
//! Packets are read one by one into the records that foreign files are collected in; ranks, rows and lanes are then built
//! as for any of them. What other data sources wrote (scheduling, heap profiles, Android's) is counted. Field numbers are
//! facts of Perfetto's published protos. A file of ours reads back exactly: what the protos have no field for travels in
//! one that other readers pass over.

mod messages;
mod read;
mod write;

pub(crate) use read::FORMAT;
pub use read::PerfettoError;
pub use write::write;
