//! Where the plans of a machine run.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use weftscope_engine::{
    cuda::{CudaExecutor, Gpus, before_exit, renew_exit_hooks},
    executor::{ExecError, Executor},
    machine::Machine,
    sim::Simulator,
};
use weftscope_profiler::{
    instrument::{self, open_or_plain},
    shared::{Look, Owner},
};

use crate::jobs::JobControl;

/// Who runs the plans of a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// The simulator.
    #[default]
    Simulated,
    /// The GPUs of this computer.
    Gpus(Arc<Gpus>),
}

impl Backend {
    /// Least time between two iterations of the same run. A simulated run repeats itself; GPUs go on without a pause.
    pub(crate) fn period(&self) -> Duration {
        match self {
            Self::Simulated => Duration::from_millis(500),
            Self::Gpus(_) => Duration::ZERO,
        }
    }
}

/// How long the end of the program waits for the GPUs: a kernel that waits for a peer gives up sooner.
const PATIENCE: Duration = Duration::from_secs(10);

/// Makes executors for the live run, its baselines and its curves. Whoever asks, the GPUs have one [`Owner`], started by
/// the first that needs them. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Executors {
    gpus: Arc<Mutex<Option<Owner<instrument::Options>>>>,
}

impl Executors {
    /// An executor for a job, or for a session that `control` ends; on GPUs it opens them when a plan first runs. May wait for
    /// the owner: not for the thread of the window.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn executor(
        &self,
        backend: &Backend,
        machine: &Machine,
        look: Look,
        control: &JobControl,
    ) -> Result<Box<dyn Executor>, ExecError> {
        match backend {
            Backend::Simulated => Ok(Box::new(Simulator::new(machine))),
            Backend::Gpus(_) => {
                let setup = instrument::Options::default();
                let user = self.owner()?.user(setup, look, "GPUs of this machine");
                let control = control.clone();
                Ok(Box::new(user.while_wanted(move || !control.is_cancelled())))
            }
        }
    }

    /// Gives the GPUs back, once what runs there has ended; says whether that came about in time.
    pub(crate) fn close(&self) -> bool {
        let owner = self.gpus.lock().unwrap_or_else(PoisonError::into_inner).clone();
        owner.is_none_or(|owner| owner.close(PATIENCE))
    }

    fn owner(&self) -> Result<Owner<instrument::Options>, ExecError> {
        // There is no state behind the lock that a panic could have broken.
        let mut gpus = self.gpus.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(owner) = &*gpus {
            return Ok(owner.clone());
        }
        let owner = Owner::start(Box::new(|ranks, setup: &instrument::Options| {
            let executor = open_or_plain(CudaExecutor::open(ranks, true)?, *setup);
            renew_exit_hooks();
            Ok(executor)
        }))
        .map_err(|error| ExecError::Unsupported(format!("no thread for the GPUs: {error}")))?;
        let at_exit = owner.clone();
        before_exit(move || {
            let _in_time = at_exit.close(PATIENCE);
        });
        Ok(gpus.insert(owner).clone())
    }
}
