//! What runs plans: the simulator, or GPUs.

use std::sync::Arc;

use thiserror::Error;

use crate::{observer::Observer, plan::Plan};

/// Runs plans: the simulator, or real GPUs.
pub trait Executor {
    /// Runs one iteration and reports it; `iteration` numbers it for the observer.
    ///
    /// # Errors
    /// [`ExecError`] when the run could not finish; what was observed until then stays valid.
    fn run(
        &mut self,
        plan: &Arc<Plan>,
        iteration: u64,
        observer: &mut dyn Observer,
    ) -> Result<IterationTime, ExecError>;

    /// Runs `count` iterations, numbered from `first`, back to back where the executor can: on GPUs the next is on its
    /// way before the one before has ended, so that nothing waits for the host.
    ///
    /// # Errors
    /// As [`run`](Self::run); iterations reported until then stay valid.
    fn run_many(
        &mut self,
        plan: &Arc<Plan>,
        (first, count): (u64, u32),
        observer: &mut dyn Observer,
    ) -> Result<Vec<IterationTime>, ExecError> {
        (0..u64::from(count)).map(|i| self.run(plan, first + i, observer)).collect()
    }

    /// Name and version for a trace's provenance, and whether its times are measured.
    fn provenance(&self) -> ExecutorInfo;
}

/// [`Executor::run`] of an executor whose iterations all go through its [`run_many`](Executor::run_many).
///
/// # Errors
/// As [`Executor::run`].
pub fn run_as_many(
    executor: &mut impl Executor,
    plan: &Arc<Plan>,
    iteration: u64,
    observer: &mut dyn Observer,
) -> Result<IterationTime, ExecError> {
    let times = executor.run_many(plan, (iteration, 1), observer)?;
    times.first().copied().ok_or_else(|| ExecError::Unsupported("no iteration ran".to_owned()))
}

/// How long an iteration took, executor time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IterationTime {
    /// First op's start over all ranks.
    pub start_ns: i64,
    /// Last op's end over all ranks.
    pub end_ns: i64,
}

/// What an executor is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutorInfo {
    /// Times come from hardware.
    pub measured: bool,
    /// e.g. `weftscope simulator 0.1.0 on h100x8`.
    pub source: String,
    /// Wall clock at executor time 0, ns since 1970, as of the last iteration; `None` in simulated time.
    pub epoch_unix_ns: Option<i64>,
    /// What may disturb its times, a sentence each.
    pub notes: Vec<String>,
}

impl ExecutorInfo {
    /// Of an executor whose times come from a model.
    pub fn modelled(source: impl Into<String>) -> Self {
        let (source, notes) = (source.into(), Vec::new());
        Self { measured: false, source, epoch_unix_ns: None, notes }
    }
}

/// Why an iteration did not finish.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ExecError {
    /// No op can proceed: a dependency cycle or a barrier that no other rank reaches.
    #[error("the run stands still at {at_ns} ns: {waiting}")]
    Deadlock {
        /// When.
        at_ns: i64,
        /// Who waits for what.
        waiting: String,
    },
    /// A barrier's time limit passed.
    #[error("barrier of {op} timed out on rank {rank}, block {block}, waiting for rank {peer}")]
    BarrierTimeout {
        /// Op name.
        op: String,
        /// Rank that waited.
        rank: u32,
        /// Block that waited.
        block: u32,
        /// Rank waited for.
        peer: u32,
    },
    /// The machine cannot run this plan.
    #[error("{0}")]
    Unsupported(String),
    /// The device failed, and with it whatever this process has on it.
    #[error("{0}")]
    Device(String),
}

impl ExecError {
    /// True when the device can hardly run anything after it without being opened anew.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Device(_) | Self::BarrierTimeout { .. })
    }
}
