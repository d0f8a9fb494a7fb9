//! Ballista's scheduler and executor, with the function `last_two` among their own.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use ballista_core::extension::SessionConfigExt;
use ballista_core::registry::BallistaFunctionRegistry;
use ballista_core::utils::{default_config_producer, default_session_builder};
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::config::SchedulerConfig;
use ballista_scheduler::scheduler_process::{create_scheduler, start_grpc_service};
use datafusion::error::DataFusionError;
use datafusion::execution::{FunctionRegistry, SessionState};
use datafusion::prelude::SessionConfig;

use super::whole;
use crate::error::ClusterError;
use crate::last_two::last_two;

/// An executor says so often that it lives, s.
const HEARTBEAT_S: u64 = 2;
/// One that has said nothing for so long is taken for dead, s, and what it was doing is done elsewhere.
const DEAD_AFTER_S: u64 = 10;
/// How often that is looked at, s.
const LOOK_S: u64 = 2;

/// Where a scheduler listens.
#[derive(Clone, Debug)]
pub struct SchedulerAt {
    /// Address to listen on.
    pub bind: IpAddr,
    /// Its port.
    pub port: u16,
    /// The name under which executors reach it.
    pub host: String,
}

/// Where an executor listens, and for whom it works.
#[derive(Clone, Debug)]
pub struct ExecutorAt {
    /// Name and port of the scheduler.
    pub scheduler: (String, u16),
    /// Address to listen on.
    pub bind: IpAddr,
    /// The name under which the scheduler, other executors and clients reach it.
    pub host: String,
    /// Ports for rows and for tasks.
    pub ports: [u16; 2],
    /// Parts of queries that it works on at a time.
    pub threads: usize,
    /// Bytes that those may hold together before they go to disk.
    pub memory_bytes: u64,
    /// Where rows lie that other executors and the client fetch; a folder in it is made, and removed at the end.
    pub scratch: PathBuf,
}

/// Runs a scheduler until the process ends.
///
/// # Errors
/// [`ClusterError::Server`], where it cannot listen.
pub async fn scheduler(at: &SchedulerAt) -> Result<(), ClusterError> {
    let address = SocketAddr::new(at.bind, at.port);
    let config = SchedulerConfig {
        bind_host: at.bind.to_string(),
        bind_port: at.port,
        external_host: at.host.clone(),
        executor_timeout_seconds: DEAD_AFTER_S,
        expire_dead_executor_interval_seconds: LOOK_S,
        // Some time for an executor that is being replaced; then jobs fail, rather than wait for ever.
        no_executors_grace_period_seconds: 2 * DEAD_AFTER_S,
        // What fails is asked again by its client, as a whole.
        stage_max_failures: 1,
        task_max_failures: 1,
        ..SchedulerConfig::default()
    };
    let cannot = |cause: &dyn std::fmt::Display| ClusterError::Server {
        what: "scheduler",
        at: address.to_string(),
        cause: cause.to_string(),
    };
    let (cluster, place) = whole::cluster(Arc::new(session), Arc::new(default_config_producer));
    let scheduler = create_scheduler(cluster, Arc::new(config)).await;
    let scheduler: whole::Scheduler = scheduler.map_err(|cause| cannot(&cause))?;
    // It is the first and the only one.
    let _first = place.set(scheduler.clone());
    start_grpc_service(address, scheduler).await.map_err(|cause| cannot(&cause))
}

/// Runs an executor until the process is asked to end, by a signal or by its scheduler.
///
/// # Errors
/// [`ClusterError::Server`], where it cannot listen, or finds no scheduler within 30 s.
pub async fn executor(at: &ExecutorAt) -> Result<(), ClusterError> {
    let address = SocketAddr::new(at.bind, at.ports[0]);
    let cannot = |cause: &dyn std::fmt::Display| ClusterError::Server {
        what: "executor",
        at: address.to_string(),
        cause: cause.to_string(),
    };
    let scratch = tempfile::Builder::new().prefix("weftscope-executor-").tempdir_in(&at.scratch);
    let scratch = scratch.map_err(|cause| ClusterError::Io { cause, path: at.scratch.clone() })?;
    let state = session(SessionConfig::new_with_ballista())?;
    let config = ExecutorProcessConfig {
        bind_host: at.bind.to_string(),
        external_host: Some(at.host.clone()),
        port: at.ports[0],
        grpc_port: at.ports[1],
        scheduler_host: at.scheduler.0.clone(),
        scheduler_port: at.scheduler.1,
        scheduler_connect_timeout_seconds: 30,
        vcores: at.threads.max(1),
        work_dir: Some(scratch.path().display().to_string()),
        executor_heartbeat_interval_seconds: HEARTBEAT_S,
        memory_pool_size: Some(at.memory_bytes),
        override_function_registry: Some(Arc::new(BallistaFunctionRegistry::from(&state))),
        ..ExecutorProcessConfig::default()
    };
    start_executor_process(Arc::new(config)).await.map_err(|cause| cannot(&cause))
}

/// A session as Ballista has it, which knows our function too.
fn session(config: SessionConfig) -> Result<SessionState, DataFusionError> {
    let mut state = default_session_builder(config)?;
    state.register_udaf(Arc::new(last_two()))?;
    Ok(state)
}
