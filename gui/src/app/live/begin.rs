use weftscope_engine::{
    executor::{ExecError, Executor},
    machine::Machine,
    sim::Simulator,
    spec::RunSpec,
};

use super::{Catalog, Draft, Live, SessionHandle};
use crate::{
    app::{Runner, Severity, Shown, State},
    jobs::EventSender,
};

/// The executor of the live run and of its baselines: the simulator.
///
/// # Errors
/// [`ExecError`] when it cannot be made.
pub(crate) fn executor(machine: &Machine) -> Result<Box<dyn Executor>, ExecError> {
    Ok(Box::new(Simulator::new(machine)))
}

/// Starts the live run: `spec`, or the default.
pub(crate) fn begin(
    state: &mut State,
    runner: &mut Runner,
    events: EventSender,
    spec: Option<RunSpec>,
) {
    let Some(catalog) = Catalog::builtin() else { return };
    let spec = spec.unwrap_or_else(|| catalog.default_spec().clone());
    let machine = spec.machine.clone();
    match SessionHandle::start(Box::new(move || executor(&machine)), spec.clone(), events) {
        Ok(session) => {
            runner.attach(session);
            state.live = Some(Live::new(catalog, Draft::new(spec)));
            state.shown = Shown::Live;
        }
        Err(cause) => state.notices.push(Severity::Error, format!("There is no live run: {cause}")),
    }
}
