//! NCCL, found and loaded at run time: the all-reduce that others are compared with.
//!
//! cudarc binds NCCL but looks for the library under names that its packages do not have (`libnccl.so.2`), so the few
//! calls needed are looked up here, with cudarc's types.

use std::{
    ffi::{CStr, c_char, c_int, c_void},
    ptr,
};

use cudarc::{
    driver::CudaStream,
    nccl::sys::{ncclComm_t, ncclDataType_t, ncclRedOp_t, ncclResult_t},
};
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW, Symbol};

use super::{
    CudaError, Device, DevicePtr,
    exit::renew_exit_hooks,
    find::{FindError, library_paths},
};

const REMEDY: &str =
    "`pip install nvidia-nccl-cu13`, or install libnccl2; the other strategies run without it";

type InitAll = unsafe extern "C" fn(*mut ncclComm_t, c_int, *const c_int) -> ncclResult_t;
type Destroy = unsafe extern "C" fn(ncclComm_t) -> ncclResult_t;
type Bracket = unsafe extern "C" fn() -> ncclResult_t;
type Version = unsafe extern "C" fn(*mut c_int) -> ncclResult_t;
type Words = unsafe extern "C" fn(ncclResult_t) -> *const c_char;
type AllReduce = unsafe extern "C" fn(
    *const c_void,
    *mut c_void,
    usize,
    ncclDataType_t,
    ncclRedOp_t,
    ncclComm_t,
    cudarc::nccl::sys::cudaStream_t,
) -> ncclResult_t;

/// One communicator a device, all of this process. Making them takes hundreds of milliseconds.
#[derive(Debug)]
pub struct Nccl {
    calls: Calls,
    comms: Vec<ncclComm_t>,
    version: i32,
    /// Alive for as long as the communicators are.
    _devices: Vec<Device>,
}

/// The library's functions; the library stays loaded with the process.
#[derive(Debug)]
struct Calls {
    all_reduce: Symbol<AllReduce>,
    group_start: Symbol<Bracket>,
    group_end: Symbol<Bracket>,
    destroy: Symbol<Destroy>,
    words: Symbol<Words>,
    init_all: Symbol<InitAll>,
    version: Symbol<Version>,
}

/// One device's part of an all-reduce.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// Summed in place.
    pub data: DevicePtr<'a>,
    /// Where it is put.
    pub stream: &'a CudaStream,
}

impl Nccl {
    /// Loads the library and joins the devices, in rank order.
    ///
    /// # Errors
    /// [`CudaError::Library`] when NCCL is not on this machine, [`CudaError::Nccl`] when it refuses.
    pub fn open(devices: &[Device]) -> Result<Self, CudaError> {
        let calls = Calls::load()?;
        let mut version = 0;
        // SAFETY: valid for one write.
        let asked = unsafe { (calls.version)(&raw mut version) };
        calls.check(asked, "ncclGetVersion")?;
        let gpus: Vec<c_int> = devices.iter().map(|device| device.info().index as c_int).collect();
        let mut comms = vec![ptr::null_mut(); gpus.len()];
        // SAFETY: both lists have as many entries as stated.
        let joined =
            unsafe { (calls.init_all)(comms.as_mut_ptr(), gpus.len() as c_int, gpus.as_ptr()) };
        calls.check(joined, "ncclCommInitAll")?;
        renew_exit_hooks();
        Ok(Self { calls, comms, version, _devices: devices.to_vec() })
    }

    /// The version of the library on this computer, without joining any device.
    ///
    /// # Errors
    /// [`CudaError::Library`] when NCCL is not on this machine, [`CudaError::Nccl`] when it will not say.
    pub fn version_here() -> Result<i32, CudaError> {
        let calls = Calls::load()?;
        let mut version = 0;
        // SAFETY: valid for one write.
        let asked = unsafe { (calls.version)(&raw mut version) };
        calls.check(asked, "ncclGetVersion")?;
        Ok(version)
    }

    /// e.g. 22703 for 2.27.3.
    pub fn version(&self) -> i32 {
        self.version
    }

