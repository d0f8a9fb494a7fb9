//! A calibration from its first run to the machine that it comes to, for the command line and for the window.

use std::{
    cell::Cell,
    sync::{Mutex, PoisonError},
};

use thiserror::Error;
use weftscope_engine::{
    calibrate::{Calibration, Constant, Fitted, fit},
    machine::{Calibrated, MODEL_VERSION, Machine},
    validate::{Errors, ValidateError},
};
use weftscope_profiler::{
    bench::Open,
    calibrate::{Missing, Swept, expected_error, predict, sweep},
    record::RunError,
};
use weftscope_traces::words::counted;

use super::predict::rows_of;
use crate::date::today;

/// What a calibration is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calibrating {
    /// Runs on the GPUs.
    Measuring,
    /// Constants are fitted to them; the GPUs are free.
    Fitting,
}

/// What it came to.
#[derive(Clone, Debug)]
pub struct Done {
    /// The machine with its new constants, each with where it comes from, and the error that is to be expected.
    pub machine: Machine,
    /// Constant by constant.
    pub calibration: Calibration,
    /// What did not run, and why.
    pub missing: Vec<Missing>,
}

/// Why there is none.
#[derive(Debug, Error)]
pub enum CalibrateError {
    /// It was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// Nothing ran: why the first run did not.
    #[error("{0}")]
    NothingRan(String),
    /// The sweep broke off.
    #[error(transparent)]
    Run(RunError),
    /// The simulator cannot run what the GPUs ran.
    #[error(transparent)]
    Predict(#[from] ValidateError),
}

/// Measures and fits `constants` of `machine`. `on` hears what it is at, and how much of how much is done of that; `false` stops
/// it.
///
/// # Errors
/// [`CalibrateError`].
pub fn calibrate(
    machine: &Machine,
    constants: &[Constant],
    open: Open<'_>,
    on: &mut (dyn FnMut(Calibrating, u64, u64) -> bool + Send),
) -> Result<Done, CalibrateError> {
    let mut on_turn = |done, of| on(Calibrating::Measuring, done, of);
    let swept = sweep(machine, open, &mut on_turn).map_err(|error| match error {
        RunError::Cancelled => CalibrateError::Cancelled,
        error => CalibrateError::Run(error),
    })?;
    if swept.fit.is_empty() {
        let why = swept.missing.first().map_or("nothing ran", |(_, why)| why);
        return Err(CalibrateError::NothingRan(why.to_owned()));
    }
    let step = Cell::new((0, 1));
    let on = Mutex::new(on);
    let mut predicted = |machines: &[Machine]| {
        let (done, of) = step.get();
        rows_of(machines, swept.fit.len(), |machine, run| {
            let mut on = on.lock().unwrap_or_else(PoisonError::into_inner);
            if !on(Calibrating::Fitting, done, of) {
                return Err(CalibrateError::Cancelled);
            }
            drop(on);
            Ok(predict(machine, &swept.fit[run..=run])?)
        })
    };
    let calibration = fit(machine, constants, &mut predicted, &mut |progress| {
        step.set((progress.step as u64, progress.of as u64));
    })?;
    let source = format!(
        "measured by `weftscope calibrate` on {} × {}, {}",
        machine.gpus,
        machine.gpu.name,
        counted(swept.fit.len() as u64, "run")
    );
    let mut machine = with_sources(&calibration, &source);
    machine.expected_error = expected_error(&machine, &swept)?;
    machine.calibrated = today().map(|on| Calibrated { on, model_version: MODEL_VERSION });
    let Swept { missing, .. } = swept;
    Ok(Done { machine, calibration, missing })
}

/// The machine, each new constant with where it comes from and what it is worth.
pub(crate) fn with_sources(calibration: &Calibration, source: &str) -> Machine {
    let mut machine = calibration.machine.clone();
    for Fitted { constant, uncertainty, rows, errors, .. } in &calibration.fitted {
        let worth = errors.map_or_else(String::new, |Errors { mean, worst, .. }| {
            format!(", whose mean error is {:.1} % and worst {:.1} %", 100.0 * mean, 100.0 * worst)
        });
        let text = format!(
            "{source}: {}, known from {} to within {}{worth}",
            constant.what,
            counted(*rows as u64, "row"),
            share(*uncertainty)
        );
        machine.sources.insert(constant.key.to_owned(), text);
    }
    machine
}

/// `2.1 %`; what other constants can make up for is not known.
pub(crate) fn share(uncertainty: f64) -> String {
    if uncertainty < 1.0 { format!("{:.1} %", 100.0 * uncertainty) } else { "unknown".to_owned() }
}

#[cfg(test)]
mod tests {
    use weftscope_engine::{
        calibrate::constant,
        executor::Executor,
        machine::{HERE, builtin},
        sim::Simulator,
        spec::RunSpec,
    };

    use super::*;
    use crate::here::{find, keep};

    /// One GPU without a power limit: what the simulator has drawn in one turn it would remember in the next.
    fn here() -> Machine {
        let mut machine = Machine { name: HERE.to_owned(), gpus: 1, ..builtin("h200x2").unwrap() };
        machine.gpu.power = None;
        machine
    }

    /// The simulator takes the place of the GPU, so that there is nothing to learn; what comes out is kept, found and says what it
    /// is worth.
    #[test]
    fn what_was_calibrated_is_what_is_found() {
        let memory = constant("gpu.hbm_bytes_per_s").unwrap();
        let mut open = |_: &RunSpec| Ok(Box::new(Simulator::new(&here())) as Box<dyn Executor>);
        let mut stages = Vec::new();
        let done = calibrate(&here(), &[memory], &mut open, &mut |stage, done, of| {
            assert!(done <= of);
            stages.push(stage);
            true
        });
        let Done { machine, missing, .. } = done.unwrap();
        assert!(missing.is_empty() && stages.is_sorted_by_key(|stage| *stage as u8), "{missing:?}");
        let found = memory.of(&machine).unwrap() / memory.of(&here()).unwrap();
        assert!((found - 1.0).abs() < 0.02, "{found}");
        let error = machine.expected_error.as_ref().unwrap();
        assert!(!error.fitted && error.rows == 7 && error.layer_pct < 1.0, "{error:?}");
        assert!(
            machine.sources[memory.key].starts_with("measured by `weftscope calibrate` on 1 × ")
        );
        let folder = tempfile::tempdir().unwrap();
        keep(folder.path(), &machine).unwrap();
        assert_eq!(find(folder.path(), &here()).unwrap().as_ref(), Some(&machine));
    }

    #[test]
    fn it_stops_where_it_is_told_to_and_says_why_nothing_ran() {
        let memory = constant("gpu.hbm_bytes_per_s").unwrap();
        let mut open = |_: &RunSpec| Ok(Box::new(Simulator::new(&here())) as Box<dyn Executor>);
        for until in [Calibrating::Measuring, Calibrating::Fitting] {
            let stop = &mut |at, _, _| at != until;
            let stopped = calibrate(&here(), &[memory], &mut open, stop);
            assert!(matches!(stopped, Err(CalibrateError::Cancelled)), "{until:?}");
        }
        let mut none = |_: &RunSpec| {
            let why = "no GPU answers".to_owned();
            Err(weftscope_engine::executor::ExecError::Unsupported(why))
        };
        let error = calibrate(&here(), &[memory], &mut none, &mut |_, _, _| true).unwrap_err();
        assert!(error.to_string().contains("no GPU answers"), "{error}");
    }
}
