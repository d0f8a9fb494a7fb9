use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How the GPUs of this computer run what is shown. A simulated run has none of this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GpuRun {
    /// How its iterations are launched; older ends do not say.
    #[serde(default)]
    pub launch: Launch,
    /// What is seen of it.
    pub seen: Seen,
    /// Iterations launched behind one another and shown as one picture, 1 to [`GpuRun::MOST_ITERATIONS`].
    pub iterations: u32,
    /// Counters are sampled every so many ns; `None`: no counters. CUPTI samples them.
    pub counters_ns: Option<u64>,
    /// Folder of the checkpoint whose weights are taken; `None`: random ones.
    pub weights: Option<PathBuf>,
}

/// How iterations are launched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Launch {
    /// As CUDA graphs, one a rank.
    #[default]
    Graphs,
    /// Op by op.
    OneByOne,
}

/// What is seen of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seen {
    /// Stamps, and CUPTI's records beside them.
    StampsAndCupti,
    /// Stamps only.
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
        Self {
            launch: Launch::default(),
            seen: Seen::StampsAndCupti,
            iterations: 1,
            counters_ns: None,
            weights: None,
        }
    }
}

impl Launch {
    /// Every way.
    pub const ALL: [Self; 2] = [Self::Graphs, Self::OneByOne];

    /// Name as shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Graphs => "graphs",
            Self::OneByOne => "op by op",
        }
    }

    /// A sentence more.
    pub fn about(self) -> &'static str {
        match self {
            Self::Graphs => {
                "An iteration is one CUDA graph a rank, as it would run in earnest; with NCCL, op by op all the same"
            }
            Self::OneByOne => {
                "Each op is launched by itself: where the host is too slow, gaps show"
            }
        }
    }
}

impl Seen {
    /// Every way.
    pub const ALL: [Self; 2] = [Self::StampsAndCupti, Self::Stamps];

    /// Name as shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::StampsAndCupti => "with CUPTI",
            Self::Stamps => "stamps only",
        }
    }

    /// A sentence more.
    pub fn about(self) -> &'static str {
        match self {
            Self::StampsAndCupti => {
                "What kernels stamp, and CUPTI's record of each kernel beside it"
            }
            Self::Stamps => "What kernels stamp; CUPTI is left out",
        }
    }
}