    /// Sums `len` bf16 numbers over all devices, in place; `parts` by rank.
    ///
    /// # Safety
    /// Every address has `len` numbers on its stream's device until the streams have run this, and nothing else
    /// touches them meanwhile.
    ///
    /// # Errors
    /// [`CudaError::Nccl`].
    pub unsafe fn all_reduce(&self, parts: &[Part<'_>], len: usize) -> Result<(), CudaError> {
        assert_eq!(parts.len(), self.comms.len(), "one part a rank");
        // SAFETY: brackets calls of this thread; always closed below.
        self.calls.check(unsafe { (self.calls.group_start)() }, "ncclGroupStart")?;
        let mut outcome = Ok(());
        for (part, &comm) in parts.iter().zip(&self.comms) {
            // SAFETY: the communicator is live; addresses and stream are the caller's promise.
            let put = unsafe {
                (self.calls.all_reduce)(
                    part.data.address() as *const c_void,
                    part.data.address() as *mut c_void,
                    len,
                    ncclDataType_t::ncclBfloat16,
                    ncclRedOp_t::ncclSum,
                    comm,
                    part.stream.cu_stream().cast(),
                )
            };
            outcome = outcome.and(self.calls.check(put, "ncclAllReduce"));
        }
        // SAFETY: closes the bracket opened above.
        outcome.and(self.calls.check(unsafe { (self.calls.group_end)() }, "ncclGroupEnd"))
    }
}

impl Drop for Nccl {
    fn drop(&mut self) {
        for &comm in &self.comms {
            // SAFETY: made by ncclCommInitAll and destroyed only here; an error here has no use any more.
            let _destroyed = unsafe { (self.calls.destroy)(comm) };
        }
    }
}

impl Calls {
    fn load() -> Result<Self, CudaError> {
        let mut cause = None;
        let found = library_paths("libnccl.so", "nccl", |name| std::env::var_os(name));
        // Last the bare name: the loader's own search path.
        for path in found.into_iter().chain(["libnccl.so.2".into()]) {
            // SAFETY: NCCL's initialisers may run at any time; the library stays loaded, as the symbols outlive it.
            match unsafe { Library::open(Some(&path), RTLD_NOW | RTLD_LOCAL) } {
                Ok(library) => return Self::from(&std::mem::ManuallyDrop::new(library)),
                Err(error) if path.is_absolute() => cause = cause.or(Some(error.to_string())),
                Err(_) => {}
            }
        }
        Err(CudaError::Library(match cause {
            Some(cause) => FindError::NotLoadable { library: "libnccl", cause },
            None => FindError::NotFound { library: "libnccl", remedy: REMEDY },
        }))
    }

    fn from(library: &Library) -> Result<Self, CudaError> {
        let missing = |error: libloading::Error| {
            CudaError::Library(FindError::NotLoadable {
                library: "libnccl",
                cause: error.to_string(),
            })
        };
        // SAFETY: the types are those of nccl.h for these names, unchanged since 2.0; the library is never unloaded.
        unsafe {
            Ok(Self {
                all_reduce: library.get(b"ncclAllReduce\0").map_err(missing)?,
                group_start: library.get(b"ncclGroupStart\0").map_err(missing)?,
                group_end: library.get(b"ncclGroupEnd\0").map_err(missing)?,
                destroy: library.get(b"ncclCommDestroy\0").map_err(missing)?,
                words: library.get(b"ncclGetErrorString\0").map_err(missing)?,
                init_all: library.get(b"ncclCommInitAll\0").map_err(missing)?,
                version: library.get(b"ncclGetVersion\0").map_err(missing)?,
            })
        }
    }

    fn check(&self, result: ncclResult_t, call: &'static str) -> Result<(), CudaError> {
        if result == ncclResult_t::ncclSuccess {
            return Ok(());
        }
        // SAFETY: NCCL gives a static, NUL-terminated text for every result.
        let words = unsafe { CStr::from_ptr((self.words)(result)) };
        Err(CudaError::Nccl { call, cause: words.to_string_lossy().into_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_library_is_a_value() {
        match Calls::load() {
            Ok(calls) => {
                let mut version = 0;
                // SAFETY: valid for one write.
                let asked = unsafe { (calls.version)(&raw mut version) };
                calls.check(asked, "ncclGetVersion").expect("every NCCL says its version");
                // 2.0 was the first whose calls these are.
                assert!(version >= 2000, "{version}");
            }
            Err(error) => assert!(error.to_string().contains("libnccl"), "{error}"),
        }
    }
}
