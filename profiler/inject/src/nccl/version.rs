//! Which NCCL the program has.

use std::ffi::c_int;

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

/// E.g. 22803 for 2.28.3; `None` where NCCL is linked into something else.
pub fn version() -> Option<u32> {
    let flags = RTLD_NOW | RTLD_LOCAL | libc::RTLD_NOLOAD;
    // SAFETY: nothing is loaded that is not there.
    let library = unsafe { Library::open(Some("libnccl.so.2"), flags) }.ok()?;
    // SAFETY: the prototype of nccl.h.
    let call =
        unsafe { library.get::<unsafe extern "C" fn(*mut c_int) -> c_int>(b"ncclGetVersion\0") };
    let call = *call.ok()?;
    let mut version = 0;
    // SAFETY: valid for one write; `library` holds NCCL until this returns.
    let code = unsafe { call(&raw mut version) };
    (code == 0).then(|| u32::try_from(version).ok())?
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_program_without_nccl_has_no_version() {
        assert_eq!(super::version(), None);
    }
}
