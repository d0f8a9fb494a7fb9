use std::{ffi::CStr, sync::LazyLock};

use cupti_sys::{OpenError, bindings as sys};
use thiserror::Error;

/// Why nothing can be collected.
#[derive(Debug, Error)]
pub enum CuptiError {
    /// The library is missing or too old.
    #[error(transparent)]
    Library(#[from] OpenError),
    /// This process collects already; CUPTI's activity buffers are one a process.
    #[error("activity is being collected already in this process")]
    Busy,
    /// Another tool holds CUPTI.
    #[error("another profiler holds CUPTI in this process{}; stop it, or record stamps only", .0.as_deref().map(|name| format!(" ({name})")).unwrap_or_default())]
    OtherSubscriber(Option<String>),
    /// The driver keeps the counters for administrators.
    #[error(
        "{call}: the driver lets only administrators read the GPUs' counters; run as root, or load the nvidia \
         module with NVreg_RestrictProfilingToAdminUsers=0 (a line `options nvidia \
         NVreg_RestrictProfilingToAdminUsers=0` in /etc/modprobe.d, then reboot)"
    )]
    NotPermitted {
        /// The function.
        call: &'static str,
    },
    /// A call failed.
    #[error("{call}: {cause}")]
    Call {
        /// The function.
        call: &'static str,
        /// CUPTI's name for what went wrong.
        cause: String,
    },
}

/// Names a call on stderr before it is made, with `WEFTSCOPE_CUPTI_CALLS` set: to find the one that does not come back.
pub(super) fn about_to(call: &str) {
    static ASKED: LazyLock<bool> =
        LazyLock::new(|| std::env::var_os("WEFTSCOPE_CUPTI_CALLS").is_some());
    if *ASKED {
        // With stderr closed there is nobody to tell.
        let _unheard =
            std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("CUPTI: {call}\n"));
    }
}

/// `Ok` on success, else the call and CUPTI's words.
pub(super) fn check(result: sys::CUptiResult, call: &'static str) -> Result<(), CuptiError> {
    match result {
        sys::CUptiResult::CUPTI_SUCCESS => Ok(()),
        sys::CUptiResult::CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED => {
            Err(CuptiError::OtherSubscriber(None))
        }
        sys::CUptiResult::CUPTI_ERROR_INSUFFICIENT_PRIVILEGES
        | sys::CUptiResult::CUPTI_ERROR_VIRTUALIZED_DEVICE_INSUFFICIENT_PRIVILEGES => {
            Err(CuptiError::NotPermitted { call })
        }
        other => Err(CuptiError::Call { call, cause: words(other) }),
    }
}

fn words(result: sys::CUptiResult) -> String {
    let mut text = std::ptr::null();
    // SAFETY: the pointer is valid for one write; CUPTI keeps the string for the life of the process.
    let known = unsafe { sys::cuptiGetResultString(result, &raw mut text) };
    if known != sys::CUptiResult::CUPTI_SUCCESS || text.is_null() {
        return format!("{result:?}");
    }
    // SAFETY: not null, NUL-terminated, static.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}
