use thiserror::Error;

use crate::record::RunError;

/// Why a cluster cannot be simulated.
#[derive(Debug, Error)]
pub enum ClusterError {
    /// The file is no description of a cluster.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// There is no such model or machine.
    #[error("there is no {what} {name}; there are {names}")]
    Unknown {
        /// `model`, `machine` or `strategy`.
        what: &'static str,
        /// As asked for.
        name: String,
        /// Those that there are.
        names: String,
    },
    /// A number is out of its range.
    #[error("{what} is {value}; it must be {range}")]
    Range {
        /// Key of the file.
        what: &'static str,
        /// As asked for.
        value: String,
        /// What may be.
        range: String,
    },
    /// A tensor-parallel group could not be simulated.
    #[error(transparent)]
    Run(#[from] RunError),
    /// What was simulated is no layer that can be repeated.
    #[error("the simulated layers cannot be repeated: {0}")]
    Template(&'static str),
}
