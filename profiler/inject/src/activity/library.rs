//! libcupti, loaded, and the calls that are made of it.

use std::{
    ffi::{CStr, c_char, c_int, c_void},
    path::Path,
    ptr,
    sync::OnceLock,
};

use cupti_sys::{ActivityKind, ApiVersion, NAMES, candidates};
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use thiserror::Error;

/// Why there is nothing of CUPTI.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CuptiError {
    /// It is nowhere.
    #[error(
        "libcupti was not found: install the CUDA toolkit or `pip install nvidia-cuda-cupti`, or set WEFTSCOPE_CUDA_DIR"
    )]
    NotFound,
    /// It lacks a call.
    #[error("libcupti lacks {0}: CUDA 12.0 or newer is needed")]
    Symbol(&'static str),
    /// Its records are older than what is read here.
    #[error("libcupti {0} is older than CUDA 12.0")]
    TooOld(ApiVersion),
    /// Somebody else is its client.
    #[error("another tool holds CUPTI in this process{}", .0.as_deref().map(|name| format!(" ({name})")).unwrap_or_default())]
    Held(Option<String>),
    /// A call failed.
    #[error("{call}: {words}")]
    Refused {
        /// The call.
        call: &'static str,
        /// CUPTI's words for what went wrong.
        words: String,
    },
}

/// A handle of CUPTI's.
pub type Handle = *mut c_void;
/// Asks for a buffer.
pub type Requested = unsafe extern "C" fn(*mut *mut u8, *mut usize, *mut usize);
/// Gives one back.
pub type Completed = unsafe extern "C" fn(Handle, u32, *mut u8, usize, usize);
/// Calls back from the program's calls.
pub type Callback = unsafe extern "C" fn(Handle, u32, u32, *const c_void);

/// NVTX's function that gives its tables.
pub type ExportTable = unsafe extern "C" fn(u32) -> *const c_void;

/// `CUpti_SubscriberParams` of CUDA 13.0.
#[repr(C)]
#[derive(Debug)]
pub struct SubscriberParams {
    /// Up to the last field here.
    pub size: usize,
    /// Under which others find us.
    pub name: *const c_char,
    /// Room for the name of whoever is there already.
    pub other: *mut c_char,
    /// Bytes of that.
    pub other_bytes: usize,
}

const _: () = assert!(size_of::<SubscriberParams>() == 32);

macro_rules! calls {
    ($($field:ident = $name:literal: fn($($argument:ty),*) -> $result:ty;)*) => {
        /// The library's calls.
        #[derive(Debug)]
        pub struct Cupti {
            $(pub(super) $field: unsafe extern "C" fn($($argument),*) -> $result,)*
            /// Since CUDA 13.0; it tells who is there already.
            pub(super) subscribe_named: Option<SubscribeNamed>,
            /// Since CUDA 12.4 or so.
            pub(super) thread_ids: Option<unsafe extern "C" fn(u32) -> u32>,
            version: ApiVersion,
        }

        fn calls(library: &Library) -> Result<Cupti, CuptiError> {
            Ok(Cupti {
                // SAFETY: the types are those of cupti.h for these names; the library is never unloaded.
                $($field: *unsafe { library.get(concat!($name, "\0").as_bytes()) }
                    .map_err(|_| CuptiError::Symbol($name))?,)*
                // SAFETY: as above.
                subscribe_named: unsafe { library.get(b"cuptiSubscribe_v2\0") }.ok().map(|call| *call),
                // SAFETY: as above.
                thread_ids: unsafe { library.get(b"cuptiSetThreadIdType\0") }.ok().map(|call| *call),
                version: ApiVersion(0),
            })
        }
    };
}

type SubscribeNamed =
    unsafe extern "C" fn(*mut Handle, Callback, Handle, *mut SubscriberParams) -> u32;

calls! {
    get_version = "cuptiGetVersion": fn(*mut u32) -> u32;
    result_string = "cuptiGetResultString": fn(u32, *mut *const c_char) -> u32;
    subscribe = "cuptiSubscribe": fn(*mut Handle, Callback, Handle) -> u32;
    unsubscribe = "cuptiUnsubscribe": fn(Handle) -> u32;
    enable_callback = "cuptiEnableCallback": fn(u32, Handle, u32, u32) -> u32;
    register = "cuptiActivityRegisterCallbacks": fn(Requested, Completed) -> u32;
    enable = "cuptiActivityEnable": fn(u32) -> u32;
    disable = "cuptiActivityDisable": fn(u32) -> u32;
    flush = "cuptiActivityFlushAll": fn(u32) -> u32;
    next_record = "cuptiActivityGetNextRecord": fn(*mut u8, usize, *mut *mut u8) -> u32;
    dropped = "cuptiActivityGetNumDroppedRecords": fn(Handle, u32, *mut usize) -> u32;
    timestamp = "cuptiGetTimestamp": fn(*mut u64) -> u32;
    nvtx = "cuptiNvtxInitialize2": fn(Option<ExportTable>) -> u32;
}

/// `CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED`.
pub const HELD: u32 = 39;
/// `CUPTI_ACTIVITY_FLAG_FLUSH_FORCED`.
pub const FORCED: u32 = 1;

