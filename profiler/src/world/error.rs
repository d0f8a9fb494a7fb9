//! Why processes did not come together, or came apart.

use thiserror::Error;

use super::Address;

/// Why processes did not come together, or came apart.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum WorldError {
    /// Nobody can listen there.
    #[error("rank 0 cannot listen at {address}: {cause}; --address names another")]
    Listen {
        /// Where.
        address: Address,
        /// What the system says.
        cause: String,
    },
    /// Rank 0 was not to be reached.
    #[error("rank 0 did not answer at {address} within {seconds} s: {cause}")]
    NoAnswer {
        /// Where.
        address: Address,
        /// How long it was tried.
        seconds: u64,
        /// What happened last.
        cause: String,
    },
    /// Who came do not fit together, or too few came: rank 0's own sentence, the same everywhere.
    #[error("{0}")]
    Refused(String),
    /// It broke off later: rank 0's own sentence, the same everywhere.
    #[error("{0}")]
    Broken(String),
    /// Rank 0 is gone.
    #[error("rank 0 at {address} is gone: {cause}")]
    HubGone {
        /// Where.
        address: Address,
        /// How that shows.
        cause: String,
    },
    /// The system gives no thread.
    #[error("the system refuses a thread: {0}")]
    Thread(String),
}
