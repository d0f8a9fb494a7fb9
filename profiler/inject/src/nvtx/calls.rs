//! NVTX's calls, as they come out of the program. What is not taken here does nothing, as without any tool.

use std::{
    ffi::{c_char, c_int, c_void},
    ptr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{
    abi::{
        ASCII, Attributes, CALLBACKS, CORE, CORE_CALLS, CORE2, CORE2_CALLS, Callbacks, REGISTERED,
        UNICODE, text, wide_text,
    },
    ranges::{Open, Started, pop, push},
};
use crate::{activity::library::ExportTable, entry};

static STARTED: Mutex<Option<Started>> = Mutex::new(None);

/// A domain or a registered string: it is never let go, since a program makes few and may name them until its end.
struct Named(String);

/// Has the calls come here. False: this NVTX has no such tables.
///
/// # Safety
/// NVTX's function that gives its tables.
pub(super) unsafe fn install(export_table: ExportTable) -> bool {
    // SAFETY: as the caller promises.
    let callbacks = unsafe { export_table(CALLBACKS) }.cast::<Callbacks>();
    if callbacks.is_null() {
        return false;
    }
    // SAFETY: the table of this number, alive as long as NVTX is.
    let callbacks = unsafe { &*callbacks };
    let Some(table) = callbacks.table else { return false };
    let core = [
        mark_ex as *const c_void,
        mark_a as *const c_void,
        mark_w as *const c_void,
        start_ex as *const c_void,
        start_a as *const c_void,
        start_w as *const c_void,
        range_end as *const c_void,
        push_ex as *const c_void,
        push_a as *const c_void,
        push_w as *const c_void,
        range_pop as *const c_void,
    ];
    let domains = [
        domain_mark as *const c_void,
        domain_start as *const c_void,
        domain_end as *const c_void,
        domain_push as *const c_void,
        domain_pop as *const c_void,
        register_a as *const c_void,
        register_w as *const c_void,
        create_a as *const c_void,
        create_w as *const c_void,
    ];
    let put = |module: c_int, numbers: &[(&str, usize)], calls: &[*const c_void]| {
        let (mut entries, mut count) = (ptr::null_mut::<*mut *const c_void>(), 0);
        // SAFETY: valid for one write each.
        if unsafe { table(module, &raw mut entries, &raw mut count) } == 0 || entries.is_null() {
            return false;
        }
        let numbers = numbers.iter().map(|&(_, number)| number).zip(calls);
        for (number, &call) in numbers.filter(|(number, _)| *number < count as usize) {
            // SAFETY: one of so many pointers to where the function's pointer lies, or null where this NVTX lacks it.
            unsafe {
                let entry = *entries.add(number);
                if !entry.is_null() {
                    *entry = call;
                }
            }
        }
        true
    };
    put(CORE, &CORE_CALLS, &core) && put(CORE2, &CORE2_CALLS, &domains)
}

fn started() -> MutexGuard<'static, Option<Started>> {
    STARTED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A range begins; its name is read where somebody wants it.
fn begins(domain: usize, name: impl FnOnce() -> String) -> Open {
    let Some(watch) = entry::watch().filter(|watch| watch.wants_ranges()) else {
        return Open::now(domain, None, false);
    };
    let name = name();
    let ends_recording = watch.range_begins(&name);
    Open::now(domain, Some(name), ends_recording)
}

fn ended(open: Option<Open>, domain: usize) {
    let (Some(open), Some(watch)) = (open, entry::watch()) else { return };
    let ends_recording = open.ends_recording;
    watch.range_ends(open.ended(domain_name(domain)), ends_recording);
}

fn marked(domain: usize, name: impl FnOnce() -> String) {
    ended(Some(begins(domain, name)), domain);
}

fn start(domain: usize, name: impl FnOnce() -> String) -> u64 {
    let mut number = 0;
    entry::guarded(|| {
        let open = begins(domain, name);
        number = started().get_or_insert_default().start(open);
    });
    number
}

fn end(domain: usize, number: u64) {
    entry::guarded(|| {
        let open = started().get_or_insert_default().end(number);
        ended(open, domain);
    });
}

fn pushed(domain: usize, name: impl FnOnce() -> String) -> c_int {
    let mut depth = -1;
    entry::guarded(|| depth = push(begins(domain, name)));
    depth
}

fn popped(domain: usize) -> c_int {
    let mut depth = -1;
    entry::guarded(|| {
        if let Some((open, left)) = pop(domain) {
            depth = left;
            ended(Some(open), domain);
        }
    });
    depth
}

/// What a range or a mark is called. Safe to call with what NVTX hands on.
fn message(attributes: *const Attributes) -> String {
    if attributes.is_null() {
        return String::new();
    }
    // SAFETY: the program's own, alive for the call.
    let attributes = unsafe { &*attributes };
    // SAFETY: text of the kind that it says, or what `registered` gave.
    unsafe {
        match attributes.message_type {
            ASCII => text(attributes.message.cast()),
            UNICODE => wide_text(attributes.message.cast()),
            REGISTERED if !attributes.message.is_null() => {
                (*attributes.message.cast::<Named>()).0.clone()
            }
            _ => String::new(),
        }
    }
}

fn named(name: String) -> *const c_void {
    ptr::from_ref(Box::leak(Box::new(Named(name)))).cast()
}

fn domain_name(domain: usize) -> String {
    if domain == 0 {
        return String::new();
    }
    // SAFETY: what `named` gave, never let go.
    unsafe { &*(domain as *const Named) }.0.clone()
}

unsafe extern "C" fn mark_ex(attributes: *const Attributes) {
    entry::guarded(|| marked(0, || message(attributes)));
}

unsafe extern "C" fn mark_a(name: *const c_char) {
    // SAFETY: the program's text; here and below.
    entry::guarded(|| marked(0, || unsafe { text(name) }));
}

unsafe extern "C" fn mark_w(name: *const u32) {
    // SAFETY: as above.
    entry::guarded(|| marked(0, || unsafe { wide_text(name) }));
}

unsafe extern "C" fn start_ex(attributes: *const Attributes) -> u64 {
    start(0, || message(attributes))
}

unsafe extern "C" fn start_a(name: *const c_char) -> u64 {
    // SAFETY: as above.
    start(0, || unsafe { text(name) })
}

unsafe extern "C" fn start_w(name: *const u32) -> u64 {
    // SAFETY: as above.
    start(0, || unsafe { wide_text(name) })
}

unsafe extern "C" fn range_end(number: u64) {
    end(0, number);
}

unsafe extern "C" fn push_ex(attributes: *const Attributes) -> c_int {
    pushed(0, || message(attributes))
}

unsafe extern "C" fn push_a(name: *const c_char) -> c_int {
    // SAFETY: as above.
    pushed(0, || unsafe { text(name) })
}

unsafe extern "C" fn push_w(name: *const u32) -> c_int {
    // SAFETY: as above.
    pushed(0, || unsafe { wide_text(name) })
}

unsafe extern "C" fn range_pop() -> c_int {
    popped(0)
}

unsafe extern "C" fn domain_mark(domain: usize, attributes: *const Attributes) {
    entry::guarded(|| marked(domain, || message(attributes)));
}

unsafe extern "C" fn domain_start(domain: usize, attributes: *const Attributes) -> u64 {
    start(domain, || message(attributes))
}

unsafe extern "C" fn domain_end(domain: usize, number: u64) {
    end(domain, number);
}

unsafe extern "C" fn domain_push(domain: usize, attributes: *const Attributes) -> c_int {
    pushed(domain, || message(attributes))
}

unsafe extern "C" fn domain_pop(domain: usize) -> c_int {
    popped(domain)
}

unsafe extern "C" fn register_a(_domain: usize, name: *const c_char) -> *const c_void {
    // SAFETY: as above.
    named(unsafe { text(name) })
}

unsafe extern "C" fn register_w(_domain: usize, name: *const u32) -> *const c_void {
    // SAFETY: as above.
    named(unsafe { wide_text(name) })
}

unsafe extern "C" fn create_a(name: *const c_char) -> *const c_void {
    // SAFETY: as above.
    named(unsafe { text(name) })
}

unsafe extern "C" fn create_w(name: *const u32) -> *const c_void {
    // SAFETY: as above.
    named(unsafe { wide_text(name) })
}
