//! Calibrated machine files of this user: how they are called, which one belongs to GPUs, and why one is not used.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use serde_json::Value;
use thiserror::Error;
use weftscope_engine::machine::{MODEL_VERSION, Machine, from_json};

use crate::files::{FileError, write_atomically};

/// Their folder in the user's cache.
pub const FOLDER: &str = "machines";

/// A file that lies where that of these GPUs would, and is not used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{} is not used: {why}", path.display())]
pub struct Refused {
    /// The file.
    pub path: PathBuf,
    /// Why, in a line.
    pub why: String,
}

/// What the file of so many such GPUs is called: `nvidia-h200-x2.json`.
pub fn file_name(gpu: &str, count: u32) -> String {
    let letters =
        gpu.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' });
    let words: String = letters.collect();
    let words: Vec<&str> = words.split_whitespace().collect();
    format!("{}-x{count}.json", words.join("-"))
}

/// What `folder` holds for the GPUs of `here`; `None`: nothing.
///
/// # Errors
/// [`Refused`]: damaged, of other GPUs, or of another version of the simulator's model.
pub fn find(folder: &Path, here: &Machine) -> Result<Option<Machine>, Refused> {
    let path = folder.join(file_name(&here.gpu.name, here.gpus));
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let why = FileError::io("cannot read", &error, &path).cause;
            return Err(Refused { path, why });
        }
    };
    match fitting(&text, here) {
        Ok(machine) => Ok(Some(machine)),
        Err(why) => Err(Refused { path, why }),
    }
}

/// The machine of `text`, if it is of these GPUs and of this program's model.
fn fitting(text: &str, here: &Machine) -> Result<Machine, String> {
    // The version first: a newer file may have keys that this program does not know.
    let value: Value =
        serde_json::from_str(text).map_err(|error| format!("it is damaged: {error}"))?;
    let version = value["calibrated"]["model_version"].as_u64();
    match version {
        None => return Err("it does not come from `weftscope calibrate`".to_owned()),
        Some(version) if version != u64::from(MODEL_VERSION) => {
            return Err(format!(
                "it was fitted for version {version} of the model, this program has {MODEL_VERSION}"
            ));
        }
        Some(_) => {}
    }
    let machine = from_json(text).map_err(|error| format!("it is damaged: {error}"))?;
    let gpus = |machine: &Machine| {
        format!("{} × {} of {} SMs", machine.gpus, machine.gpu.name, machine.gpu.sms)
    };
    if gpus(&machine) != gpus(here) {
        return Err(format!("it is of {}, here are {}", gpus(&machine), gpus(here)));
    }
    // What was fitted is the file's; what the driver says now is this computer's.
    let mut machine = Machine { name: here.name.clone(), title: here.title.clone(), ..machine };
    machine.gpu.memory_bytes = here.gpu.memory_bytes;
    Ok(machine)
}

/// Keeps a calibrated machine in `folder`, which is made where it is not there; gives the file.
///
/// # Errors
/// [`FileError`].
pub fn keep(folder: &Path, machine: &Machine) -> Result<PathBuf, FileError> {
    fs::create_dir_all(folder).map_err(|error| FileError::io("cannot make", &error, folder))?;
    let path = folder.join(file_name(&machine.gpu.name, machine.gpus));
    write_machine(&path, machine)?;
    Ok(path)
}

/// Writes a machine file.
///
/// # Errors
/// [`FileError`].
pub fn write_machine(path: &Path, machine: &Machine) -> Result<(), FileError> {
    write_atomically(path, |out| {
        serde_json::to_writer_pretty(&mut *out, machine)
            .map_err(|error| FileError::io("cannot write", &error.into(), path))?;
        writeln!(out).map_err(|error| FileError::io("cannot write", &error, path))
    })
}

#[cfg(test)]
mod tests {
    use weftscope_engine::{
        calibrate::constant,
        machine::{Calibrated, ExpectedError, HERE, builtin},
    };

    use super::*;
    use crate::here::{Here, constants, line};

    /// Two such GPUs that nobody has calibrated.
    fn here() -> Machine {
        let mut machine = builtin("h200x2").unwrap();
        (machine.name, machine.title) = (HERE.to_owned(), "2 × NVIDIA H200".to_owned());
        machine.gpu.name = "NVIDIA H200".to_owned();
        machine.expected_error = None;
        machine
    }

