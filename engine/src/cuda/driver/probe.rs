//! What GPUs this machine has, asked before anything that could fail.

use std::{
    ffi::{CStr, OsString, c_char},
    fmt,
};

use cudarc::driver::{DriverError, result, sys};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    exit::renew_exit_hooks,
    nvml::{GpuLoad, Nvml},
};

/// The first driver API version with everything that the executor calls (CUDA 12.0).
const OLDEST_DRIVER: i32 = 12_000;

/// A GPU that is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GpuInfo {
    /// Driver's index.
    pub index: u32,
    /// Marketing name.
    pub name: String,
    /// Compute capability.
    pub compute_capability: (u32, u32),
    /// Streaming multiprocessors.
    pub sms: u32,
    /// Device memory in bytes.
    pub memory_bytes: u64,
    /// Whether it can read and write the memory of GPU `i`, by index; true for itself.
    pub peers: Vec<bool>,
    /// It can take part in NVLink multicast (the veto is another question, see [`multicast_veto`]).
    pub multicast: bool,
    /// Who may use it.
    pub compute_mode: ComputeMode,
    /// Where it sits, e.g. `0000:1b:00.0`; empty when the driver does not tell.
    pub pci_address: String,
}

/// Who may use a GPU (`nvidia-smi -c`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ComputeMode {
    /// Any number of processes.
    Shared,
    /// One process at a time.
    Exclusive,
    /// No process.
    Prohibited,
}

impl ComputeMode {
    fn of(value: u32) -> Self {
        // CU_COMPUTEMODE_PROHIBITED is 2, CU_COMPUTEMODE_EXCLUSIVE_PROCESS 3; 1 (exclusive thread) is long gone.
        match value {
            2 => Self::Prohibited,
            1 | 3 => Self::Exclusive,
            _ => Self::Shared,
        }
    }

    /// As `nvidia-smi` calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shared => "Default",
            Self::Exclusive => "Exclusive_Process",
            Self::Prohibited => "Prohibited",
        }
    }
}

/// Driver and GPUs of this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gpus {
    /// CUDA version of the driver, e.g. `(13, 0)`.
    pub driver: (u32, u32),
    /// By index; at least one.
    pub gpus: Vec<GpuInfo>,
}

/// Why no GPU can be used. Each text says what to do.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Unavailable {
    /// libcuda is not on this machine.
    #[error(
        "no NVIDIA driver: libcuda is not on this machine; install the driver, or use a simulated machine"
    )]
    NoDriver,
    /// The driver is there, a GPU is not.
    #[error("the NVIDIA driver sees no GPU; check CUDA_VISIBLE_DEVICES and nvidia-smi")]
    NoDevice,
    /// The driver is older than what the executor calls.
    #[error("the NVIDIA driver supports CUDA {}.{}; CUDA 12.0 or later is needed: update the driver", .0 / 1000, .0 % 1000 / 10)]
    DriverTooOld(i32),
    /// The driver refused.
    #[error("the NVIDIA driver failed: {0}; nvidia-smi may say more")]
    Driver(String),
}

impl From<DriverError> for Unavailable {
    fn from(error: DriverError) -> Self {
        if error.0 == sys::CUresult::CUDA_ERROR_NO_DEVICE {
            Self::NoDevice
        } else {
            Self::Driver(format!("{error:?}"))
        }
    }
}

/// CUDA version of the driver, as it counts: 13000 for 13.0. The library must be there.
pub(super) fn driver_version() -> Result<i32, DriverError> {
    let mut version = 0;
    // SAFETY: valid for one write; may be called before cuInit.
    unsafe { sys::cuDriverGetVersion(&raw mut version) }.result()?;
    Ok(version)
}

/// Driver and GPUs, or why there are none. Creates no context and allocates nothing.
///
/// # Errors
/// [`Unavailable`] says what is missing and what to do.
pub fn probe() -> Result<Gpus, Unavailable> {
    // SAFETY: only opens and closes libraries by name.
    if !unsafe { sys::is_culib_present() } {
        return Err(Unavailable::NoDriver);
    }
    let version = driver_version()?;
    if version < OLDEST_DRIVER {
        return Err(Unavailable::DriverTooOld(version));
    }
    result::init()?;
    renew_exit_hooks();
    let count = result::device::get_count()? as u32;
    if count == 0 {
        return Err(Unavailable::NoDevice);
    }
    let gpus = (0..count).map(|index| gpu(index, count)).collect::<Result<_, _>>()?;
    Ok(Gpus { driver: (version as u32 / 1000, version as u32 % 1000 / 10), gpus })
}

