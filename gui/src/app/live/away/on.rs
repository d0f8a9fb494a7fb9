//! How it is asked for who runs plans at the other end.

use serde::{Deserialize, Serialize};

use super::super::{Backend, GpuRun};

/// Who runs a plan, as one end asks the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum On {
    /// The simulator.
    Simulator,
    /// The GPUs of the other end.
    Gpus(GpuRun),
}

impl On {
    /// What stands for a backend of this end.
    pub(crate) fn of(backend: &Backend) -> Self {
        match backend {
            Backend::Simulated => Self::Simulator,
            Backend::Gpus(_, run) => Self::Gpus(run.clone()),
        }
    }
}
