//! The tables that NCCL looks for, and what they do.

use std::{
    ffi::{CStr, c_char, c_int, c_void},
    ptr,
    sync::atomic::{AtomicU64, Ordering},
};

use weftscope_wire::{ChannelRun, Collective, Communicator, Event};

use super::{
    abi::{
        CHANNEL, CHANNEL_STOP, COLLECTIVE, ChannelEvent, CollectiveEvent, Head, Init4, Init5,
        LAUNCH, SUCCESS, Table,
    },
    collectives::{Place, Wanted},
    handle::Handle,
    version,
};
use crate::{
    activity::{claim, recording},
    driver::Driver,
    entry, host,
    watch::{Watch, is_capturing},
};

/// What `start` is handed for a communicator; leaked, since NCCL keeps it.
#[derive(Clone, Copy)]
struct Context {
    communicator: u64,
    device: Option<u32>,
}

fn text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: text of NCCL's, alive for the call that runs.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

fn made(
    context: *mut *mut c_void,
    mask: *mut c_int,
    (id, name): (u64, *const c_char),
    (ranks, rank): (c_int, c_int),
    is_old: bool,
) -> c_int {
    entry::guarded(|| {
        // A communicator is made for the device that is current.
        let place = entry::watch()
            .and_then(|_| Driver::of_process()?.current())
            .map(|(context, device)| Place { context, device });
        let made = Context { communicator: id, device: place.map(|place| place.device) };
        // SAFETY: NCCL hands out room for one pointer.
        unsafe { *context = Box::into_raw(Box::new(made)).cast() };
        if let Some(watch) = entry::watch() {
            let communicator = Communicator {
                id,
                name: text(name),
                ranks: ranks.unsigned_abs(),
                rank: rank.unsigned_abs(),
                device: place.map(|place| place.device),
                nccl: version::version(),
            };
            watch.tell(watch.collectives().made(communicator, mask as usize, (place, is_old)));
        }
    });
    SUCCESS
}

unsafe extern "C" fn init4(
    context: *mut *mut c_void,
    mask: *mut c_int,
    name: *const c_char,
    communicator: u64,
    _nodes: c_int,
    ranks: c_int,
    rank: c_int,
    _log: *const c_void,
) -> c_int {
    made(context, mask, (communicator, name), (ranks, rank), true)
}

unsafe extern "C" fn init5(
    context: *mut *mut c_void,
    communicator: u64,
    mask: *mut c_int,
    name: *const c_char,
    _nodes: c_int,
    ranks: c_int,
    rank: c_int,
    _log: *const c_void,
) -> c_int {
    made(context, mask, (communicator, name), (ranks, rank), false)
}

/// In version 4 the type is one byte, and what lies behind it is nobody's.
const BYTE: u64 = 0xff;

unsafe extern "C" fn start4(
    context: *mut c_void,
    handle: *mut *mut c_void,
    event: *const Head,
) -> c_int {
    // SAFETY: as NCCL calls it.
    unsafe { start(context, handle, event, BYTE) }
}

unsafe extern "C" fn start5(
    context: *mut c_void,
    handle: *mut *mut c_void,
    event: *const Head,
) -> c_int {
    // SAFETY: as NCCL calls it.
    unsafe { start(context, handle, event, u64::MAX) }
}

/// # Safety
/// Arguments as NCCL gives them.
unsafe fn start(
    context: *mut c_void,
    handle: *mut *mut c_void,
    event: *const Head,
    kind_bits: u64,
) -> c_int {
    entry::guarded(|| {
        // SAFETY: NCCL hands out room for one pointer; null says that nothing more is to be told of the event.
        unsafe { *handle = ptr::null_mut() };
        let Some(watch) = entry::watch().filter(|_| !context.is_null()) else { return };
        // SAFETY: the context is one of `made`'s.
        let of = unsafe { *context.cast::<Context>() };
        // SAFETY: a description, alive for this call.
        if let Some(begun) = unsafe { begin(watch, of, event, kind_bits) } {
            // SAFETY: as above.
            unsafe { *handle = begun.pointer() };
        }
    });
    SUCCESS
}

