//! A libcupti for tests: it does nothing, and remembers what it was asked for.

use std::{
    ffi::c_char,
    sync::{Mutex, MutexGuard, PoisonError},
};

use cupti_sys::ApiVersion;

use super::{Callback, Completed, Cupti, ExportTable, HELD, Handle, Requested, SubscriberParams};

/// A call, with what of its arguments matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Subscribe,
    Unsubscribe,
    Listen(bool),
    Kind(u32, bool),
    Flush(u32),
}

static ASKED: Mutex<Vec<Asked>> = Mutex::new(Vec::new());
/// Tests that ask take turns: there is one list.
static TURN: Mutex<()> = Mutex::new(());

/// Whoever holds this is the only one who asks.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    asked();
    turn
}

/// What was asked since last looked.
pub(crate) fn asked() -> Vec<Asked> {
    std::mem::take(&mut *ASKED.lock().unwrap_or_else(PoisonError::into_inner))
}

fn note(asked: Asked) -> u32 {
    ASKED.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
    0
}

unsafe extern "C" fn get_version(_: *mut u32) -> u32 {
    0
}
unsafe extern "C" fn result_string(_: u32, _: *mut *const c_char) -> u32 {
    1
}
unsafe extern "C" fn subscribe(_: *mut Handle, _: Callback, _: Handle) -> u32 {
    note(Asked::Subscribe)
}
unsafe extern "C" fn subscribe_held(
    _: *mut Handle,
    _: Callback,
    _: Handle,
    params: *mut SubscriberParams,
) -> u32 {
    // SAFETY: room for a name, as much as stated.
    unsafe { std::slice::from_raw_parts_mut((*params).other.cast::<u8>(), 12) }
        .copy_from_slice(b"CUPTI for x\0");
    HELD
}
unsafe extern "C" fn unsubscribe(_: Handle) -> u32 {
    note(Asked::Unsubscribe)
}
unsafe extern "C" fn enable_callback(on: u32, _: Handle, _: u32, call: u32) -> u32 {
    // One of several that always go together.
    if call == 307 { note(Asked::Listen(on == 1)) } else { 0 }
}
unsafe extern "C" fn register(_: Requested, _: Completed) -> u32 {
    0
}
unsafe extern "C" fn enable(kind: u32) -> u32 {
    note(Asked::Kind(kind, true))
}
unsafe extern "C" fn disable(kind: u32) -> u32 {
    note(Asked::Kind(kind, false))
}
unsafe extern "C" fn flush(flag: u32) -> u32 {
    note(Asked::Flush(flag))
}
unsafe extern "C" fn next_record(_: *mut u8, _: usize, _: *mut *mut u8) -> u32 {
    1
}
unsafe extern "C" fn dropped(_: Handle, _: u32, _: *mut usize) -> u32 {
    1
}
unsafe extern "C" fn timestamp(_: *mut u64) -> u32 {
    1
}
unsafe extern "C" fn nvtx(_: Option<ExportTable>) -> u32 {
    0
}

/// Free, or held by somebody.
pub(crate) fn cupti(version: u32, is_held: bool) -> &'static Cupti {
    Box::leak(Box::new(Cupti {
        get_version,
        result_string,
        subscribe,
        unsubscribe,
        enable_callback,
        register,
        enable,
        disable,
        flush,
        next_record,
        dropped,
        timestamp,
        nvtx,
        subscribe_named: is_held.then_some(subscribe_held),
        thread_ids: None,
        version: ApiVersion(version),
    }))
}
