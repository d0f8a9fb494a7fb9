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
    /// Asked by somebody, and no query.
    #[error("only queries are answered, and nothing is written or changed: {cause}")]
    NotAQuery {
        /// What it is instead.
        cause: String,
    },
    /// This program knows no scheduler.
    #[error("no scheduler can be asked ({scheduler}): this program was built without Ballista (cargo install --locked --path cluster --features ballista builds it with that): {}", folder.display())]
    WithoutBallista {
        /// The one that was asked for.
        scheduler: String,
        /// The digest.
        folder: PathBuf,
    },
    /// What was given for a scheduler is none.
    #[error("a scheduler is told as df://HOST:PORT: {told}")]
    NoScheduler {
        /// What was given.
        told: String,
    },
    /// A scheduler or its executors failed, and did so again.
    #[error(
        "{scheduler} and its executors did not answer in {attempts} attempts, and nothing of a half answer was used; see that the scheduler runs there, and at least one executor of it that sees the digest's folder (weftscope-ballista scheduler, weftscope-ballista executor), then ask again: {cause}"
    )]
    Unanswered {
        /// The scheduler.
        scheduler: String,
        /// How often it was tried.
        attempts: u32,
        /// What went wrong last.
        cause: String,
    },
    /// A scheduler did not answer in time.
    #[error(
        "{scheduler} did not answer a query within {limit_s} s; see that executors of it run (weftscope-ballista executor), or allow more with --limit, then ask again"
    )]
    TooLong {
        /// The scheduler.
        scheduler: String,
        /// The limit, s.
        limit_s: u64,
    },
    /// A scheduler or an executor could not be run.
    #[error("cannot run {what}: {cause}: {at}")]
    Server {
        /// Which of the two.
        what: &'static str,
        /// Where it was to listen.
        at: String,
        /// What Ballista says.
        cause: String,
    },
    /// Somebody pressed Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// The engine could not do it.
    #[error("{0}")]
    Engine(#[from] DataFusionError),
    /// A column of an answer is not what it should be.
    #[error("column {0} of an answer is not what it should be")]
    Column(String),
}
