use std::sync::Arc;

use weftscope_engine::{cuda::Gpus, spec::RunSpec};
use weftscope_profiler::sweep::SweepAxis;

use super::{Baseline, CurvePoint, KeptIteration};

/// What the live run tells the window.
pub enum LiveEvent {
    /// An iteration is ready to be drawn.
    Iteration(Arc<KeptIteration>),
    /// The spec cannot be planned or run.
    Refused {
        /// Which session says so.
        session: u32,
        /// Why.
        cause: String,
        /// The device will run nothing after this.
        fatal: bool,
    },
    /// The session is over.
    Ended {
        /// Which.
        session: u32,
        /// Why.
        cause: String,
    },
    /// This computer has GPUs.
    Gpus(Arc<Gpus>),
    /// A baseline has run.
    Baseline {
        /// What was asked for.
        of: Arc<RunSpec>,
        /// What came.
        baseline: Baseline,
    },
    /// What computation takes, each kernel isolated, when the batch is not split.
    UnsplitAlone {
        /// What was asked for.
        of: Arc<RunSpec>,
        /// Sum over a rank's ops, ns.
        ns: i64,
    },
    /// A point of a curve has run.
    CurvePoint {
        /// What was asked for.
        of: Arc<RunSpec>,
        /// Its axis.
        axis: SweepAxis,
        /// Value on the axis, and the point or the cause.
        point: Result<CurvePoint, String>,
    },
}
