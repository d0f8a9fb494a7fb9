//! Ballista's executor, with the function `last_two` among its own, life after life.
//!
//! Ballista 55.0.0's ends itself when five heartbeats in a row reach no scheduler, and when its scheduler, which has not heard of it
//! for a while, tells it to. A supervisor of services would start it again; here that is done within the process: who asks for an
//! executor has one until the process is told to end, and a scheduler that comes back finds it.

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ballista_core::extension::SessionConfigExt;
use ballista_core::registry::BallistaFunctionRegistry;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_executor::executor_server::TERMINATING;
use ballista_executor::terminate::sig_term;
use datafusion::prelude::SessionConfig;
use futures::future::{Either, select};
use tokio::net::TcpStream;

use super::serving::{self, session, threads};
use crate::error::ClusterError;

/// An executor says so often that it lives, s.
const HEARTBEAT_S: u64 = 2;
/// How long a new one looks for its scheduler, s; one that had one waits without end.
const FIRST_S: u16 = 30;
/// Between two looks for a scheduler that is gone.
const LOOK: Duration = Duration::from_millis(500);
/// What is still being done at the end of a life, and was done for nobody, has so long to notice.
const LEAVE: Duration = Duration::from_secs(5);

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

/// How a life of an executor ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// Somebody told the process to end.
    Asked,
    /// Its scheduler is gone, or has given it up.
    Alone,
}

/// Runs an executor until the process is told to end (SIGTERM, Ctrl-C). Where its scheduler goes, it waits for another in its place,
/// and works for that.
///
/// # Errors
/// [`ClusterError::Server`], where it cannot listen, or finds no scheduler within 30 s of its beginning.
pub fn executor(at: &ExecutorAt) -> Result<(), ClusterError> {
    let mut first = true;
    loop {
        // Of its own, since what a life leaves running (listeners, tasks of queries) ends with it.
        let runtime = threads().map_err(|cause| cannot(at, &cause))?;
        let ended = runtime.block_on(async {
            if !first && wait_for_scheduler(at).await == Ended::Asked {
                return Ok(Ended::Asked);
            }
            live(at).await
        });
        runtime.shutdown_timeout(LEAVE);
        match ended {
            Ok(Ended::Asked) => return Ok(()),
            Ok(Ended::Alone) => eprintln!("executor: {} is gone, waiting for it", told(at)),
            Err(error) if first => return Err(error),
            // A port that is not free yet, a scheduler that went again.
            Err(error) => eprintln!("executor: {error}; tried again"),
        }
        first = false;
    }
}

fn told(at: &ExecutorAt) -> String {
    format!("the scheduler at {}:{}", at.scheduler.0, at.scheduler.1)
}

fn cannot(at: &ExecutorAt, cause: &dyn Display) -> ClusterError {
    serving::cannot("executor", SocketAddr::new(at.bind, at.ports[0]), cause)
}

/// Until one listens, or the process is told to end.
async fn wait_for_scheduler(at: &ExecutorAt) -> Ended {
    let (host, port) = (at.scheduler.0.as_str(), at.scheduler.1);
    let listens = async {
        loop {
            tokio::time::sleep(LOOK).await;
            if TcpStream::connect((host, port)).await.is_ok() {
                return;
            }
        }
    };
    match select(Box::pin(asked_to_end()), Box::pin(listens)).await {
        Either::Left(((), _)) => Ended::Asked,
        Either::Right(((), _)) => Ended::Alone,
    }
}

/// From its registration to its end.
async fn live(at: &ExecutorAt) -> Result<Ended, ClusterError> {
    let scratch = tempfile::Builder::new().prefix("weftscope-executor-").tempdir_in(&at.scratch);
    let scratch = scratch.map_err(|cause| ClusterError::Io { cause, path: at.scratch.clone() })?;
    let config = config(at, scratch.path())?;
    // An earlier life leaves it set, and this one would say in its first heartbeat that it ends.
    TERMINATING.store(false, Ordering::Release);
    let process = Box::pin(start_executor_process(Arc::new(config)));
    match select(Box::pin(asked_to_end()), process).await {
        // It hears of that itself, says so to its scheduler and brings what it does to its end.
        Either::Left(((), process)) => process.await.map(|()| Ended::Asked),
        Either::Right((done, _)) => done.map(|()| Ended::Alone),
    }
    .map_err(|cause| cannot(at, &cause))
}

/// SIGTERM or Ctrl-C; where neither can be waited for, never.
async fn asked_to_end() {
    let terminated = async {
        if sig_term().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let pressed = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    select(Box::pin(terminated), Box::pin(pressed)).await;
}

fn config(at: &ExecutorAt, scratch: &Path) -> Result<ExecutorProcessConfig, ClusterError> {
    let state = session(SessionConfig::new_with_ballista())?;
    Ok(ExecutorProcessConfig {
        bind_host: at.bind.to_string(),
        external_host: Some(at.host.clone()),
        port: at.ports[0],
        grpc_port: at.ports[1],
        scheduler_host: at.scheduler.0.clone(),
        scheduler_port: at.scheduler.1,
        scheduler_connect_timeout_seconds: FIRST_S,
        vcores: at.threads.max(1),
        work_dir: Some(scratch.display().to_string()),
        executor_heartbeat_interval_seconds: HEARTBEAT_S,
        memory_pool_size: Some(at.memory_bytes),
        override_function_registry: Some(Arc::new(BallistaFunctionRegistry::from(&state))),
        ..ExecutorProcessConfig::default()
    })
}
