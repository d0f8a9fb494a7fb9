use std::{sync::Arc, time::Instant};

use crossbeam::channel::Sender;
use weftscope_engine::plan::Plan;

use super::relay::Told;

/// How much is seen of a user's runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Times only: kernels without stamps.
    Times,
    /// What kernels stamp.
    Stamps,
    /// Stamps, and what the driver's profiling interface sees.
    Everything,
}

/// Whether a run that has waited is still wanted.
pub(super) type Wanted = Arc<dyn Fn() -> bool + Send + Sync>;

/// Work that takes the GPUs into use by itself; it can ask whether the owner is to be closed.
pub(super) type Work = Box<dyn FnOnce(&dyn Fn() -> bool) + Send>;

/// What reaches the owner's thread.
pub(super) enum Job<S> {
    Run(Run<S>),
    /// To be done with nothing open.
    Alone(Work),
    /// A user has come.
    Came,
    /// A user has gone; behind the last one the executor goes too.
    Left,
    /// The end.
    Close,
}

/// Iterations that a user wants.
pub(super) struct Run<S> {
    pub(super) plan: Arc<Plan>,
    /// The first one's number, and how many.
    pub(super) iterations: (u64, u32),
    pub(super) setup: S,
    pub(super) look: Look,
    /// Launched as graphs, where that can be; else op by op.
    pub(super) in_graphs: bool,
    pub(super) wanted: Wanted,
    /// When it was asked for.
    pub(super) sent: Instant,
    pub(super) reply: Sender<Told>,
}
