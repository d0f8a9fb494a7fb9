//! Questions over the digests of thousands of ranks: who comes late, which communicator waits, what is hidden, which link is
//! slow, what drifts.
//!
//! [`open`] finds a job's digest (`weftscope digest` wrote it, rank by rank), puts its servers' clocks on one axis
//! ([`clocks`]) and matches its collectives ([`matched`]); [`questions`] are SQL over that, each a file; [`verdict`] says in a
//! word what communication takes. [`engine`]: DataFusion reads the Parquet files and
//! does the rest, within the memory that it is given, or, with the feature `ballista`, executors of Ballista do.

pub mod answer;
#[cfg(feature = "ballista")]
pub mod ballista;
mod cells;
pub mod clocks;
pub mod engine;
mod error;
mod last_two;
pub mod matched;
pub mod open;
mod options;
pub mod questions;
pub mod verdict;

pub use answer::{Answer, Cell, Finding, Subject};
pub use error::ClusterError;
pub use open::Digest;
pub use options::{Ballista, Options};
