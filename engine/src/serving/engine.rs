//! What computes iterations: a simulated machine, or the GPUs.

use serde::{Deserialize, Serialize};

use super::{KvCapacity, Scheduler, ServingError, ServingRequest, Step};
use crate::spec::StrategyKind;

/// Collectives of an iteration on one rank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommTime {
    /// In all, ns.
    pub ns: i64,
    /// Of that beside computation, ns.
    pub hidden_ns: i64,
}

/// What an iteration took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ran {
    /// Time in which the GPUs waited for the host, ns.
    pub host_ns: i64,
    /// Time of the GPUs, ns.
    pub gpu_ns: i64,
    /// Collectives in that; `None` where nobody looked.
    pub comm: Option<CommTime>,
    /// What the strategy did.
    pub runs: StrategyKind,
    /// Launched as one CUDA graph.
    pub in_graph: bool,
}

/// Computes iterations. Times are ns from the first arrival.
pub trait Engine {
    /// Room for keys and values.
    fn capacity(&self) -> KvCapacity;

    /// These requests are served from now on: time 0.
    ///
    /// # Errors
    /// What stands in the way.
    fn begin(&mut self, requests: &[ServingRequest]) -> Result<(), ServingError>;

    /// Computes a step of the scheduler, whose turn began at `start_ns`.
    ///
    /// # Errors
    /// No plan, or a run that fails.
    fn iterate(
        &mut self,
        start_ns: i64,
        step: &Step,
        scheduler: &Scheduler<'_>,
    ) -> Result<Ran, ServingError>;

    /// Nobody waits or runs before this time.
    fn idle_until(&mut self, time_ns: i64);

    /// Different batches that were simulated; `None` where none is.
    fn simulated(&self) -> Option<u64>;
}
