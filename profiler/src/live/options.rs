use std::{sync::Arc, time::Duration};

use weftscope_engine::{
    choose::plan,
    executor::{ExecError, Executor},
    session::Planner,
};

use crate::recorder::Overflow;

/// Makes the executor, on the session's own thread (a GPU context belongs to the thread that made it).
pub type ExecutorFactory = Box<dyn FnOnce() -> Result<Box<dyn Executor>, ExecError> + Send>;

/// How a live session runs.
pub struct Options {
    /// Plans the specs.
    pub planner: Planner,
    /// What happens when the collector falls behind.
    pub overflow: Overflow,
    /// Least time from the start of one iteration to the next of the same spec; zero: one behind the other. A simulator
    /// repeats itself; a pause leaves the processor to the window. A changed spec does not wait.
    pub period: Duration,
    /// Iterations that run behind one another and are shown as one picture; at least one.
    pub burst: u32,
    /// Wait before the first retry after a device has failed; each further one waits twice as long.
    pub first_retry: Duration,
    /// Called after each event, from the session's threads: asks the window for a frame.
    pub wake: Arc<dyn Fn() + Send + Sync>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            planner: plan,
            overflow: Overflow::Wait,
            period: Duration::from_millis(500),
            burst: 1,
            first_retry: Duration::from_secs(1),
            wake: Arc::new(|| {}),
        }
    }
}
