//! Where the plans of a machine run.

use std::{sync::Arc, time::Duration};

use weftscope_profiler::shared::Look;

use super::{GpuRun, Seen};
use crate::here::Gpus;

/// Who runs the plans of a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// The simulator.
    #[default]
    Simulated,
    /// The GPUs of this computer, and how they run.
    Gpus(Arc<Gpus>, GpuRun),
}

impl Backend {
    /// Least time between two iterations of the same run. A simulated run repeats itself; GPUs go on without a pause.
    pub(crate) fn period(&self) -> Duration {
        match self {
            Self::Simulated => Duration::from_millis(500),
            Self::Gpus(..) => Duration::ZERO,
        }
    }

    /// Iterations of a picture.
    pub(crate) fn burst(&self) -> u32 {
        match self {
            Self::Simulated => 1,
            Self::Gpus(_, run) => run.iterations.clamp(1, GpuRun::MOST_ITERATIONS),
        }
    }

    /// How much is seen of the run that is shown.
    pub(crate) fn look(&self) -> Look {
        match self {
            Self::Gpus(_, GpuRun { seen: Seen::Stamps, .. }) => Look::Stamps,
            Self::Gpus(..) | Self::Simulated => Look::Everything,
        }
    }

    /// How it is run on GPUs.
    pub fn gpu_run(&self) -> Option<&GpuRun> {
        match self {
            Self::Simulated => None,
            Self::Gpus(_, run) => Some(run),
        }
    }

    /// True when what the executor is opened for is the same: times of one hold for the other.
    pub(crate) fn runs_alike(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Simulated, Self::Simulated) => true,
            (Self::Gpus(mine, run), Self::Gpus(theirs, other)) => {
                mine == theirs && (&run.weights, run.launch) == (&other.weights, other.launch)
            }
            _ => false,
        }
    }
}
