//! Clocks and numbers of this process.

use std::time::{SystemTime, UNIX_EPOCH};

/// `CLOCK_MONOTONIC`, ns: the same for all processes of a host, never set back.
pub fn monotonic_ns() -> i64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: valid for one write; every Linux has this clock.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// `CLOCK_MONOTONIC` and the Unix time at one moment, ns.
pub fn monotonic_and_unix_ns() -> (i64, i64) {
    let before = monotonic_ns();
    let unix =
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i64);
    (i64::midpoint(before, monotonic_ns()), unix)
}

/// The kernel's number of this thread.
pub fn tid() -> u32 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::gettid() }.unsigned_abs()
}

/// The parent process.
pub fn parent_pid() -> u32 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::getppid() }.unsigned_abs()
}

/// Has `function` called when the program ends by itself.
pub fn at_exit(function: extern "C" fn()) {
    // SAFETY: a plain function without captures, which lives as long as the library, and that is never unloaded.
    unsafe { libc::atexit(function) };
}
