//! This computer's GPUs as a machine: with constants that were measured on them where `calibrate` has kept some, else with those
//! of the machine that ships and is most like them.

mod calibration;
mod kept;
mod named;
#[cfg(not(feature = "gpus"))]
mod no_gpus;
mod predict;

use std::path::{Path, PathBuf};

#[cfg(feature = "gpus")]
pub use weftscope_engine::cuda::{Gpus, Unavailable, machine_of, probe, refusal};
use weftscope_engine::machine::{self, Machine};
use weftscope_profiler::collect::expected_error;
use weftscope_traces::Doubt;

pub use calibration::{CalibrateError, Calibrating, Done, calibrate};
#[cfg(feature = "gpus")]
pub(crate) use calibration::{share, with_sources};
pub use kept::{FOLDER, Refused, file_name, find, keep, write_machine};
pub use named::{NoSuchMachine, machine_named};
#[cfg(not(feature = "gpus"))]
pub use no_gpus::{Gpus, Unavailable, machine_of, probe, refusal};
#[cfg(feature = "gpus")]
pub(crate) use predict::rows_of;

use crate::files::cache_folder;

/// This computer as a machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Here {
    /// What it is, under the name [`HERE`](weftscope_engine::machine::HERE).
    pub machine: Machine,
    /// A file that was meant for it and is not used.
    pub refused: Option<Refused>,
}

/// A calibration that has just been made.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibrated {
    /// This computer with its new constants.
    pub machine: Machine,
    /// The file that keeps it, or why there is none.
    pub kept: Result<PathBuf, String>,
}

/// This computer's GPUs, with what was kept for this user.
///
/// # Errors
/// Why there is no GPU.
pub fn machine_here() -> Result<Here, Unavailable> {
    probe().map(|found| here_of(&found))
}

/// [`machine_here`] for GPUs that were probed already.
pub fn here_of(found: &Gpus) -> Here {
    Here::within(cache_folder(FOLDER).ok().as_deref(), machine_of(found))
}

impl Here {
    /// `uncalibrated`, or what `folder` holds for it.
    pub fn within(folder: Option<&Path>, uncalibrated: Machine) -> Self {
        match folder.map_or(Ok(None), |folder| find(folder, &uncalibrated)) {
            Ok(found) => Self { machine: found.unwrap_or(uncalibrated), refused: None },
            Err(refused) => Self { machine: uncalibrated, refused: Some(refused) },
        }
    }
}

/// Whose constants it has: `calibrated 2026-11-29, ± 3.5 %`, `not calibrated: constants of h200x2`.
pub fn constants(machine: &Machine) -> String {
    match &machine.calibrated {
        Some(machine::Calibrated { on, .. }) => {
            let error = expected_error(machine);
            format!("calibrated {on}, {}", Doubt(error.as_ref()).sign())
        }
        None => {
            let like = machine::like(&machine.gpu.name, machine.gpu.compute_capability);
            format!("not calibrated: constants of {like}")
        }
    }
}

/// The whole line: what it is, whose constants it has, and what to do where they are another's.
pub fn line(machine: &Machine) -> String {
    let remedy = if machine.calibrated.is_some() { "" } else { "; run `weftscope calibrate`" };
    format!("{}, {}{remedy}", machine.title, constants(machine))
}
