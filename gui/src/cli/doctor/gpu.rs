use std::{env, ffi::OsString};

use weftscope_engine::cuda::{Nvrtc, Unavailable, library_paths, multicast_veto, probe};

use super::{Check, Finding};

pub(super) const CHECKS: [Check; 4] = [
    Check { name: "driver and GPUs", run: driver },
    Check { name: "NVRTC (compiles the kernels)", run: nvrtc },
    Check { name: "CUPTI (records kernels and counters)", run: cupti },
    Check { name: "multicast", run: multicast },
];

fn variable(name: &str) -> Option<OsString> {
    env::var_os(name)
}

fn driver() -> Finding {
    match probe() {
        Ok(gpus) => {
            let (major, minor) = gpus.driver;
            let list: Vec<String> = gpus.gpus.iter().map(ToString::to_string).collect();
            Finding::Available(format!(
                "CUDA {major}.{minor} driver, {} GPUs: {}",
                gpus.gpus.len(),
                list.join("; ")
            ))
        }
        Err(error) => {
            let remedy = match error {
                Unavailable::NoDriver => {
                    "install NVIDIA's driver to run on GPUs; simulated machines need none"
                }
                Unavailable::NoDevice => {
                    "look at CUDA_VISIBLE_DEVICES, and at what nvidia-smi says"
                }
                Unavailable::DriverTooOld(_) => "update NVIDIA's driver",
                Unavailable::Driver(_) => "look at what nvidia-smi says; a reboot may help",
            };
            Finding::Missing { why: cause_of(&error.to_string()), remedy: remedy.to_owned() }
        }
    }
}

fn nvrtc() -> Finding {
    match Nvrtc::open() {
        Ok(nvrtc) => {
            let (major, minor) = nvrtc.version();
            Finding::Available(format!("version {major}.{minor}"))
        }
        Err(error) => Finding::Missing {
            why: error.to_string(),
            remedy:
                "pip install nvidia-cuda-nvrtc nvidia-cuda-runtime, or install the CUDA toolkit; \
                     WEFTSCOPE_CUDA_DIR names a folder to look in"
                    .to_owned(),
        },
    }
}

fn cupti() -> Finding {
    let toolkits = library_paths("libcupti.so", "cuda_cupti", variable);
    match toolkits.first() {
        Some(path) => Finding::Available(path.display().to_string()),
        None => Finding::Missing {
            why: "libcupti is in no toolkit and no Python environment".to_owned(),
            remedy: "pip install nvidia-cuda-cupti, or install the CUDA toolkit; WEFTSCOPE_CUDA_DIR names a \
                     folder to look in"
                .to_owned(),
        },
    }
}

fn multicast() -> Finding {
    match multicast_veto(variable) {
        Some(name) => Finding::Note(format!(
            "forbidden on this computer by {name}, which is obeyed; peer-to-peer transport is used"
        )),
        None => Finding::Note("not forbidden; still used only when asked for".to_owned()),
    }
}

/// The cause alone: what these errors advise stands in the remedy, said once.
fn cause_of(error: &str) -> String {
    error.split(';').next().unwrap_or(error).to_owned()
}
