//! The driver's management library: who else is on a GPU. It comes with the driver; where it does not (containers), the
//! questions below have no answer, and nothing depends on one.

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW, Symbol};

/// Another process's work on a GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GpuProcess {
    /// Process id, as the management library sees it (in a container it may be another's numbering).
    pub pid: u32,
    /// Device memory it holds, where the driver tells.
    pub used_bytes: Option<u64>,
}

/// How full a GPU is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GpuLoad {
    /// Device memory that is free.
    pub free_bytes: u64,
    /// All of it.
    pub total_bytes: u64,
    /// Processes with a context on it, this one left out.
    pub others: Vec<GpuProcess>,
}

/// Memory of a device, `nvmlMemory_t`.
#[derive(Default)]
#[repr(C)]
struct Memory {
    total: u64,
    free: u64,
    used: u64,
}

/// A process on a device, `nvmlProcessInfo_v2_t`.
#[derive(Clone, Copy, Default)]
#[repr(C)]
struct ProcessInfo {
    pid: c_uint,
    used_bytes: u64,
    gpu_instance: c_uint,
    compute_instance: c_uint,
}

/// What the driver says when it does not tell how much a process holds.
const NOT_TOLD: u64 = u64::MAX;
/// More processes than this on one GPU are not listed.
const MOST_PROCESSES: usize = 64;

type Handle = *mut c_void;
type Init = unsafe extern "C" fn() -> c_int;
type DriverVersion = unsafe extern "C" fn(*mut c_char, c_uint) -> c_int;
type HandleByBusId = unsafe extern "C" fn(*const c_char, *mut Handle) -> c_int;
type MemoryInfo = unsafe extern "C" fn(Handle, *mut Memory) -> c_int;
type Processes = unsafe extern "C" fn(Handle, *mut c_uint, *mut ProcessInfo) -> c_int;

/// The library, loaded and initialised for the rest of the process.
pub(super) struct Nvml {
    driver_version: Symbol<DriverVersion>,
    handle_by_bus_id: Symbol<HandleByBusId>,
    memory_info: Symbol<MemoryInfo>,
    /// Drivers before 510 lack it.
    processes: Option<Symbol<Processes>>,
}

impl Nvml {
    /// The library, if it is here and answers.
    pub(super) fn open() -> Option<Self> {
        // SAFETY: its initialisers may run at any time; it is never unloaded.
        let library =
            unsafe { Library::open(Some("libnvidia-ml.so.1"), RTLD_NOW | RTLD_LOCAL) }.ok()?;
        // SAFETY: the types are those of nvml.h for these versioned names.
        let found = unsafe {
            let init: Symbol<Init> = library.get(b"nvmlInit_v2\0").ok()?;
            if init() != 0 {
                return None;
            }
            Self {
                driver_version: library.get(b"nvmlSystemGetDriverVersion\0").ok()?,
                handle_by_bus_id: library.get(b"nvmlDeviceGetHandleByPciBusId_v2\0").ok()?,
                memory_info: library.get(b"nvmlDeviceGetMemoryInfo\0").ok()?,
                processes: library.get(b"nvmlDeviceGetComputeRunningProcesses_v3\0").ok(),
            }
        };
        std::mem::forget(library);
        Some(found)
    }

    /// The driver's release, e.g. `580.159.04`.
    pub(super) fn driver_release(&self) -> Option<String> {
        let mut text: [c_char; 96] = [0; 96];
        // SAFETY: the buffer is as long as stated; the library ends it with a NUL, and it began with nothing else.
        let result = unsafe { (self.driver_version)(text.as_mut_ptr(), 95) };
        // SAFETY: the last byte is a NUL that was never overwritten.
        let text = unsafe { CStr::from_ptr(text.as_ptr()) };
        (result == 0).then(|| text.to_string_lossy().into_owned())
    }

    /// How full the GPU at a PCI address is, e.g. `0000:1b:00.0`.
    pub(super) fn load(&self, pci_address: &str) -> Option<GpuLoad> {
        let address = CString::new(pci_address).ok()?;
        let mut handle = std::ptr::null_mut();
        // SAFETY: the address is NUL-terminated, the handle valid for one write.
        if unsafe { (self.handle_by_bus_id)(address.as_ptr(), &raw mut handle) } != 0 {
            return None;
        }
        let mut memory = Memory::default();
        // SAFETY: the handle is the library's own, the record valid for one write.
        if unsafe { (self.memory_info)(handle, &raw mut memory) } != 0 {
            return None;
        }
        Some(GpuLoad {
            free_bytes: memory.free,
            total_bytes: memory.total,
            others: self.others(handle),
        })
    }

    fn others(&self, handle: Handle) -> Vec<GpuProcess> {
        let Some(ask) = &self.processes else { return Vec::new() };
        let mut found = [ProcessInfo::default(); MOST_PROCESSES];
        let mut count = MOST_PROCESSES as c_uint;
        // SAFETY: the handle is the library's own; it writes at most `count` records and then their number.
        if unsafe { ask(handle, &raw mut count, found.as_mut_ptr()) } != 0 {
            return Vec::new();
        }
        found
            .iter()
            .take(count as usize)
            .filter(|process| process.pid != std::process::id())
            .map(|process| GpuProcess {
                pid: process.pid,
                used_bytes: (process.used_bytes != NOT_TOLD).then_some(process.used_bytes),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offsets of nvml.h: an `unsigned int` before an `unsigned long long`, then two more.
    #[test]
    fn records_have_the_layout_of_the_header() {
        assert_eq!((size_of::<ProcessInfo>(), size_of::<Memory>()), (24, 24));
        assert_eq!(std::mem::offset_of!(ProcessInfo, used_bytes), 8);
        assert_eq!(std::mem::offset_of!(ProcessInfo, gpu_instance), 16);
        assert_eq!(std::mem::offset_of!(Memory, free), 8);
    }

    #[test]
    fn an_absent_library_is_no_answer() {
        if let Some(nvml) = Nvml::open() {
            assert!(nvml.driver_release().is_some());
            assert_eq!(nvml.load("ffff:ff:1f.7"), None);
        }
    }
}
