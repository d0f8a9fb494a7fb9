//! Jobs that ran through: where an executor is lost, what is running fails as a whole.
//!
//! Ballista 55.0.0 does again what was lost with an executor, and now and then counts what is left of the first time beside the
//! second: rows come twice. So nothing is done again within a job here, but by the client, the whole query. A job that ends well
//! although an executor was lost since it was submitted is told as failed: its end and the loss meet in any order.
//!
//! Who waits no longer (time over, Ctrl-C, a client that died) has asked for nothing: such jobs are ended, which Ballista would bring
//! to their end before anybody else has their vcores.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use async_trait::async_trait;
use ballista_core::error::Result;
use ballista_core::serde::protobuf::{ExecutorHeartbeat, JobStatus, job_status};
use ballista_core::serde::scheduler::{ExecutorData, ExecutorMetadata};
use ballista_core::{ConfigProducer, JobId, JobStatusSubscriber};
use ballista_scheduler::SessionBuilder;
use ballista_scheduler::cluster::memory::{InMemoryClusterState, InMemoryJobState};
use ballista_scheduler::cluster::{
    BallistaCluster, BoundTask, ClusterState, ClusterStateEventStream, ExecutorSlot, JobState,
    JobStateEventStream,
};
use ballista_scheduler::config::TaskDistributionPolicy;
use ballista_scheduler::scheduler_server::SchedulerServer;
use ballista_scheduler::state::execution_graph::ExecutionGraphBox;
use ballista_scheduler::state::task_manager::JobInfoCache;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};

/// The scheduler.
pub(super) type Scheduler = SchedulerServer<LogicalPlanNode, PhysicalPlanNode>;

/// What is said of a job that an executor was lost of.
const LOST: &str = "an executor was lost while the query ran";

/// A cluster in the scheduler's memory that counts the executors that it loses, and a place for that scheduler, which ends what
/// runs when that happens.
pub(super) fn cluster(
    session: SessionBuilder,
    config: ConfigProducer,
) -> (BallistaCluster, Arc<OnceLock<Scheduler>>) {
    let losses = Arc::new(AtomicU64::new(0));
    let inner = InMemoryJobState::new("weftscope", session, config);
    let scheduler: Arc<OnceLock<Scheduler>> = Arc::default();
    let jobs = Arc::new_cyclic(|this| Jobs {
        inner,
        losses: losses.clone(),
        submitted: Mutex::default(),
        scheduler: Arc::clone(&scheduler),
        this: this.clone(),
    });
    let inner = InMemoryClusterState::default();
    let executors =
        Executors { inner, losses, jobs: jobs.clone(), scheduler: Arc::clone(&scheduler) };
    (BallistaCluster::new(Arc::new(executors), jobs), scheduler)
}

/// Executors, as Ballista keeps them.
struct Executors {
    inner: InMemoryClusterState,
    losses: Arc<AtomicU64>,
    jobs: Arc<Jobs>,
    scheduler: Arc<OnceLock<Scheduler>>,
}

/// Jobs, as Ballista keeps them.
struct Jobs {
    inner: InMemoryJobState,
    losses: Arc<AtomicU64>,
    /// Losses until each was submitted.
    submitted: Mutex<HashMap<JobId, u64>>,
    scheduler: Arc<OnceLock<Scheduler>>,
    /// For what watches whether somebody still waits.
    this: Weak<Self>,
}

impl Jobs {
    fn submitting(&self, job: &JobId) {
        let losses = self.losses.load(Ordering::SeqCst);
        let mut submitted = self.submitted.lock().unwrap_or_else(PoisonError::into_inner);
        submitted.insert(job.clone(), losses);
    }

    /// Ends a job once its client hears it no more, unless it has ended before: its rows are fetched then.
    fn end_with(&self, job: JobId, client: JobStatusSubscriber) {
        let jobs = self.this.clone();
        tokio::spawn(async move {
            client.closed().await;
            let Some(jobs) = jobs.upgrade() else { return };
            let runs = matches!(
                jobs.get_job_status(&job).await,
                Ok(Some(JobStatus {
                    status: Some(job_status::Status::Queued(_) | job_status::Status::Running(_)),
                    ..
                }))
            );
            if let (true, Some(scheduler)) = (runs, jobs.scheduler.get())
                && let Err(error) = scheduler.cancel_job(job).await
            {
                log::warn!("a query that nobody waits for goes on: {error}");
            }
        });
    }

    /// Whether an executor was lost since a job was submitted.
    fn has_lost(&self, job: &JobId) -> bool {
        let submitted = self.submitted.lock().unwrap_or_else(PoisonError::into_inner);
        submitted.get(job) != Some(&self.losses.load(Ordering::SeqCst))
    }
}

#[async_trait]
impl ClusterState for Executors {
    async fn init(&self) -> Result<()> {
        self.inner.init().await
    }

    async fn bind_schedulable_tasks(
        &self,
        distribution: TaskDistributionPolicy,
        active_jobs: Arc<HashMap<JobId, JobInfoCache>>,
        executors: Option<HashSet<String>>,
    ) -> Result<Vec<BoundTask>> {
        self.inner.bind_schedulable_tasks(distribution, active_jobs, executors).await
    }

