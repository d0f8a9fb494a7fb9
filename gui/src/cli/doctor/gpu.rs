//! What `doctor` says of GPUs, their libraries and the cache of compiled kernels.

use std::{env, ffi::OsString};

use weftscope_engine::cuda::{
    CacheOff, ComputeMode, CubinCache, GpuInfo, GpuLoad, Gpus, Nccl, Nvrtc, Unavailable,
    cubin_cache, driver_release, loads, multicast_veto, probe,
};

use weftscope_profiler::{
    cupti::{CuptiHere, cupti_here},
    watch::{Level, SANITIZER_REMEDY, Setup},
};

use super::{Check, Finding, Line};
use crate::{
    here::{Here, constants, here_of, line},
    theme::number::bytes,
};

/// Driver, each GPU, and the libraries that running on them needs.
pub(super) fn lines() -> Vec<Line> {
    let mut lines = match probe() {
        Ok(found) => {
            let mut lines = driver_and_gpus(&found, driver_release(), &loads(&found));
            lines.push(("machine here".to_owned(), of_here(&here_of(&found))));
            lines
        }
        Err(error) => vec![("driver and GPUs".to_owned(), unavailable(&error))],
    };
    let others = [
        Check { name: "NVRTC (compiles the kernels)", run: nvrtc },
        Check { name: "compiled kernels", run: || compiled_kernels(cubin_cache()) },
        Check { name: "CUPTI (records kernels and counters)", run: cupti },
        Check { name: "NCCL's profiler interface (tells collectives and channels)", run: nccl },
        Check { name: "multicast", run: multicast },
        Check { name: "watched programs' library (weftscope run)", run: injected },
        Check { name: "Compute Sanitizer (stamps their thread blocks)", run: sanitizer },
    ];
    lines.extend(others.map(|check| check.line()));
    lines
}

fn variable(name: &str) -> Option<OsString> {
    env::var_os(name)
}

fn unavailable(error: &Unavailable) -> Finding {
    let remedy = match error {
        Unavailable::NoDriver => {
            "install NVIDIA's driver to run on GPUs; simulated machines need none"
        }
        Unavailable::NoDevice => "look at CUDA_VISIBLE_DEVICES, and at what nvidia-smi says",
        Unavailable::DriverTooOld(_) => "update NVIDIA's driver",
        Unavailable::Driver(_) => "look at what nvidia-smi says; a reboot may help",
    };
    Finding::Missing { why: cause_of(&error.to_string()), remedy: remedy.to_owned() }
}

fn driver_and_gpus(found: &Gpus, release: Option<String>, loads: &[Option<GpuLoad>]) -> Vec<Line> {
    let (major, minor) = found.driver;
    let release = release.map_or_else(String::new, |release| format!("{release}, "));
    let driver = Finding::Available(format!("{release}CUDA {major}.{minor}"));
    let mut lines = vec![("driver".to_owned(), driver)];
    for gpu in &found.gpus {
        let load = loads.get(gpu.index as usize).and_then(Option::as_ref);
        lines.push((format!("GPU {}", gpu.index), of_gpu(gpu, load, found.gpus.len())));
    }
    lines
}

fn of_gpu(gpu: &GpuInfo, load: Option<&GpuLoad>, count: usize) -> Finding {
    let (major, minor) = gpu.compute_capability;
    let memory = match load {
        Some(load) => {
            let (free, total) = (bytes(load.free_bytes as f64), bytes(load.total_bytes as f64));
            format!("{free} of {total} free")
        }
        None => bytes(gpu.memory_bytes as f64),
    };
    let mut text = format!(
        "{}, sm_{major}{minor}, {} SMs, {memory}, compute mode {}",
        gpu.name,
        gpu.sms,
        gpu.compute_mode.name()
    );
    let reached: Vec<String> = (0..count as u32)
        .filter(|&peer| peer != gpu.index && gpu.peers[peer as usize])
        .map(|peer| peer.to_string())
        .collect();
    match (count, reached.len()) {
        (1, _) => {}
        (_, 0) => text += ", reaches no other GPU's memory",
        _ => text += &format!(", reaches the memory of GPU {}", reached.join(", ")),
    }
    let others = load.map_or(&[][..], |load| &load.others);
    for other in others {
        let held =
            other.used_bytes.map_or_else(String::new, |held| format!(" ({})", bytes(held as f64)));
        text += &format!(", process {} is on it{held}", other.pid);
    }
    match gpu.compute_mode {
        ComputeMode::Prohibited => Finding::Missing {
            why: text,
            remedy: format!("nvidia-smi -i {} -c DEFAULT lets programs use it", gpu.index),
        },
        ComputeMode::Exclusive if !others.is_empty() => Finding::Missing {
            why: text,
            remedy: format!("end that process, or nvidia-smi -i {} -c DEFAULT", gpu.index),
        },
        _ => Finding::Available(text),
    }
}

