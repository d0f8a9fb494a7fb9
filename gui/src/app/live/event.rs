use std::{sync::Arc, time::Duration};

use weftscope_engine::spec::RunSpec;
use weftscope_profiler::sweep::SweepAxis;

use super::{Baseline, CurvePoint, KeptIteration, Receipt, ServingEvent, ServingRun};
use crate::{
    app::Document,
    here::{Gpus, Here},
};

/// What the live run tells the window.
pub enum LiveEvent {
    /// An iteration is ready to be drawn; the session makes the next one ready when it has been taken in.
    Iteration(Arc<KeptIteration>, Receipt),
    /// More of this document of an iteration has come, or another part of it.
    Refilled(Arc<Document>, Arc<Document>),
    /// The spec cannot be planned or run.
    Refused {
        /// Which session says so.
        session: u32,
        /// Why.
        cause: String,
    },
    /// The GPUs failed.
    Broke {
        /// Which session says so.
        session: u32,
        /// Why.
        cause: String,
        /// After how long it tries again by itself, if it does.
        retry_in: Option<Duration>,
    },
    /// The session is over.
    Ended {
        /// Which.
        session: u32,
        /// Why.
        cause: String,
    },
    /// This computer has GPUs, which are this machine.
    Gpus(Arc<Gpus>, Box<Here>),
    /// What became of this connection to a server.
    #[cfg(not(target_arch = "wasm32"))]
    Remote(u64, super::RemoteEvent),
    /// A baseline has run.
    Baseline {
        /// What was asked for.
        of: Arc<RunSpec>,
        /// What came.
        baseline: Baseline,
    },
    /// Where simulation would cut, or why it would not.
    Simulated {
        /// What was asked for.
        of: Arc<RunSpec>,
        /// Tokens of split 0, or a sentence.
        answer: Result<u32, String>,
    },
    /// What computation takes, each kernel isolated, when the batch is not split.
    UnsplitAlone {
        /// What was asked for.
        of: Arc<RunSpec>,
        /// Sum over a rank's ops, ns.
        ns: i64,
    },
    /// Requests are served, or an iteration of theirs was looked up.
    Serving {
        /// What was asked for.
        of: Arc<ServingRun>,
        /// What came.
        event: Box<ServingEvent>,
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