    fn calibrated() -> Machine {
        let mut machine = constant("host.kernel_gap_ns").unwrap().set(&here(), 1234.0);
        machine.calibrated =
            Some(Calibrated { on: "2026-11-29".to_owned(), model_version: MODEL_VERSION });
        machine.expected_error =
            Some(ExpectedError::new(0.035, 0.08, 15, false, "runs left out".to_owned()));
        machine
    }

    #[test]
    fn files_are_named_by_gpu_and_count() {
        assert_eq!(file_name("NVIDIA H200", 2), "nvidia-h200-x2.json");
        assert_eq!(file_name("NVIDIA H100 80GB HBM3", 4), "nvidia-h100-80gb-hbm3-x4.json");
        assert_eq!(file_name("NVIDIA A100-SXM4-80GB", 1), "nvidia-a100-sxm4-80gb-x1.json");
        assert_eq!(file_name("../x/../../étc", 1), "x-tc-x1.json");
    }

    #[test]
    fn what_was_kept_is_found_and_taken_for_here() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("not/yet/there");
        assert_eq!(find(&below, &here()), Ok(None));
        let path = keep(&below, &calibrated()).unwrap();
        assert_eq!(path, below.join("nvidia-h200-x2.json"));
        let found = Here::within(Some(&below), here());
        assert_eq!(found, Here { machine: calibrated(), refused: None });
        // The driver knows better than the file how much memory there is.
        let less = Machine {
            gpu: weftscope_engine::machine::GpuSpec { memory_bytes: 7, ..here().gpu },
            ..here()
        };
        assert_eq!(find(&below, &less).unwrap().unwrap().gpu.memory_bytes, 7);
        // Another count has another file; without a folder there is none.
        let one = Machine { gpus: 1, ..here() };
        assert_eq!(Here::within(Some(&below), one.clone()).machine, one);
        assert_eq!(Here::within(None, here()).machine, here());
    }

    #[test]
    fn what_does_not_fit_is_named_and_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = keep(folder.path(), &calibrated()).unwrap();
        let good = fs::read_to_string(&path).unwrap();
        let version = |version: u32| format!("\"model_version\": {version}");
        let newer = good.replace(&version(MODEL_VERSION), &version(MODEL_VERSION + 1));
        for (text, why) in [
            (good[..good.len() / 2].to_owned(), "it is damaged: EOF"),
            (String::new(), "it is damaged: EOF"),
            ("[]".to_owned(), "it does not come from `weftscope calibrate`"),
            (good.replace("\"sms\": 132", "\"sms\": 0"), "it is damaged: gpu.sms is 0"),
            (good.replace("\"sms\": 132", "\"sms\": 114"), "it is of 2 × NVIDIA H200 of 114 SMs"),
            (good.replace("\"NVIDIA H200\"", "\"NVIDIA-H200\""), "it is of 2 × NVIDIA-H200"),
            (good.replace("\"gpus\": 2", "\"gpus\": 4"), "it is of 4 × NVIDIA H200"),
            (newer.replace("\"kernels\"", "\"cores\""), "it was fitted for version"),
        ] {
            assert_ne!(text, good, "{why}");
            fs::write(&path, text).unwrap();
            let found = Here::within(Some(folder.path()), here());
            assert_eq!(found.machine, here(), "{why}");
            let refused = found.refused.unwrap();
            assert!(refused.why.starts_with(why), "{refused}");
            assert!(refused.to_string().contains("nvidia-h200-x2.json is not used: "), "{refused}");
        }
    }

    #[test]
    fn a_line_says_whose_constants_there_are() {
        assert_eq!(constants(&calibrated()), "calibrated 2026-11-29, ± 3.5 %");
        assert_eq!(line(&calibrated()), "2 × NVIDIA H200, calibrated 2026-11-29, ± 3.5 %");
        assert_eq!(
            line(&here()),
            "2 × NVIDIA H200, not calibrated: constants of h200x2; run `weftscope calibrate`"
        );
        let unknown = Machine { expected_error: None, ..calibrated() };
        assert_eq!(constants(&unknown), "calibrated 2026-11-29, ± ?");
    }
}
