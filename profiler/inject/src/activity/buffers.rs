//! What CUPTI's threads call: hand out a buffer, take back one with records.

use std::{
    alloc::{Layout, alloc, dealloc},
    ptr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use cupti_sys::{Record, name_at};

use super::{
    inbox::Inbox,
    library::{Cupti, Handle},
};
use crate::entry;

/// Bytes of a buffer, some 600 kernels: small, so that records come often.
const BUFFER_BYTES: usize = 128 << 10;
/// CUPTI asks for eight bytes.
const LAYOUT: Layout = match Layout::from_size_align(BUFFER_BYTES, 8) {
    Ok(layout) => layout,
    Err(_) => panic!("a power of two"),
};

/// CUPTI's callbacks take nothing of ours along.
static INBOX: Mutex<Option<Inbox>> = Mutex::new(None);

fn lock() -> MutexGuard<'static, Option<Inbox>> {
    INBOX.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does something with the inbox.
pub fn with_inbox<R>(work: impl FnOnce(&mut Inbox) -> R) -> R {
    work(lock().get_or_insert_default())
}

/// CUPTI wants a buffer. A null one may crash it, so without memory its size is zero.
pub(super) unsafe extern "C" fn requested(
    buffer: *mut *mut u8,
    size: *mut usize,
    max_records: *mut usize,
) {
    // SAFETY: the layout has a size; CUPTI hands in three pointers that are valid for one write.
    unsafe {
        let memory = alloc(LAYOUT);
        *buffer = memory;
        *size = if memory.is_null() { 0 } else { BUFFER_BYTES };
        *max_records = 0;
    }
}

/// CUPTI hands a buffer back.
pub(super) unsafe extern "C" fn completed(
    context: Handle,
    stream: u32,
    buffer: *mut u8,
    _size: usize,
    valid_bytes: usize,
) {
    let Ok(cupti) = Cupti::of_process() else { return };
    entry::guarded(|| {
        // SAFETY: the buffer is one of ours with so many bytes of records, alive until it is freed below.
        unsafe { read_all(cupti, buffer, valid_bytes) };
        let mut dropped = 0;
        // SAFETY: valid for one write. No lock of ours is held: CUPTI takes its own.
        let code = unsafe { (cupti.dropped)(context, stream, &raw mut dropped) };
        if code == 0 && dropped > 0 {
            let cause = "CUPTI's records that it dropped for want of buffers";
            with_inbox(|inbox| inbox.lose(cause, dropped as u64));
        }
    });
    if !buffer.is_null() {
        // SAFETY: allocated in `requested` with this layout, and CUPTI is done with it.
        unsafe { dealloc(buffer, LAYOUT) };
    }
}

/// # Safety
/// `buffer` points at so many bytes of records.
unsafe fn read_all(cupti: &Cupti, buffer: *mut u8, valid_bytes: usize) {
    let mut record = ptr::null_mut();
    loop {
        // SAFETY: CUPTI walks its own buffer; `record` begins null and then is what it returned last.
        let code = unsafe { (cupti.next_record)(buffer, valid_bytes, &raw mut record) };
        if code != 0 {
            return;
        }
        let offset = record as usize - buffer as usize;
        // SAFETY: the record lies in the buffer, so the bytes from it to the valid end do too.
        let bytes = unsafe { std::slice::from_raw_parts(record, valid_bytes - offset) };
        let record = Record::decode(bytes);
        // SAFETY: the buffer whose record holds the address is not handed back yet.
        with_inbox(|inbox| inbox.take(&record, |address| unsafe { name_at(address) }));
    }
}
