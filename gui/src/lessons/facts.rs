//! What is known of one run: simulated for a lesson, or read from a recording.

use std::sync::Arc;

use weftscope_engine::{choose::plan, plan::Plan, sim::Simulator, spec::RunSpec};
use weftscope_profiler::record::record_plan;
use weftscope_traces::{
    Trace,
    analysis::{Config, Ops, Reports},
};

/// The answers of the analyses for a run, and what was planned where it was simulated.
pub struct Facts {
    /// The run.
    pub trace: Arc<Trace>,
    /// What the analyses say.
    pub reports: Reports,
    /// What ran; `None` of recordings.
    pub plan: Option<Arc<Plan>>,
}

impl Facts {
    /// Simulates an iteration of `spec`.
    ///
    /// # Errors
    /// In words, when it cannot be planned or run, or was stopped.
    pub fn simulated(spec: &RunSpec, is_stopped: &dyn Fn() -> bool) -> Result<Self, String> {
        let (plan, trace) = Self::run(spec, is_stopped)?;
        Ok(Self::of_run(plan, Arc::new(trace)))
    }

    /// Simulates an iteration of `spec`, and asks it nothing.
    ///
    /// # Errors
    /// As [`simulated`](Self::simulated).
    pub(crate) fn run(
        spec: &RunSpec,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<(Arc<Plan>, Trace), String> {
        let plan = Arc::new(plan(spec).map_err(|error| error.to_string())?);
        let mut simulator = Simulator::new(&spec.machine);
        let trace = record_plan(&mut simulator, &plan, 1, &mut |_| !is_stopped());
        Ok((plan, trace.map_err(|error| error.to_string())?))
    }

    /// Asks a run that was simulated.
    pub(crate) fn of_run(plan: Arc<Plan>, trace: Arc<Trace>) -> Self {
        Self { plan: Some(plan), ..Self::of(trace) }
    }

    /// Asks a recording.
    pub fn of(trace: Arc<Trace>) -> Self {
        let reports = Reports::of(&Ops::of(&trace, &Config::default()));
        Self { trace, reports, plan: None }
    }

    /// The same of a recording that was asked already.
    pub fn answered(trace: Arc<Trace>, reports: Reports) -> Self {
        Self { trace, reports, plan: None }
    }
}
