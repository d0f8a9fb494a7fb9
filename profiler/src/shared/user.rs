use std::{sync::Arc, time::Instant};

use crossbeam::channel::{Sender, bounded};
use weftscope_engine::{
    executor::{ExecError, Executor, ExecutorInfo, IterationTime, run_as_many},
    observer::Observer,
    plan::Plan,
};

use super::{
    job::{Job, Look, Run, Wanted},
    relay::replay,
};

/// A handle through which plans run on an [`Owner`](super::Owner)'s executor. Holds nothing of a device.
pub struct User<S> {
    pub(super) jobs: Sender<Job<S>>,
    pub(super) setup: S,
    pub(super) look: Look,
    pub(super) in_graphs: bool,
    pub(super) info: ExecutorInfo,
    pub(super) wanted: Wanted,
}

impl<S> User<S> {
    /// Runs that `wanted` does not want any more, asked when their turn comes, do not run and end in an error. Without it
    /// what a user asked for and gave up would run all the same, and keep others waiting.
    #[must_use]
    pub fn while_wanted(mut self, wanted: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.wanted = Arc::new(wanted);
        self
    }

    /// Its runs are launched as graphs, as at first, or op by op.
    #[must_use]
    pub fn launched(mut self, in_graphs: bool) -> Self {
        self.in_graphs = in_graphs;
        self
    }
}

/// Messages of a run under way; blocks come by the ten thousand, a message a rank.
const MESSAGES: usize = 64;

impl<S: Clone> Executor for User<S> {
    fn run(
        &mut self,
        plan: &Arc<Plan>,
        iteration: u64,
        observer: &mut dyn Observer,
    ) -> Result<IterationTime, ExecError> {
        run_as_many(self, plan, iteration, observer)
    }

    fn run_many(
        &mut self,
        plan: &Arc<Plan>,
        iterations: (u64, u32),
        observer: &mut dyn Observer,
    ) -> Result<Vec<IterationTime>, ExecError> {
        let (reply, told) = bounded(MESSAGES);
        let (plan, setup, look) = (Arc::clone(plan), self.setup.clone(), self.look);
        let wanted = Arc::clone(&self.wanted);
        let (in_graphs, sent) = (self.in_graphs, Instant::now());
        let job = Job::Run(Run { plan, iterations, setup, look, in_graphs, wanted, sent, reply });
        let ended = self.jobs.send(job).ok().and_then(|()| replay(&told, observer));
        let Some((outcome, info)) = ended else {
            return Err(ExecError::Unsupported("the GPUs have been given back".to_owned()));
        };
        if let Some(info) = info {
            self.info = info;
        }
        outcome
    }

    fn provenance(&self) -> ExecutorInfo {
        self.info.clone()
    }
}

impl<S> Drop for User<S> {
    fn drop(&mut self) {
        let _owner_gone = self.jobs.send(Job::Left);
    }
}
