//! NCCL's functions, looked up by name.

use std::ffi::{CStr, c_char, c_int, c_void};

use cudarc::nccl::sys::{ncclComm_t, ncclDataType_t, ncclRedOp_t, ncclResult_t, ncclUniqueId};
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW, Symbol};

use super::{
    super::{
        CudaError,
        find::{FindError, library_paths},
    },
    NcclId,
};

const REMEDY: &str =
    "`pip install nvidia-nccl-cu13`, or install libnccl2; the other strategies run without it";

type InitAll = unsafe extern "C" fn(*mut ncclComm_t, c_int, *const c_int) -> ncclResult_t;
pub(super) type InitRank =
    unsafe extern "C" fn(*mut ncclComm_t, c_int, ncclUniqueId, c_int) -> ncclResult_t;
type UniqueId = unsafe extern "C" fn(*mut ncclUniqueId) -> ncclResult_t;
type Destroy = unsafe extern "C" fn(ncclComm_t) -> ncclResult_t;
pub(super) type Bracket = unsafe extern "C" fn() -> ncclResult_t;
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

/// The library's functions; the library stays loaded with the process.
#[derive(Debug)]
pub(super) struct Calls {
    pub(super) all_reduce: Symbol<AllReduce>,
    pub(super) group_start: Symbol<Bracket>,
    pub(super) group_end: Symbol<Bracket>,
    pub(super) destroy: Symbol<Destroy>,
    pub(super) abort: Symbol<Destroy>,
    words: Symbol<Words>,
    pub(super) init_all: Symbol<InitAll>,
    pub(super) init_rank: Symbol<InitRank>,
    unique_id: Symbol<UniqueId>,
    version: Symbol<Version>,
}

impl Calls {
    pub(super) fn load() -> Result<Self, CudaError> {
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
                abort: library.get(b"ncclCommAbort\0").map_err(missing)?,
                init_rank: library.get(b"ncclCommInitRank\0").map_err(missing)?,
                unique_id: library.get(b"ncclGetUniqueId\0").map_err(missing)?,
                words: library.get(b"ncclGetErrorString\0").map_err(missing)?,
                init_all: library.get(b"ncclCommInitAll\0").map_err(missing)?,
                version: library.get(b"ncclGetVersion\0").map_err(missing)?,
            })
        }
    }

    /// e.g. 22703 for 2.27.3.
    pub(super) fn version_here(&self) -> Result<i32, CudaError> {
        let mut version = 0;
        // SAFETY: valid for one write.
        let asked = unsafe { (self.version)(&raw mut version) };
        self.check(asked, "ncclGetVersion")?;
        Ok(version)
    }

    /// What processes join by; this one opens the socket that the others will come to.
    pub(super) fn new_id(&self) -> Result<NcclId, CudaError> {
        let mut id = ncclUniqueId { internal: [0; 128] };
        // SAFETY: valid for one write.
        let made = unsafe { (self.unique_id)(&raw mut id) };
        self.check(made, "ncclGetUniqueId")?;
        Ok(id.internal.map(|byte| byte as u8))
    }

    pub(super) fn check(&self, result: ncclResult_t, call: &'static str) -> Result<(), CudaError> {
        if result == ncclResult_t::ncclSuccess {
            return Ok(());
        }
        // SAFETY: NCCL gives a static, NUL-terminated text for every result.
        let words = unsafe { CStr::from_ptr((self.words)(result)) };
        Err(CudaError::Nccl { call, cause: words.to_string_lossy().into_owned() })
    }
}
