//! What stands in the way of a run, said before anything is allocated. Plain values in, words out.

use std::ops::Range;

use super::{
    CudaError,
    error::gigabytes,
    nvml::GpuLoad,
    probe::{ComputeMode, GpuInfo, Gpus},
};

/// Memory of another process from which on a run counts as disturbed: less is a display or a forgotten shell.
const NOTICEABLE_BYTES: u64 = 1 << 30;

/// The GPUs of a run of so many ranks, or why they cannot work together. `loads[i]` is of GPU `i`, where known.
///
/// # Errors
/// Too few GPUs, GPUs of several sorts, two without a peer link, one that is not to be shared.
pub(in crate::cuda) fn choose<'g>(
    found: &'g Gpus,
    ranks: u32,
    loads: &[Option<GpuLoad>],
) -> Result<&'g [GpuInfo], CudaError> {
    choose_some(found, 0..ranks, loads)
}

/// The same of these GPUs, as they are numbered here.
///
/// # Errors
/// As [`choose`].
pub(in crate::cuda) fn choose_some<'g>(
    found: &'g Gpus,
    which: Range<u32>,
    loads: &[Option<GpuLoad>],
) -> Result<&'g [GpuInfo], CudaError> {
    let too_few = || CudaError::TooFew { asked: which.end, found: found.gpus.len() };
    let chosen = found.gpus.get(which.start as usize..which.end as usize).ok_or_else(too_few)?;
    let names = || chosen.iter().map(|gpu| format!("GPU {}: {}", gpu.index, gpu.name));
    if chosen.iter().any(|gpu| gpu.name != chosen[0].name) {
        return Err(CudaError::Mixed { names: names().collect::<Vec<_>>().join(", ") });
    }
    for gpu in chosen {
        if let Some(to) = which.clone().find(|&to| !gpu.peers[to as usize]) {
            return Err(CudaError::NoPeerLink { from: gpu.index, to });
        }
        let load = loads.get(gpu.index as usize).and_then(Option::as_ref);
        allowed(gpu, load)?;
    }
    Ok(chosen)
}

fn allowed(gpu: &GpuInfo, load: Option<&GpuLoad>) -> Result<(), CudaError> {
    let gpu_index = gpu.index;
    match gpu.compute_mode {
        ComputeMode::Prohibited => Err(CudaError::Prohibited { gpu: gpu_index }),
        ComputeMode::Exclusive => match load.and_then(|load| load.others.first()) {
            Some(holder) => Err(CudaError::Held { gpu: gpu_index, pid: holder.pid }),
            None => Ok(()),
        },
        ComputeMode::Shared => Ok(()),
    }
}

/// Which other processes work on a GPU: a run goes on, its times are disturbed. `None` when there are none, or none known.
pub(super) fn shared_with(gpu: u32, load: &GpuLoad) -> Option<String> {
    let used = |process: &super::nvml::GpuProcess| process.used_bytes;
    let noticeable = |process: &&_| used(process).is_none_or(|bytes| bytes >= NOTICEABLE_BYTES);
    let who: Vec<String> = load
        .others
        .iter()
        .filter(noticeable)
        .map(|process| match used(process) {
            Some(bytes) => format!("process {} ({})", process.pid, gigabytes(bytes)),
            None => format!("process {}", process.pid),
        })
        .collect();
    (!who.is_empty())
        .then(|| format!("GPU {gpu} is shared with {}: times are disturbed", who.join(" and ")))
}

