//! What a scheduler and an executor have in common.

use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use ballista_core::utils::default_session_builder;
use datafusion::error::DataFusionError;
use datafusion::execution::{FunctionRegistry, SessionState};
use datafusion::prelude::SessionConfig;
use tokio::runtime::{Builder, Runtime};

use crate::error::ClusterError;
use crate::last_two::last_two;

/// A session as Ballista has it, which knows our function too.
pub(super) fn session(config: SessionConfig) -> Result<SessionState, DataFusionError> {
    let mut state = default_session_builder(config)?;
    state.register_udaf(Arc::new(last_two()))?;
    Ok(state)
}

/// What both run on.
pub(super) fn threads() -> io::Result<Runtime> {
    Builder::new_multi_thread().enable_all().build()
}

/// That one of them cannot be run there.
pub(super) fn cannot(what: &'static str, at: SocketAddr, cause: &dyn Display) -> ClusterError {
    ClusterError::Server { what, at: at.to_string(), cause: cause.to_string() }
}