/// Whose constants this computer's GPUs are planned and predicted with.
fn of_here(here: &Here) -> Finding {
    let text = format!("{}, {}", here.machine.title, constants(&here.machine));
    match (&here.refused, &here.machine.calibrated) {
        (Some(refused), _) => Finding::Missing {
            why: format!("{text}; {refused}"),
            remedy: "`weftscope calibrate` measures the GPUs and writes it anew".to_owned(),
        },
        (None, Some(_)) => Finding::Available(text),
        (None, None) => Finding::Note(line(&here.machine)),
    }
}

fn nvrtc() -> Finding {
    match Nvrtc::open() {
        Ok(nvrtc) => {
            let (major, minor) = nvrtc.version();
            let behind = probe().ok().filter(|found| i64::from(found.driver.0) < i64::from(major));
            match behind {
                None => Finding::Available(format!("version {major}.{minor}")),
                Some(found) => Finding::Missing {
                    why: format!(
                        "version {major}.{minor}, whose code the driver (CUDA {}.{}) does not run",
                        found.driver.0, found.driver.1
                    ),
                    remedy: format!(
                        "update the driver, or pip install nvidia-cuda-nvrtc-cu{}",
                        found.driver.0
                    ),
                },
            }
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

fn compiled_kernels(cache: Result<CubinCache, CacheOff>) -> Finding {
    match cache {
        Ok(CubinCache { folder, entries, bytes: size }) => {
            let programs = if entries == 1 { "program" } else { "programs" };
            let (folder, size) = (folder.display(), bytes(size as f64));
            Finding::Available(format!("{entries} {programs}, {size}, in {folder}"))
        }
        Err(CacheOff::Asked) => {
            Finding::Note(format!("kept for one run only: {}", CacheOff::Asked))
        }
        Err(why) => Finding::Missing {
            why: format!("kept for one run only: {why}"),
            remedy: "name a folder that can be written in WEFTSCOPE_CACHE_DIR; until then each run compiles for itself"
                .to_owned(),
        },
    }
}

fn cupti() -> Finding {
    match cupti_here() {
        Ok(found) => of_cupti(&found),
        Err(error) => Finding::Missing {
            why: cause_of(&error.to_string()),
            remedy: "pip install nvidia-cuda-cupti, or install the CUDA toolkit; WEFTSCOPE_CUDA_DIR names a \
                     folder to look in"
                .to_owned(),
        },
    }
}

fn of_cupti(found: &CuptiHere) -> Finding {
    let version = found.version.as_deref().map_or_else(String::new, |it| format!("version {it}, "));
    let ranges = if found.takes_nvtx { "" } else { ", which breaks NVTX: no ranges are recorded" };
    Finding::Available(format!("{version}{}{ranges}", found.path.display()))
}

/// A program may bring an NCCL of its own, so this is a word about this computer's alone.
fn nccl() -> Finding {
    of_nccl(Nccl::version_here().ok(), variable("NCCL_PROFILER_PLUGIN"))
}

fn of_nccl(version: Option<i32>, plugin: Option<OsString>) -> Finding {
    if let Some(plugin) = plugin {
        return Finding::Missing {
            why: format!("NCCL_PROFILER_PLUGIN names another plugin, {}", plugin.display()),
            remedy: "unset it where `weftscope run` is to tell collectives and channels".to_owned(),
        };
    }
    let Some(version) = version else {
        return Finding::Note(
            "no NCCL lies here; a program's own is asked, from 2.27 on".to_owned(),
        );
    };
    let (major, minor, patch) = (version / 10_000, version / 100 % 100, version % 100);
    let name = format!("NCCL {major}.{minor}.{patch}");
    match version {
        ..22_700 => Finding::Missing {
            why: format!("{name} has no interface that tells when channels ran"),
            remedy: "update NCCL to 2.27 or newer".to_owned(),
        },
        22_700..22_800 => Finding::Available(format!("{name}, version 4 of the interface")),
        22_800..22_900 => Finding::Available(format!("{name}, version 5 of the interface")),
        _ => Finding::Available(format!("{name}, version 6 of the interface")),
    }
}

fn injected() -> Finding {
    match Setup::find(Level::Blocks) {
        Ok(setup) => Finding::Available(setup.library.display().to_string()),
        Err(error) => Finding::Missing {
            why: cause_of(&error.to_string()),
            remedy: "`cargo build --release` makes it beside the program".to_owned(),
        },
    }
}

fn sanitizer() -> Finding {
    match Setup::sanitizer() {
        Some(path) => Finding::Available(path.display().to_string()),
        None => Finding::Missing {
            why: "libsanitizer-public.so not found".to_owned(),
            remedy: SANITIZER_REMEDY.to_owned(),
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

#[cfg(test)]
mod tests {
    use weftscope_engine::cuda::GpuProcess;

    use super::*;

    fn gpu(index: u32, compute_mode: ComputeMode) -> GpuInfo {
        GpuInfo {
            index,
            name: "NVIDIA H200".to_owned(),
            compute_capability: (9, 0),
            sms: 132,
            memory_bytes: 150_000_000_000,
            peers: vec![true, true, index == 2],
            multicast: true,
            compute_mode,
            pci_address: String::new(),
        }
    }

    #[test]
    fn the_cache_says_what_it_holds_or_why_it_is_off() {
        let folder = std::path::PathBuf::from("/home/a/.cache/weftscope/cubins");
        let unwritable =
            CacheOff::Unwritable { folder: folder.clone(), cause: "Read-only file system".into() };
        let caches = [
            Ok(CubinCache { folder: folder.clone(), entries: 15, bytes: 1_630_651 }),
            Ok(CubinCache { folder: folder.clone(), entries: 1, bytes: 64_000 }),
            Ok(CubinCache { folder, entries: 0, bytes: 0 }),
            Err(CacheOff::Asked),
            Err(CacheOff::Nowhere),
            Err(unwritable),
        ];
        let mut text = Vec::new();
        for cache in caches {
            let line = ("compiled kernels".to_owned(), compiled_kernels(cache));
            super::super::write(&line, &mut text).unwrap();
        }
        insta::assert_snapshot!(String::from_utf8(text).unwrap());
    }

    #[test]
    fn versions_of_cupti_and_nccl_say_what_they_can_do() {
        let cupti = |version: &str, takes_nvtx| CuptiHere {
            path: "/c/libcupti.so.13".into(),
            version: Some(version.to_owned()),
            takes_nvtx,
        };
        let plugin = Some("/p/libother.so".into());
        let findings = [
            of_cupti(&cupti("13.0.1", true)),
            of_cupti(&cupti("13.0.0", false)),
            of_nccl(Some(22_605), None),
            of_nccl(Some(22_707), None),
            of_nccl(Some(22_803), None),
            of_nccl(Some(23_007), None),
            of_nccl(Some(22_803), plugin),
            of_nccl(None, None),
        ];
        let mut text = Vec::new();
        for finding in findings {
            super::super::write(&("it".to_owned(), finding), &mut text).unwrap();
        }
        insta::assert_snapshot!(String::from_utf8(text).unwrap());
    }

    #[test]
    fn the_machine_here_says_whose_constants_it_has() {
        use weftscope_engine::machine::{Calibrated, ExpectedError, Machine};
        let found = Gpus {
            driver: (13, 0),
            gpus: [0, 1].map(|index| gpu(index, ComputeMode::Shared)).into(),
        };
        let machine = weftscope_engine::cuda::machine_of(&found);
        let on = "2026-11-29".to_owned();
        let error = ExpectedError::new(0.035, 0.08, 15, false, "runs left out".to_owned());
        let calibrated = Machine {
            calibrated: Some(Calibrated { on, model_version: 1 }),
            expected_error: Some(error),
            ..machine.clone()
        };
        let refused = crate::here::Refused {
            path: "/home/a/.cache/weftscope/machines/nvidia-h200-x2.json".into(),
            why: "it is damaged: EOF while parsing an object at line 9 column 0".to_owned(),
        };
        let mut text = Vec::new();
        for here in [
            Here { machine: machine.clone(), refused: None },
            Here { machine: calibrated, refused: None },
            Here { machine, refused: Some(refused) },
        ] {
            super::super::write(&("machine here".to_owned(), of_here(&here)), &mut text).unwrap();
        }
        insta::assert_snapshot!(String::from_utf8(text).unwrap());
    }

    #[test]
    fn every_gpu_has_its_line() {
        let load = |others| {
            let (free_bytes, total_bytes) = (38_200_000_000, 150_700_000_000);
            Some(GpuLoad { free_bytes, total_bytes, others })
        };
        let loads = [
            load(Vec::new()),
            load(vec![GpuProcess { pid: 4123, used_bytes: Some(99_000_000_000) }]),
            None,
        ];
        let modes = [ComputeMode::Shared, ComputeMode::Exclusive, ComputeMode::Prohibited];
        let gpus = modes.iter().zip(0..).map(|(&mode, index)| gpu(index, mode)).collect();
        let found = Gpus { driver: (13, 0), gpus };
        let lines = driver_and_gpus(&found, Some("580.159.04".to_owned()), &loads);
        let mut text = Vec::new();
        lines.iter().for_each(|line| super::super::write(line, &mut text).unwrap());
        insta::assert_snapshot!(String::from_utf8(text).unwrap());
    }
}