/// Whether code from NVRTC runs on the driver: within a major version of CUDA it does (minor version compatibility of
/// CUDA 11 and later), across it only on a newer driver.
///
/// # Errors
/// [`CudaError::DriverBehind`].
pub(in crate::cuda) fn driver_runs(driver: (u32, u32), nvrtc: (i32, i32)) -> Result<(), CudaError> {
    if i64::from(driver.0) >= i64::from(nvrtc.0) {
        return Ok(());
    }
    Err(CudaError::DriverBehind { driver, nvrtc })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cuda::GpuProcess;

    fn gpu(index: u32) -> GpuInfo {
        GpuInfo {
            index,
            name: "NVIDIA H200".to_owned(),
            compute_capability: (9, 0),
            sms: 132,
            memory_bytes: 141_000_000_000,
            peers: vec![true, true],
            multicast: true,
            compute_mode: ComputeMode::Shared,
            pci_address: format!("0000:{index:02x}:00.0"),
        }
    }

    fn pair() -> Gpus {
        Gpus { driver: (13, 0), gpus: vec![gpu(0), gpu(1)] }
    }

    fn refused(found: &Gpus, ranks: u32, loads: &[Option<GpuLoad>]) -> String {
        choose(found, ranks, loads).expect_err("refused").to_string()
    }

    fn held_by(pid: u32, used_bytes: Option<u64>) -> Option<GpuLoad> {
        let others = vec![GpuProcess { pid, used_bytes }];
        Some(GpuLoad { free_bytes: 1, total_bytes: 2, others })
    }

    #[test]
    fn two_alike_and_linked_are_chosen() {
        assert_eq!(choose(&pair(), 2, &[]).unwrap().len(), 2);
        assert_eq!(choose(&pair(), 1, &[None, None]).unwrap().len(), 1);
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut found = pair();
        let text = refused(&found, 4, &[]);
        assert_eq!(
            text,
            "4 ranks need 4 GPUs, 2 are here; use fewer ranks, or look at CUDA_VISIBLE_DEVICES"
        );
        found.gpus[1].peers[0] = false;
        let text = refused(&found, 2, &[]);
        assert!(text.starts_with("GPU 1 cannot reach the memory of GPU 0"), "{text}");
        found.gpus[1].name = "NVIDIA A100".to_owned();
        let text = refused(&found, 2, &[]);
        assert!(text.contains("GPU 0: NVIDIA H200, GPU 1: NVIDIA A100"), "{text}");
        // A single GPU needs neither.
        assert!(choose(&found, 1, &[]).is_ok());
    }

    #[test]
    fn modes_that_keep_others_out_are_named_with_the_remedy() {
        let mut found = pair();
        found.gpus[1].compute_mode = ComputeMode::Prohibited;
        let text = refused(&found, 2, &[]);
        assert!(text.contains("GPU 1") && text.contains("nvidia-smi -i 1 -c DEFAULT"), "{text}");
        found.gpus[1].compute_mode = ComputeMode::Exclusive;
        let loads = [None, held_by(4123, Some(1))];
        let text = refused(&found, 2, &loads);
        assert!(text.contains("process 4123") && text.contains("GPU 1"), "{text}");
        assert!(choose(&found, 2, &[None, Some(GpuLoad::default())]).is_ok());
    }

    #[test]
    fn company_is_a_warning() {
        let shared = |load: Option<GpuLoad>| shared_with(1, &load.unwrap());
        assert_eq!(
            shared(held_by(7, Some(31_200_000_000))).unwrap(),
            "GPU 1 is shared with process 7 (31.2 GB): times are disturbed"
        );
        assert!(shared(held_by(7, None)).unwrap().contains("process 7:"));
        // A display server is no company.
        assert_eq!(shared(held_by(7, Some(4 << 20))), None);
        assert_eq!(shared_with(1, &GpuLoad::default()), None);
    }

    #[test]
    fn a_driver_behind_nvrtc_is_told_with_both_versions() {
        for (driver, nvrtc) in [((13, 0), (13, 2)), ((13, 0), (12, 9)), ((12, 2), (12, 8))] {
            assert_eq!(driver_runs(driver, nvrtc), Ok(()));
        }
        let text = driver_runs((12, 4), (13, 0)).unwrap_err().to_string();
        assert!(text.contains("CUDA 12.4") && text.contains("NVRTC 13.0"), "{text}");
        assert!(text.contains("update the driver") && text.contains("nvrtc-cu12"), "{text}");
    }
}
