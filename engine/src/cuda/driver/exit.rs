//! The end of the process: GPUs are let go before the libraries that drive them go.
//!
//! `exit` may be called on any thread, by a library too: Xlib does when the display is gone. It runs what was registered,
//! newest first, among it the destructors of CUDA, CUPTI and NCCL, and a thread inside one of these at that moment
//! crashes ("double free or corruption"). So whoever has a thread there leaves a hook, and each time a library has been
//! loaded the hooks are put before its destructors.

use std::{
    ffi::c_int,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, PoisonError},
};

type Hook = Box<dyn FnOnce() + Send>;

/// Hooks that have not run, oldest first.
static HOOKS: Mutex<Vec<Hook>> = Mutex::new(Vec::new());

unsafe extern "C" {
    /// Of the C library: 0 when `function` is registered.
    fn atexit(function: extern "C" fn()) -> c_int;
}

/// Calls `hook` once when the process ends by itself, on the thread that ends it, before libraries that are loaded now are
/// torn down. It must not wait for ever: the process waits for it. A process that is killed calls nothing.
pub fn before_exit(hook: impl FnOnce() + Send + 'static) {
    HOOKS.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(hook));
    renew_exit_hooks();
}

/// Puts the hooks before the destructors of everything loaded by now; to be called after loading a library. Does nothing
/// without hooks.
pub fn renew_exit_hooks() {
    if HOOKS.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
        return;
    }
    // SAFETY: `run_hooks` is a function of this program and lives as long; it lets no panic out. A registration that is
    // refused for want of memory leaves the one before.
    let _refused = unsafe { atexit(run_hooks) };
}

extern "C" fn run_hooks() {
    let hooks = std::mem::take(&mut *HOOKS.lock().unwrap_or_else(PoisonError::into_inner));
    for hook in hooks.into_iter().rev() {
        // The panic has been printed; the process goes on ending.
        let _panicked = catch_unwind(AssertUnwindSafe(hook));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// Set in the child process that ends.
    const CHILD: &str = "EXIT_HOOKS_CHILD";

    #[test]
    fn hooks_run_once_newest_first_and_outlive_a_panic() {
        if std::env::var_os(CHILD).is_some() {
            before_exit(|| println!("first hook"));
            before_exit(|| panic!("second hook"));
            before_exit(|| println!("third hook"));
            renew_exit_hooks();
            std::process::exit(7);
        }
        let test = "cuda::driver::exit::tests::hooks_run_once_newest_first_and_outlive_a_panic";
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        assert_eq!(child.status.code(), Some(7));
        let text = String::from_utf8_lossy(&child.stdout);
        let said: Vec<_> = text.lines().filter(|line| line.ends_with("hook")).collect();
        assert_eq!(said, ["third hook", "first hook"], "{text}");
    }
}
