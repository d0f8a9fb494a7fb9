//! Ballista's scheduler, with the function `last_two` among its own.

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ballista_core::error::BallistaError;
use ballista_core::utils::default_config_producer;
use ballista_scheduler::config::SchedulerConfig;
use ballista_scheduler::scheduler_process::{create_scheduler, start_grpc_service};

use super::serving::{cannot, session, threads};
use super::whole;
use crate::error::ClusterError;

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

/// Runs a scheduler until the process ends.
///
/// # Errors
/// [`ClusterError::Server`], where it cannot listen.
pub fn scheduler(at: &SchedulerAt) -> Result<(), ClusterError> {
    let address = SocketAddr::new(at.bind, at.port);
    let cannot = |cause: &dyn Display| cannot("scheduler", address, cause);
    threads()
        .map_err(|cause| cannot(&cause))?
        .block_on(serve(at, address))
        .map_err(|cause| cannot(&cause))
}

async fn serve(at: &SchedulerAt, address: SocketAddr) -> Result<(), BallistaError> {
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
    let (cluster, place) = whole::cluster(Arc::new(session), Arc::new(default_config_producer));
    let scheduler: whole::Scheduler = create_scheduler(cluster, Arc::new(config)).await?;
    // It is the first and the only one.
    let _first = place.set(scheduler.clone());
    start_grpc_service(address, scheduler).await
}