    async fn unbind_tasks(&self, slots: Vec<ExecutorSlot>) -> Result<()> {
        self.inner.unbind_tasks(slots).await
    }

    async fn register_executor(&self, of: ExecutorMetadata, spec: ExecutorData) -> Result<()> {
        self.inner.register_executor(of, spec).await
    }

    async fn save_executor_metadata(&self, of: ExecutorMetadata) -> Result<()> {
        self.inner.save_executor_metadata(of).await
    }

    async fn get_executor_metadata(&self, executor: &str) -> Result<ExecutorMetadata> {
        self.inner.get_executor_metadata(executor).await
    }

    async fn registered_executor_metadata(&self) -> Vec<ExecutorMetadata> {
        self.inner.registered_executor_metadata().await
    }

    async fn save_executor_heartbeat(&self, heartbeat: ExecutorHeartbeat) -> Result<()> {
        self.inner.save_executor_heartbeat(heartbeat).await
    }

    /// Comes before anything of it is done again. Counted before and behind: who is submitted in between may still be given to it.
    async fn remove_executor(&self, executor: &str) -> Result<()> {
        self.losses.fetch_add(1, Ordering::SeqCst);
        let removed = self.inner.remove_executor(executor).await;
        self.losses.fetch_add(1, Ordering::SeqCst);
        // The scheduler takes these in first, and the loss then finds nothing that runs: nothing is done again, and vcores of
        // tasks that are taken back are not lost with them.
        if let Some(scheduler) = self.scheduler.get() {
            for job in self.jobs.get_jobs().await? {
                scheduler.cancel_job(job).await?;
            }
        }
        removed
    }

    fn executor_heartbeats(&self) -> HashMap<String, ExecutorHeartbeat> {
        self.inner.executor_heartbeats()
    }

    fn get_executor_heartbeat(&self, executor: &str) -> Option<ExecutorHeartbeat> {
        self.inner.get_executor_heartbeat(executor)
    }

    async fn cluster_state_events(&self) -> Result<ClusterStateEventStream> {
        self.inner.cluster_state_events().await
    }
}

#[async_trait]
impl JobState for Jobs {
    fn accept_job(&self, job: &JobId, name: &str, queued_at: u64) -> Result<()> {
        self.inner.accept_job(job, name, queued_at)
    }

    fn pending_job_number(&self) -> usize {
        self.inner.pending_job_number()
    }

    async fn submit_job(
        &self,
        job: JobId,
        graph: &ExecutionGraphBox,
        subscriber: Option<JobStatusSubscriber>,
    ) -> Result<()> {
        self.submitting(&job);
        if let Some(client) = &subscriber {
            self.end_with(job.clone(), client.clone());
        }
        self.inner.submit_job(job, graph, subscriber).await
    }

    async fn get_jobs(&self) -> Result<HashSet<JobId>> {
        self.inner.get_jobs().await
    }

    async fn get_all_jobs(&self) -> Result<HashSet<JobId>> {
        self.inner.get_all_jobs().await
    }

    async fn get_job_status(&self, job: &JobId) -> Result<Option<JobStatus>> {
        self.inner.get_job_status(job).await
    }

    async fn get_execution_graph(&self, job: &JobId) -> Result<Option<ExecutionGraphBox>> {
        self.inner.get_execution_graph(job).await
    }

    /// Who waits for a job is told of its end here.
    async fn save_job(&self, job: &JobId, graph: &ExecutionGraphBox) -> Result<()> {
        let ended_well = matches!(graph.status().status, Some(job_status::Status::Successful(_)));
        if ended_well && self.has_lost(job) {
            let mut failed = graph.cloned();
            failed.fail_job(LOST.to_owned());
            return self.inner.save_job(job, &failed).await;
        }
        self.inner.save_job(job, graph).await
    }

    async fn fail_unscheduled_job(&self, job: &JobId, reason: String) -> Result<()> {
        self.inner.fail_unscheduled_job(job, reason).await
    }

    async fn remove_job(&self, job: &JobId) -> Result<()> {
        self.submitted.lock().unwrap_or_else(PoisonError::into_inner).remove(job);
        self.inner.remove_job(job).await
    }

    async fn try_acquire_job(&self, job: &JobId) -> Result<Option<ExecutionGraphBox>> {
        self.inner.try_acquire_job(job).await
    }

    async fn job_state_events(&self) -> Result<JobStateEventStream> {
        self.inner.job_state_events().await
    }

    async fn create_or_update_session(
        &self,
        session: &str,
        config: &SessionConfig,
    ) -> Result<Arc<SessionContext>> {
        self.inner.create_or_update_session(session, config).await
    }

    async fn remove_session(&self, session: &str) -> Result<()> {
        self.inner.remove_session(session).await
    }

    fn produce_config(&self) -> SessionConfig {
        self.inner.produce_config()
    }
}

#[cfg(test)]
mod tests;
