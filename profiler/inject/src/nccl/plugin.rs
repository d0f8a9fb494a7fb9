//! The tables that NCCL looks for, and what they do.

use std::{
    ffi::{CStr, c_char, c_int, c_void},
    ptr,
};

use weftscope_wire::{Collective, Communicator, Event};

use super::abi::{COLLECTIVE, CollectiveEvent, Init4, Init5, SUCCESS, Table};
use crate::{entry, host};

/// What `start` is handed for a communicator; leaked, since NCCL keeps it.
struct Context {
    communicator: u64,
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
) -> c_int {
    entry::guarded(|| {
        // SAFETY: NCCL hands out room for one pointer.
        unsafe { *context = Box::into_raw(Box::new(Context { communicator: id })).cast() };
        if let Some(watch) = entry::watch() {
            let communicator = Communicator {
                id,
                name: text(name),
                ranks: ranks.unsigned_abs(),
                rank: rank.unsigned_abs(),
            };
            watch.tell(watch.collectives().made(communicator, mask as usize));
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
    made(context, mask, (communicator, name), (ranks, rank))
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
    made(context, mask, (communicator, name), (ranks, rank))
}

unsafe extern "C" fn start(
    context: *mut c_void,
    handle: *mut *mut c_void,
    event: *const CollectiveEvent,
) -> c_int {
    entry::guarded(|| {
        // SAFETY: NCCL hands out room for one pointer; null says that nothing more is to be told of the event.
        unsafe { *handle = ptr::null_mut() };
        // SAFETY: every description begins with its type.
        let is_collective = unsafe { (*event).kind } == COLLECTIVE;
        if let (true, Some(watch)) = (is_collective && !context.is_null(), entry::watch()) {
            // SAFETY: a collective's description, alive for this call; the context is one of `made`'s.
            let (event, communicator) =
                unsafe { (&*event, (*context.cast::<Context>()).communicator) };
            watch.tell([Event::Collective(collective(event, communicator))]);
        }
    });
    SUCCESS
}

fn collective(event: &CollectiveEvent, communicator: u64) -> Collective {
    Collective {
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

unsafe extern "C" fn stop(_handle: *mut c_void) -> c_int {
    SUCCESS
}

unsafe extern "C" fn record(_handle: *mut c_void, _state: c_int, _arguments: *mut c_void) -> c_int {
    SUCCESS
}

unsafe extern "C" fn finalize(_context: *mut c_void) -> c_int {
    SUCCESS
}

const fn table<Init>(init: Init) -> Table<Init> {
    Table { name: c"weftscope".as_ptr(), init, start, stop, record, finalize }
}

/// For NCCL 2.27.
#[unsafe(no_mangle)]
pub static ncclProfiler_v4: Table<Init4> = table(init4);
/// For NCCL 2.28.
#[unsafe(no_mangle)]
pub static ncclProfiler_v5: Table<Init5> = table(init5);
/// For NCCL 2.29 and later.
#[unsafe(no_mangle)]
pub static ncclProfiler_v6: Table<Init5> = table(init5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_read_as_nccl_writes_it() {
        let event = CollectiveEvent {
            kind: COLLECTIVE,
            parent: ptr::null(),
            rank: 1,
            sequence: 42,
            function: c"AllReduce".as_ptr(),
            send: ptr::null(),
            receive: ptr::null(),
            count: 1 << 20,
            root: 0,
            datatype: c"ncclBfloat16".as_ptr(),
            channels: 24,
            warps: 17,
            algorithm: c"RING".as_ptr(),
            protocol: ptr::null(),
        };
        let told = collective(&event, 7);
        assert_eq!(
            (told.communicator, told.sequence, told.count, told.channels),
            (7, 42, 1 << 20, 24)
        );
        assert_eq!((told.function.as_str(), told.datatype.as_str()), ("AllReduce", "ncclBfloat16"));
        assert_eq!((told.algorithm.as_str(), told.protocol.as_str()), ("RING", ""));
    }

    /// The tables do their work where nothing is watched: a program that loads the plugin alone goes on.
    #[test]
    fn the_tables_are_harmless_by_themselves() {
        let (mut context, mut mask) = (ptr::null_mut(), 0);
        // SAFETY: arguments as NCCL gives them.
        unsafe {
            let made = (ncclProfiler_v5.init)(
                &raw mut context,
                7,
                &raw mut mask,
                ptr::null(),
                1,
                2,
                0,
                ptr::null(),
            );
            assert_eq!((made, mask), (SUCCESS, 0));
            let mut handle = ptr::dangling_mut();
            let event = CollectiveEvent { kind: 64, ..std::mem::zeroed() };
            assert_eq!(
                (ncclProfiler_v5.start)(context, &raw mut handle, &raw const event),
                SUCCESS
            );
            assert!(handle.is_null());
            assert_eq!((ncclProfiler_v5.finalize)(context), SUCCESS);
        }
    }
}