/// # Safety
/// `event` is a description of NCCL's, as long as its type asks for.
unsafe fn begin(watch: &Watch, of: Context, event: *const Head, kind_bits: u64) -> Option<Handle> {
    // SAFETY: every description begins so.
    match unsafe { (*event).kind } & kind_bits {
        LAUNCH => {
            claim::this_thread_launches();
            recording::claim().map(|claim| {
                claim.launch_begins();
                Handle::Launch
            })
        }
        COLLECTIVE => {
            // SAFETY: a collective's description.
            let collective = collective(unsafe { &*event.cast() }, of.communicator);
            let wanted = watch.collectives().wanted();
            let tells_launches = wanted != Wanted::Collectives && !watch.collectives().is_old();
            let is_late = tells_launches && !claim::has_launched();
            let collective = Collective { is_late, ..collective };
            let id = collective.id;
            watch.tell([Event::Collective(collective)]);
            // Channels name it; else nobody asks for it again.
            (wanted == Wanted::Channels).then_some(Handle::Collective(id))
        }
        // SAFETY: a channel's description.
        CHANNEL => channel(watch, unsafe { &*event.cast() }, of),
        _ => None,
    }
}

fn channel(watch: &Watch, event: &ChannelEvent, of: Context) -> Option<Handle> {
    let collective = match Handle::of(event.head.parent) {
        Some(Handle::Collective(id)) => Some(id),
        _ => None,
    };
    let run = ChannelRun {
        collective,
        communicator: of.communicator,
        device: of.device,
        channel: event.channel.into(),
        start_device_ns: event.start_device_ns,
        end_device_ns: 0,
    };
    watch.channels().started(run).map(Handle::Channel)
}

/// Numbers collectives.
static NEXT: AtomicU64 = AtomicU64::new(0);

fn collective(event: &CollectiveEvent, communicator: u64) -> Collective {
    Collective {
        id: NEXT.fetch_add(1, Ordering::Relaxed),
        correlation: claim::correlation(),
        is_late: false,
        is_captured: is_capturing(),
        communicator,
        function: text(event.function),
        sequence: event.sequence,
        count: event.count as u64,
        datatype: text(event.datatype),
        algorithm: text(event.algorithm),
        protocol: text(event.protocol),
        channels: event.channels.into(),
        tid: host::tid(),
        at_host_ns: host::monotonic_ns(),
    }
}

unsafe extern "C" fn stop(handle: *mut c_void) -> c_int {
    entry::guarded(|| match Handle::of(handle) {
        Some(Handle::Launch) => {
            if let Some(claim) = recording::claim() {
                claim.launch_ends();
            }
        }
        Some(Handle::Channel(slot)) => {
            if let Some(watch) = entry::watch() {
                watch.channels().stopped(slot);
            }
        }
        Some(Handle::Collective(_)) | None => {}
    });
    SUCCESS
}

unsafe extern "C" fn record(handle: *mut c_void, state: c_int, arguments: *mut c_void) -> c_int {
    entry::guarded(|| {
        if let Some(watch) = entry::watch() {
            // SAFETY: as NCCL calls it.
            unsafe { stamp(watch, handle, state, arguments) };
        }
    });
    SUCCESS
}

/// # Safety
/// Arguments as NCCL gives them.
unsafe fn stamp(watch: &Watch, handle: *mut c_void, state: c_int, arguments: *mut c_void) {
    if let (CHANNEL_STOP, Some(Handle::Channel(slot))) = (state, Handle::of(handle))
        && !arguments.is_null()
    {
        // SAFETY: of this stage the arguments are one number: `%globaltimer` when the channel ended.
        let end_device_ns = unsafe { *arguments.cast::<u64>() };
        watch.channels().stamped(slot, end_device_ns);
    }
}

unsafe extern "C" fn finalize(_context: *mut c_void) -> c_int {
    SUCCESS
}

type Start = unsafe extern "C" fn(*mut c_void, *mut *mut c_void, *const Head) -> c_int;

const fn table<Init>(init: Init, start: Start) -> Table<Init> {
    Table { name: c"weftscope".as_ptr(), init, start, stop, record, finalize }
}

/// For NCCL 2.27.
#[unsafe(no_mangle)]
pub static ncclProfiler_v4: Table<Init4> = table(init4, start4);
/// For NCCL 2.28.
#[unsafe(no_mangle)]
pub static ncclProfiler_v5: Table<Init5> = table(init5, start5);
/// For NCCL 2.29 and later.
#[unsafe(no_mangle)]
pub static ncclProfiler_v6: Table<Init5> = table(init5, start5);

#[cfg(test)]
#[path = "plugin_tests.rs"]
mod tests;
