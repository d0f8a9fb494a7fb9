//! The edge to the program: what CUDA's driver calls. Nothing panics over it.

use std::{
    ffi::{c_int, c_void},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::OnceLock,
};

use crate::{host, sanitizer::abi::Handle, settings::Settings, watch::Watch};

static WATCH: OnceLock<Option<Watch>> = OnceLock::new();

/// The watch over this process, once there is one.
pub(crate) fn watch() -> Option<&'static Watch> {
    WATCH.get().and_then(Option::as_ref)
}

/// Whatever happens inside, the program goes on.
pub(crate) fn guarded(work: impl FnOnce()) {
    // A panic was already told on standard error by the hook; there is nothing else that could be done here.
    let _panicked = catch_unwind(AssertUnwindSafe(work));
}

/// Called by CUDA's driver when it has loaded this library (`CUDA_INJECTION64_PATH`). Always 1: a program that cannot
/// be watched runs all the same.
#[unsafe(no_mangle)]
pub extern "C" fn InitializeInjection() -> c_int {
    guarded(|| {
        let watch =
            WATCH.get_or_init(|| Settings::from(|name| std::env::var_os(name)).map(Watch::new));
        if let Some(watch) = watch {
            watch.open(on_callback);
            finish_at_exit();
        }
    });
    1
}

/// Address of the ring of marks of this thread's context, for kernels that take it as an argument; 0: nothing is recorded.
/// Outside of callbacks and of captures.
#[unsafe(no_mangle)]
pub extern "C" fn weftscope_ring() -> u64 {
    let mut ring = 0;
    guarded(|| ring = watch().and_then(Watch::ring_of_thread).unwrap_or(0));
    ring
}

/// Has what is under way told when the program ends by itself. Once more after each library whose own last words, said before
/// those of all that came earlier, would leave nothing to tell.
pub(crate) fn finish_at_exit() {
    host::at_exit(on_exit);
}

extern "C" fn on_exit() {
    guarded(|| {
        if let Some(watch) = watch() {
            watch.finish();
        }
    });
}

/// What the Sanitizer calls.
unsafe extern "C" fn on_callback(_user: Handle, domain: u32, id: u32, data: *const c_void) {
    guarded(|| {
        if let Some(watch) = watch()
            && !data.is_null()
        {
            // SAFETY: the Sanitizer hands out the struct of this domain and number, alive for this call.
            unsafe { watch.called(domain, id, data) };
        }
    });
}
