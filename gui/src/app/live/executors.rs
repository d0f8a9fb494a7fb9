//! Who runs plans: the simulator, or the one owner of this computer's GPUs.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use weftscope_engine::{
    cuda::{Checkpoint, CudaExecutor, Weights, before_exit, renew_exit_hooks},
    executor::{ExecError, Executor},
    machine::Machine,
    sim::Simulator,
};
use weftscope_profiler::{
    instrument::{self, open_or_plain},
    overhead::Recording,
    shared::{Look, Owner},
};

use super::{Backend, Launch};
use crate::jobs::JobControl;

/// How long the end of the program waits for the GPUs: a kernel that waits for a peer gives up sooner.
const PATIENCE: Duration = Duration::from_secs(10);

/// GPUs for so many ranks, with the weights of this checkpoint or random ones, and no stamps.
///
/// # Errors
/// GPUs that cannot be used, a folder that is no checkpoint.
pub(crate) fn open_plain(ranks: u32, weights: Option<&Path>) -> Result<CudaExecutor, ExecError> {
    with_weights(CudaExecutor::open(ranks, false)?, weights)
}

fn with_weights(executor: CudaExecutor, folder: Option<&Path>) -> Result<CudaExecutor, ExecError> {
    let Some(folder) = folder else { return Ok(executor) };
    let checkpoint =
        Checkpoint::open(folder).map_err(|error| ExecError::Unsupported(error.to_string()))?;
    Ok(executor.with_weights(Weights::Checkpoint(Arc::new(checkpoint))))
}

/// What an executor on GPUs is opened for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Setup {
    counters_ns: Option<u64>,
    weights: Option<PathBuf>,
}

/// Opens the GPUs; on their owner's thread.
fn open(ranks: u32, setup: &Setup) -> Result<Box<dyn Recording>, ExecError> {
    let executor = with_weights(CudaExecutor::open(ranks, true)?, setup.weights.as_deref())?;
    let options = instrument::Options { counters_ns: setup.counters_ns };
    let executor = open_or_plain(executor, options);
    renew_exit_hooks();
    Ok(executor)
}

/// Makes executors for the live run, its baselines and its curves. Whoever asks, the GPUs have one [`Owner`], started by
/// the first that needs them. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Executors {
    gpus: Arc<Mutex<Option<Owner<Setup>>>>,
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
            Backend::Gpus(_, run) => {
                let setup = Setup { counters_ns: run.counters_ns, weights: run.weights.clone() };
                let user = self.owner()?.user(setup, look, "GPUs of this machine");
                let control = control.clone();
                let user = user.launched(run.launch == Launch::Graphs);
                Ok(Box::new(user.while_wanted(move || !control.is_cancelled())))
            }
        }
    }

    /// Does `work` where GPUs are run, with all of them free for it to take into use; what else runs there waits. It is given
    /// whether the program is about to end, and should end then too. Not for the thread of the window.
    ///
    /// # Errors
    /// In words: no thread, or the work did not come to its end.
    pub(crate) fn alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Fn() -> bool) -> T + Send + 'static,
    ) -> Result<T, String> {
        let owner = self.owner().map_err(|error| error.to_string())?;
        owner.alone(work).ok_or_else(|| "the GPUs have been given back".to_owned())
    }

    /// Gives the GPUs back, once what runs there has ended; says whether that came about in time.
    pub(crate) fn close(&self) -> bool {
        let owner = self.gpus.lock().unwrap_or_else(PoisonError::into_inner).clone();
        owner.is_none_or(|owner| owner.close(PATIENCE))
    }

    fn owner(&self) -> Result<Owner<Setup>, ExecError> {
        // There is no state behind the lock that a panic could have broken.
        let mut gpus = self.gpus.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(owner) = &*gpus {
            return Ok(owner.clone());
        }
        let owner = Owner::start(Box::new(open))
            .map_err(|error| ExecError::Unsupported(format!("no thread for the GPUs: {error}")))?;
        let at_exit = owner.clone();
        before_exit(move || {
            let _in_time = at_exit.close(PATIENCE);
        });
        Ok(gpus.insert(owner).clone())
    }
}
