use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How the GPUs of this computer run what is shown. A simulated run has none of this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GpuRun {
    /// What is seen of it.
    pub seen: Seen,
    /// Iterations launched behind one another and shown as one picture, 1 to [`GpuRun::MOST_ITERATIONS`].
    pub iterations: u32,
    /// Counters are sampled every so many ns; `None`: no counters. CUPTI samples them.
    pub counters_ns: Option<u64>,
    /// Folder of the checkpoint whose weights are taken; `None`: random ones.
    pub weights: Option<PathBuf>,
}

/// What is seen of a run, which decides how it is launched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seen {
    /// Stamps, and CUPTI's records beside them: ops are launched one by one.
    StampsAndCupti,
    /// Stamps only: iterations are launched as graphs, as they would run in earnest.
    Stamps,
}

impl GpuRun {
    /// Most iterations of a picture.
    pub const MOST_ITERATIONS: u32 = 16;
    /// Intervals of counters that are offered, ns: finer ones overflow the sampler's buffer on some GPUs.
    pub const COUNTERS_NS: [u64; 4] = [2_000, 10_000, 50_000, 200_000];
}

impl Default for GpuRun {
    fn default() -> Self {
        Self { seen: Seen::StampsAndCupti, iterations: 1, counters_ns: None, weights: None }
    }
}

impl Seen {
    /// Every way.
    pub const ALL: [Self; 2] = [Self::StampsAndCupti, Self::Stamps];

    /// Name as shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::StampsAndCupti => "op by op",
            Self::Stamps => "graphs",
        }
    }

    /// A sentence more.
    pub fn about(self) -> &'static str {
        match self {
            Self::StampsAndCupti => "Ops launched one by one, stamps and CUPTI's records of each",
            Self::Stamps => "Iterations launched as CUDA graphs, stamps only",
        }
    }
}
