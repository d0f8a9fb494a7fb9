//! Questions over the digests of thousands of ranks: who comes late, which communicator waits, what is hidden, which link is
//! slow, what drifts.
//!
//! [`open`] finds a job's digest (`weftscope digest` wrote it, rank by rank), puts its servers' clocks on one axis
//! ([`clocks`]) and matches its collectives ([`matched`]); [`questions`] are SQL over that, each a file; [`verdict`] says in a
//! word what communication takes. DataFusion reads the Parquet files and does the rest, within the memory that it is given.

pub mod answer;
pub mod clocks;
mod error;
mod last_two;
pub mod matched;
pub mod open;
pub mod questions;
mod sql;
pub mod verdict;

pub use answer::{Answer, Cell, Finding, Subject};
pub use error::ClusterError;
pub use open::{Digest, Options};