impl Cupti {
    /// That of this process, loaded once: the one that is there already, such as PyTorch's own, else the best of this computer.
    ///
    /// # Errors
    /// [`CuptiError`].
    pub fn of_process() -> Result<&'static Self, CuptiError> {
        static LOADED: OnceLock<Result<Cupti, CuptiError>> = OnceLock::new();
        LOADED.get_or_init(Self::load).as_ref().map_err(Clone::clone)
    }

    fn load() -> Result<Self, CuptiError> {
        let there = NAMES.iter().find_map(|name| open(Path::new(name), libc::RTLD_NOLOAD));
        let best = || {
            let found = candidates(|name| std::env::var_os(name));
            let by_name = NAMES.iter().map(|name| Path::new(name).to_owned());
            found.into_iter().chain(by_name).find_map(|path| open(&path, 0))
        };
        let library = there.or_else(best).ok_or(CuptiError::NotFound)?;
        let mut cupti = calls(&library)?;
        // For the life of the process: CUPTI's threads run in it.
        std::mem::forget(library);
        let mut version = 0;
        // SAFETY: valid for one write. Some versions do not say without a driver: then it is at least one that has all calls.
        if unsafe { (cupti.get_version)(&raw mut version) } == 0 {
            cupti.version = ApiVersion(version);
            if !cupti.version.is_supported() {
                return Err(CuptiError::TooOld(cupti.version));
            }
        }
        Ok(cupti)
    }

    /// Its version; `None` when it would not say.
    pub fn version(&self) -> Option<ApiVersion> {
        (self.version.0 != 0).then_some(self.version)
    }

    /// Forwarding NVTX to it works, as far as is known.
    pub fn takes_nvtx(&self) -> bool {
        self.version().is_none_or(ApiVersion::takes_nvtx)
    }

    /// Has NVTX's calls come to CUPTI, as NVIDIA's samples do. False: it does not take them.
    ///
    /// # Safety
    /// NVTX's function that gives its tables.
    pub unsafe fn forward_nvtx(&self, export_table: Option<ExportTable>) -> bool {
        // SAFETY: as the caller promises.
        self.takes_nvtx() && unsafe { (self.nvtx)(export_table) } == 0
    }

    /// `Ok` on success, else the call and CUPTI's words.
    pub(super) fn check(&self, call: &'static str, code: u32) -> Result<(), CuptiError> {
        match code {
            0 => Ok(()),
            HELD => Err(CuptiError::Held(None)),
            _ => Err(CuptiError::Refused { call, words: self.words(code) }),
        }
    }

    fn words(&self, code: u32) -> String {
        let mut text = ptr::null();
        // SAFETY: valid for one write; CUPTI keeps the text for the life of the process.
        let known = unsafe { (self.result_string)(code, &raw mut text) };
        if known != 0 || text.is_null() {
            return format!("code {code}");
        }
        // SAFETY: not null, with a NUL at its end, static.
        unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
    }

    /// Records of a kind, or none any more.
    pub(super) fn set_kind(&self, kind: ActivityKind, on: bool) -> Result<(), CuptiError> {
        // SAFETY: an enumerator of CUPTI's own; there is no other precondition.
        let code =
            unsafe { if on { (self.enable)(kind as u32) } else { (self.disable)(kind as u32) } };
        self.check(if on { "cuptiActivityEnable" } else { "cuptiActivityDisable" }, code)
    }

    /// Has buffers handed over whose records are complete; `forced`: all. From one thread, outside of all callbacks.
    pub(super) fn flush(&self, forced: bool) -> Result<(), CuptiError> {
        // SAFETY: takes a number; one thread at a time calls it.
        let code = unsafe { (self.flush)(if forced { FORCED } else { 0 }) };
        self.check("cuptiActivityFlushAll", code)
    }

    /// CUPTI's time; `None` when it will not say.
    pub fn now_ns(&self) -> Option<i64> {
        let mut now_ns = 0;
        // SAFETY: valid for one write.
        let code = unsafe { (self.timestamp)(&raw mut now_ns) };
        (code == 0).then(|| i64::try_from(now_ns).ok())?
    }
}

#[cfg(test)]
#[path = "library_made.rs"]
pub(super) mod made;

fn open(path: &Path, more: c_int) -> Option<Library> {
    // SAFETY: running libcupti's initialisers is what was asked for.
    unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL | more) }.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_holds_cupti_is_named_where_it_is_known() {
        assert_eq!(
            CuptiError::Held(Some("CUPTI for x".to_owned())).to_string(),
            "another tool holds CUPTI in this process (CUPTI for x)"
        );
        assert_eq!(CuptiError::Held(None).to_string(), "another tool holds CUPTI in this process");
    }

    /// The library that the tests have beside them, without a driver.
    #[test]
    fn the_library_here_has_all_calls() {
        match Cupti::of_process() {
            Ok(cupti) => {
                assert!(cupti.version().is_none_or(ApiVersion::is_supported));
                assert!(cupti.check("call", 0).is_ok());
                assert!(matches!(cupti.check("call", HELD), Err(CuptiError::Held(None))));
                let refused = cupti.check("call", 1).unwrap_err().to_string();
                assert_eq!(refused, "call: CUPTI_ERROR_INVALID_PARAMETER");
            }
            Err(error) => weftscope_testkit::skip(weftscope_testkit::Need::Oracle, error),
        }
    }
}
