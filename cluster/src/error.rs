use std::path::PathBuf;

use datafusion::error::DataFusionError;
use thiserror::Error;

/// Why a question has no answer.
#[derive(Debug, Error)]
pub enum ClusterError {
    /// The folder cannot be read.
    #[error("cannot read: {cause}: {}", path.display())]
    Io {
        /// What the system says.
        cause: std::io::Error,
        /// Where.
        path: PathBuf,
    },
    /// There is no digest there.
    #[error("no digest is there, or none of job {job} (weftscope digest REC… -o DIR writes one): {}", path.display())]
    Nothing {
        /// The job asked for; empty for any.
        job: String,
        /// Where.
        path: PathBuf,
    },
    /// Several jobs are there.
    #[error("there are several jobs, --job says which: {}", jobs.join(", "))]
    SeveralJobs {
        /// Their names.
        jobs: Vec<String>,
    },
    /// The engine could not do it.
    #[error("{0}")]
    Engine(#[from] DataFusionError),
    /// A column of an answer is not what it should be.
    #[error("column {0} of an answer is not what it should be")]
    Column(String),
}
