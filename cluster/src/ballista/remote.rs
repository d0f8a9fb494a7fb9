//! The client's side: a query is tried until it is answered whole, its attempts are used up or its time is over.

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use ballista_core::extension::{SessionConfigExt, SessionStateExt};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use futures::future::{Either, select};
use tempfile::TempDir;

use super::kept::{self, Kept};
use crate::error::ClusterError;
use crate::last_two::last_two;
use crate::options::{Ballista, reading};

/// How often a query is tried. An executor that dies can fail it three times: by what it was doing, by rows that lay on it,
/// and by what it is given until its scheduler knows.
const ATTEMPTS: u32 = 5;
/// Between two attempts.
const PAUSE: Duration = Duration::from_secs(2);

/// A scheduler, and the folder that its executors see too.
pub(crate) struct Remote {
    /// `host:port`.
    scheduler: String,
    limit: Duration,
    /// Removed with this.
    shared: TempDir,
}

impl Remote {
    /// Makes the shared folder; nothing is sent yet.
    pub(crate) fn new(digest: &Path, options: &Ballista) -> Result<Self, ClusterError> {
        let told = options.scheduler.as_str();
        let address = told.strip_prefix("df://").or(told.strip_prefix("http://")).unwrap_or(told);
        let address = address.trim_end_matches('/');
        let is_port = |port: &str| port.parse::<u16>().is_ok();
        if !address.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && is_port(port)) {
            return Err(ClusterError::NoScheduler { told: told.to_owned() });
        }
        let beside = options.shared.as_deref().unwrap_or(digest);
        // Names that begin like this are no jobs.
        let shared = tempfile::Builder::new().prefix("_asked-").tempdir_in(beside);
        let shared = shared.map_err(|cause| ClusterError::Io { cause, path: beside.to_owned() })?;
        Ok(Self { scheduler: address.to_owned(), limit: options.limit, shared })
    }

    /// A session whose queries the scheduler answers, cut into so many parts.
    pub(crate) fn context(&self, parts: usize) -> Result<SessionContext, ClusterError> {
        let config = reading(SessionConfig::new_with_ballista(), parts)
            // It plans on while a query runs: with 55.0.0 some then never end whose executor dies.
            .with_ballista_adaptive_query_planner(false);
        let state = SessionStateBuilder::new().with_default_features().with_config(config).build();
        let state = state.upgrade_for_ballista(format!("http://{}", self.scheduler))?;
        let context = SessionContext::new_with_state(state);
        context.register_udaf(last_two());
        Ok(context)
    }

    /// All rows of an answer.
    pub(crate) async fn collect(
        &self,
        frame: &DataFrame,
    ) -> Result<Vec<RecordBatch>, ClusterError> {
        self.until_whole(async || frame.clone().collect().await).await
    }

    /// Writes an answer into the shared folder.
    pub(crate) async fn keep(&self, name: &str, frame: &DataFrame) -> Result<Kept, ClusterError> {
        let (kept, file) = Kept::new(self.shared.path(), name, frame.schema().as_arrow())?;
        let once = async || kept::write(frame.clone().execute_stream().await?, &kept, &file).await;
        self.until_whole(once).await?;
        Ok(kept)
    }

    /// Writes rows that are at hand into the shared folder.
    pub(crate) fn keep_batch(&self, name: &str, batch: &RecordBatch) -> Result<Kept, ClusterError> {
        let (kept, file) = Kept::new(self.shared.path(), name, &batch.schema())?;
        kept::write_batch(batch, &kept, &file)?;
        Ok(kept)
    }

    async fn until_whole<T>(
        &self,
        once: impl AsyncFn() -> Result<T, DataFusionError>,
    ) -> Result<T, ClusterError> {
        let scheduler = || format!("the scheduler at {}", self.scheduler);
        let limit_s = self.limit.as_secs();
        let too_long = || ClusterError::TooLong { scheduler: scheduler(), limit_s };
        let all = async {
            let mut attempts = 1;
            loop {
                match once().await {
                    Ok(whole) => return Ok(whole),
                    Err(cause) if attempts == ATTEMPTS => {
                        let cause = cause.strip_backtrace();
                        return Err(ClusterError::Unanswered {
                            scheduler: scheduler(),
                            attempts,
                            cause,
                        });
                    }
                    Err(_) => attempts += 1,
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::time::timeout(self.limit, all).await.unwrap_or_else(|_| Err(too_long()))
    }
}

/// What `of` does, unless somebody presses Ctrl-C before: then it is dropped, and its shared folder with it.
///
/// # Errors
/// Those of `of`, and [`ClusterError::Interrupted`].
pub async fn unless_interrupted<T>(
    of: impl Future<Output = Result<T, ClusterError>>,
) -> Result<T, ClusterError> {
    match select(Box::pin(of), Box::pin(tokio::signal::ctrl_c())).await {
        Either::Left((done, _)) => done,
        Either::Right((Ok(()), _)) => Err(ClusterError::Interrupted),
        // Nothing can be pressed here.
        Either::Right((Err(_), of)) => of.await,
    }
}
