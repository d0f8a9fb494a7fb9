//! Where the plans of a machine run.

use std::sync::{Arc, Mutex, PoisonError};

use weftscope_engine::{
    cuda::{CudaExecutor, Gpus},
    executor::{ExecError, Executor, ExecutorInfo, IterationTime},
    machine::Machine,
    observer::Observer,
    plan::Plan,
    sim::Simulator,
};
use weftscope_profiler::instrument::{self, open_or_plain};

/// Who runs the plans of a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// The simulator.
    #[default]
    Simulated,
    /// The GPUs of this computer.
    Gpus(Arc<Gpus>),
}

/// Held while an iteration is on the GPUs: the live run, its baselines and its curves take turns, so that none is timed
/// beside another.
static TURN: Mutex<()> = Mutex::new(());

impl Backend {
    /// An executor; on GPUs it opens them when a plan first runs.
    pub(crate) fn executor(&self, machine: &Machine) -> Box<dyn Executor> {
        match self {
            Self::Simulated => Box::new(Simulator::new(machine)),
            Self::Gpus(_) => Box::new(OnGpus { open: None, under_cupti: false }),
        }
    }

    /// The same for the run that is shown: on GPUs with what CUPTI sees beside the stamps. CUPTI is one a process, so
    /// what runs in the background goes without.
    pub(crate) fn shown_executor(&self, machine: &Machine) -> Box<dyn Executor> {
        match self {
            Self::Simulated => self.executor(machine),
            Self::Gpus(_) => Box::new(OnGpus { open: None, under_cupti: true }),
        }
    }
}

/// Runs plans of any number of ranks: the GPUs are opened anew when it changes, or when they failed.
struct OnGpus {
    open: Option<(u32, Box<dyn Executor>)>,
    under_cupti: bool,
}

impl OnGpus {
    fn of(&mut self, ranks: u32) -> Result<&mut dyn Executor, ExecError> {
        // The old group's memory goes back before the new one's is taken.
        let kept = self.open.take().filter(|(opened_for, _)| *opened_for == ranks);
        let opened = match kept {
            Some(opened) => opened,
            None => (ranks, self.opened(CudaExecutor::open(ranks, true)?)),
        };
        Ok(&mut *self.open.insert(opened).1)
    }

    fn opened(&self, executor: CudaExecutor) -> Box<dyn Executor> {
        if self.under_cupti {
            open_or_plain(executor, instrument::Options::default())
        } else {
            Box::new(executor)
        }
    }
}

impl Executor for OnGpus {
    fn run(
        &mut self,
        plan: &Arc<Plan>,
        iteration: u64,
        observer: &mut dyn Observer,
    ) -> Result<IterationTime, ExecError> {
        // There is no state behind it that a panic could have broken.
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let ran = self.of(plan.ranks)?.run(plan, iteration, observer);
        if ran.as_ref().is_err_and(is_fatal) {
            self.open = None;
        }
        ran
    }

    fn provenance(&self) -> ExecutorInfo {
        match &self.open {
            Some((_, executor)) => executor.provenance(),
            None => ExecutorInfo {
                measured: true,
                source: "GPUs of this machine".to_owned(),
                epoch_unix_ns: None,
                notes: Vec::new(),
            },
        }
    }
}

/// True when the device can hardly run anything after it.
pub(crate) fn is_fatal(error: &ExecError) -> bool {
    matches!(error, ExecError::Device(_) | ExecError::BarrierTimeout { .. })
}