fn gpu(index: u32, count: u32) -> Result<GpuInfo, DriverError> {
    use sys::CUdevice_attribute_enum as Attribute;
    let device = result::device::get(index as i32)?;
    // SAFETY: the device handle comes from the driver.
    let attribute =
        |which| unsafe { result::device::get_attribute(device, which) }.map(|value| value as u32);
    let mut peers = Vec::new();
    for peer in 0..count {
        let mut can = i32::from(peer == index);
        if peer != index {
            let other = result::device::get(peer as i32)?;
            // SAFETY: both handles come from the driver; valid for one write.
            unsafe { sys::cuDeviceCanAccessPeer(&raw mut can, device, other) }.result()?;
        }
        peers.push(can != 0);
    }
    Ok(GpuInfo {
        index,
        name: result::device::get_name(device)?,
        compute_capability: (
            attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?,
            attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?,
        ),
        sms: attribute(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?,
        // SAFETY: the device handle comes from the driver.
        memory_bytes: unsafe { result::device::total_mem(device) }? as u64,
        peers,
        multicast: attribute(Attribute::CU_DEVICE_ATTRIBUTE_MULTICAST_SUPPORTED)
            .is_ok_and(|value| value != 0),
        compute_mode: attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_MODE)
            .map_or(ComputeMode::Shared, ComputeMode::of),
        pci_address: pci_address(device).unwrap_or_default(),
    })
}

fn pci_address(device: sys::CUdevice) -> Option<String> {
    let mut text: [c_char; 32] = [0; 32];
    // SAFETY: the buffer is longer than stated, so its last byte stays a NUL; the handle comes from the driver.
    unsafe { sys::cuDeviceGetPCIBusId(text.as_mut_ptr(), 31, device) }.result().ok()?;
    // SAFETY: NUL-terminated, as above.
    Some(unsafe { CStr::from_ptr(text.as_ptr()) }.to_string_lossy().into_owned())
}

/// How full each GPU is and who else is on it, by index; `None` where the management library gives no answer.
pub fn loads(found: &Gpus) -> Vec<Option<GpuLoad>> {
    let nvml = Nvml::open();
    let load = |gpu: &GpuInfo| nvml.as_ref()?.load(&gpu.pci_address);
    found.gpus.iter().map(load).collect()
}

/// The driver's release, e.g. `580.159.04`, where the management library tells.
pub fn driver_release() -> Option<String> {
    Nvml::open()?.driver_release()
}

/// The environment variable that forbids multicast here, if any. While one stands, no code path may create a
/// multicast object: on some hosts one can put the GPUs out of service.
pub fn multicast_veto(variable: impl Fn(&str) -> Option<OsString>) -> Option<&'static str> {
    const VETOES: [(&str, &str); 3] = [
        ("NCCL_NVLS_ENABLE", "0"),
        ("TORCH_SYMM_MEM_DISABLE_MULTICAST", "1"),
        ("NVSHMEM_DISABLE_NVLS", "1"),
    ];
    VETOES
        .into_iter()
        .find(|(name, value)| variable(name).is_some_and(|set| set == *value))
        .map(|(name, _)| name)
}

impl fmt::Display for GpuInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor) = self.compute_capability;
        let gib = self.memory_bytes as f64 / f64::from(1 << 30);
        write!(
            f,
            "GPU {}: {}, sm_{major}{minor}, {} SMs, {gib:.0} GiB",
            self.index, self.name, self.sms
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_veto_needs_the_vetoing_value() {
        let env = |name: &'static str, value: &'static str| {
            move |asked: &str| (asked == name).then(|| OsString::from(value))
        };
        assert_eq!(multicast_veto(env("NCCL_NVLS_ENABLE", "0")), Some("NCCL_NVLS_ENABLE"));
        assert_eq!(multicast_veto(env("NVSHMEM_DISABLE_NVLS", "1")), Some("NVSHMEM_DISABLE_NVLS"));
        assert_eq!(multicast_veto(env("NCCL_NVLS_ENABLE", "1")), None);
        assert_eq!(multicast_veto(|_| None), None);
    }

    #[test]
    fn probing_never_panics() {
        match probe() {
            Ok(found) => assert!(!found.gpus.is_empty()),
            Err(reason) => assert!(reason.to_string().contains("NVIDIA driver"), "{reason}"),
        }
    }
}
