use std::ffi::OsString;

use thiserror::Error;

use super::probe::{GpuInfo, multicast_veto};

/// Leave to create an NVLink multicast object among some GPUs. Whatever creates one must take this as an argument, so
/// that no path there leads past the three questions of [`ask`](Self::ask). Nothing in this crate creates one yet.
#[derive(Debug)]
pub struct MulticastPermit {
    gpus: Vec<u32>,
}

/// Whether multicast was asked for in so many words. On some hosts a multicast object can put the GPUs out of
/// service, so wanting a fast collective is not enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MulticastOptIn {
    /// It was not.
    Absent,
    /// The user did, knowing the host.
    Given,
}

/// What stands between these GPUs and multicast.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum MulticastRefusal {
    /// There is no other GPU to cast to.
    #[error("multicast needs two GPUs or more, {0} in use")]
    TooFew(usize),
    /// The driver says that this GPU cannot.
    #[error("{0} cannot take part in NVLink multicast")]
    Incapable(String),
    /// The environment forbids it.
    #[error("{0} in the environment forbids multicast here")]
    Vetoed(&'static str),
    /// It was not asked for.
    #[error("multicast was not asked for explicitly")]
    NotAskedFor,
}

impl MulticastPermit {
    /// Leave for these GPUs when every one is capable, the environment (`variable`) holds no veto, and the user opted in.
    /// Asks nothing of the driver.
    ///
    /// # Errors
    /// [`MulticastRefusal`] names the first condition that is not met; a veto outweighs an opt-in.
    pub fn ask<'g>(
        gpus: impl IntoIterator<Item = &'g GpuInfo>,
        opt_in: MulticastOptIn,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, MulticastRefusal> {
        let mut capable = Vec::new();
        for gpu in gpus {
            if !gpu.multicast {
                return Err(MulticastRefusal::Incapable(gpu.to_string()));
            }
            capable.push(gpu.index);
        }
        if capable.len() < 2 {
            return Err(MulticastRefusal::TooFew(capable.len()));
        }
        if let Some(name) = multicast_veto(variable) {
            return Err(MulticastRefusal::Vetoed(name));
        }
        match opt_in {
            MulticastOptIn::Absent => Err(MulticastRefusal::NotAskedFor),
            MulticastOptIn::Given => Ok(Self { gpus: capable }),
        }
    }

    /// Driver's indices of the GPUs it is for.
    pub fn gpus(&self) -> &[u32] {
        &self.gpus
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cuda::ComputeMode;

    fn gpu(index: u32, multicast: bool) -> GpuInfo {
        GpuInfo {
            index,
            name: "NVIDIA H200".to_owned(),
            compute_capability: (9, 0),
            sms: 132,
            memory_bytes: 1 << 37,
            peers: vec![true, true],
            multicast,
            compute_mode: ComputeMode::Shared,
            pci_address: String::new(),
        }
    }

    /// All combinations of the three conditions: only one of the eight gets leave, and each other learns why.
    #[test]
    fn every_condition_counts() {
        for capable in [false, true] {
            for given in [false, true] {
                for vetoed in [false, true] {
                    let gpus = [gpu(0, true), gpu(1, capable)];
                    let opt_in = if given { MulticastOptIn::Given } else { MulticastOptIn::Absent };
                    let variable = |name: &str| {
                        (vetoed && name == "NCCL_NVLS_ENABLE").then(|| OsString::from("0"))
                    };
                    let asked = MulticastPermit::ask(&gpus, opt_in, variable);
                    match (capable, vetoed, given) {
                        (true, false, true) => assert_eq!(asked.unwrap().gpus(), [0, 1]),
                        (false, ..) => {
                            let text = asked.unwrap_err().to_string();
                            assert!(text.contains("GPU 1") && text.contains("cannot"), "{text}");
                        }
                        (_, true, _) => assert_eq!(
                            asked.unwrap_err(),
                            MulticastRefusal::Vetoed("NCCL_NVLS_ENABLE")
                        ),
                        (_, _, false) => {
                            assert_eq!(asked.unwrap_err(), MulticastRefusal::NotAskedFor);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn one_gpu_has_none_to_cast_to() {
        let asked = MulticastPermit::ask(&[gpu(0, true)], MulticastOptIn::Given, |_| None);
        assert_eq!(asked.unwrap_err(), MulticastRefusal::TooFew(1));
    }
}
