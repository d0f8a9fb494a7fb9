//! Measuring this computer's GPUs while the window is open: the live run waits, and has the new constants in the end.

use weftscope_engine::{calibrate::CONSTANTS, machine::HERE};
use weftscope_profiler::shared::Look;

use super::{Backend, Executors, GpuRun};
use crate::{
    app::{Effect, JobResult, Severity, State},
    files::cache_folder,
    here::{
        CalibrateError, Calibrated, Calibrating, FOLDER, calibrate, constants, keep, machine_of,
    },
    jobs::{JobControl, JobKind},
};

/// The part of the work that is measuring, in percent; the rest is fitting.
const MEASURING: u64 = 60;

/// Begins to calibrate the GPUs of this computer, if it has any and is not at it.
pub(super) fn begin_calibration(state: &mut State) -> Vec<Effect> {
    if is_calibrating(state) {
        return Vec::new();
    }
    let Some(live) = &mut state.live else { return Vec::new() };
    let Some(Backend::Gpus(found, _)) = live.catalog.host(HERE).map(|host| &host.backend) else {
        return Vec::new();
    };
    let backend = Backend::Gpus(found.clone(), GpuRun::default());
    let title = format!("Calibrating {}", machine_of(found).title);
    if live.backend != Backend::Simulated {
        // They would take turns with what is measured, and are run again with what it comes to.
        live.baselines_due = true;
        live.baselines.clear();
        state.drop_jobs(JobKind::Baselines);
        state.drop_jobs(JobKind::Curve);
    }
    vec![Effect::Calibrate(state.begin_job(JobKind::Calibrate, title), backend)]
}

/// The GPUs of this computer are being measured.
fn is_calibrating(state: &State) -> bool {
    state.jobs.iter().any(|job| job.kind == JobKind::Calibrate)
}

/// What runs on the GPUs waits while they are measured.
pub(super) fn must_wait(state: &State) -> bool {
    let on_gpus = state.live.as_ref().is_some_and(|live| live.backend != Backend::Simulated);
    on_gpus && is_calibrating(state)
}

/// Measures, fits and keeps. On the job's own thread.
pub(crate) fn run_calibration(
    executors: &Executors,
    backend: &Backend,
    control: &JobControl,
) -> JobResult {
    let Backend::Gpus(found, _) = backend else { return JobResult::Done };
    let machine = machine_of(found);
    let mut open = |_: &_| executors.executor(backend, &machine, Look::Stamps, control);
    let done = calibrate(&machine, &CONSTANTS, &mut open, &mut |at, done, of| {
        let share = 100 * done.min(of) / of.max(1);
        let percent = match at {
            Calibrating::Measuring => share * MEASURING / 100,
            Calibrating::Fitting => MEASURING + share * (100 - MEASURING) / 100,
        };
        control.step(percent, 100).is_ok()
    });
    match done {
        Err(CalibrateError::Cancelled) => JobResult::Cancelled,
        Err(error) => JobResult::Failed(format!("The GPUs were not calibrated: {error}")),
        Ok(done) => {
            let machine = done.machine;
            let folder = cache_folder(FOLDER).map_err(|off| off.to_string());
            let kept = folder
                .and_then(|folder| keep(&folder, &machine).map_err(|error| error.to_string()));
            JobResult::Calibrated(Box::new(Calibrated { machine, kept }))
        }
    }
}

/// Takes new constants into use: by the machine `here`, and by the run where it runs there.
pub(crate) fn take_calibration(state: &mut State, calibrated: Calibrated) {
    let Some(live) = &mut state.live else { return };
    let Calibrated { machine, kept } = calibrated;
    let constants = constants(&machine);
    live.catalog.recalibrate(&machine);
    if live.draft.spec.machine.name == HERE {
        live.draft.spec.machine = machine;
    }
    let text = match kept {
        Ok(path) => format!("The GPUs are {constants}: {}", path.display()),
        Err(why) => format!("The GPUs are {constants}, until the window closes: {why}"),
    };
    state.notices.push(Severity::Done, text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_on_gpus_is_not_calibrated() {
        let (executors, control) = (Executors::default(), JobControl::default());
        let result = run_calibration(&executors, &Backend::Simulated, &control);
        assert!(matches!(result, JobResult::Done));
    }
}
