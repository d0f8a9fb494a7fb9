//! Who runs plans in a program that was built without GPUs: the simulator.

use weftscope_engine::{
    executor::{ExecError, Executor},
    machine::Machine,
    sim::Simulator,
};
use weftscope_profiler::shared::Look;

use super::Backend;
use crate::jobs::JobControl;

/// Makes executors for the live run, its baselines and its curves.
#[derive(Clone, Default)]
pub(crate) struct Executors {}

impl Executors {
    /// A simulator.
    ///
    /// # Errors
    /// Never.
    #[expect(clippy::unused_self, reason = "as where there are GPUs")]
    pub(crate) fn executor(
        &self,
        _backend: &Backend,
        machine: &Machine,
        _look: Look,
        _control: &JobControl,
    ) -> Result<Box<dyn Executor>, ExecError> {
        Ok(Box::new(Simulator::new(machine)))
    }

    /// There is nothing to wait for.
    #[expect(clippy::unused_self, reason = "as where there are GPUs")]
    pub(crate) fn close(&self) -> bool {
        true
    }
}
