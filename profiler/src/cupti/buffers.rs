//! What CUPTI's threads call: hand out a buffer, take back a full one.

use std::{
    alloc::{Layout, alloc, dealloc},
    panic::catch_unwind,
    ptr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crossbeam::channel::Sender;
use cupti_sys::{CUcontext, Record, bindings as sys, name_at};

/// A record together with the text it points at, which would not outlive its buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityRecord {
    /// The record.
    pub record: Record,
    /// Mangled name, of kernels.
    pub name: Option<String>,
}

/// What did not arrive, by cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    /// Records that CUPTI itself dropped, for want of buffers.
    pub dropped_by_cupti: u64,
    /// Records that did not fit the channel.
    pub overflowed: u64,
    /// Records that were cut short.
    pub too_short: u64,
    /// Kernels without times (start and end 0).
    pub not_timed: u64,
    /// Buffers whose reading panicked.
    pub panicked: u64,
}

impl Loss {
    /// What was lost since `before`.
    pub fn since(&self, before: &Self) -> Self {
        Self {
            dropped_by_cupti: self.dropped_by_cupti.saturating_sub(before.dropped_by_cupti),
            overflowed: self.overflowed.saturating_sub(before.overflowed),
            too_short: self.too_short.saturating_sub(before.too_short),
            not_timed: self.not_timed.saturating_sub(before.not_timed),
            panicked: self.panicked.saturating_sub(before.panicked),
        }
    }

    /// Cause and count, for diagnostics; zeros left out.
    pub fn by_cause(&self) -> Vec<(&'static str, u64)> {
        [
            ("records dropped by CUPTI", self.dropped_by_cupti),
            ("CUPTI records past the channel's room", self.overflowed),
            ("CUPTI records cut short", self.too_short),
            ("kernels without times", self.not_timed),
            ("CUPTI buffers lost to a panic", self.panicked),
        ]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .collect()
    }
}

/// Size of a buffer: small, so that a flush hands over little and often.
const BUFFER_BYTES: usize = 1 << 20;
/// CUPTI asks for 8-byte alignment.
const LAYOUT: Layout = match Layout::from_size_align(BUFFER_BYTES, 8) {
    Ok(layout) => layout,
    Err(_) => panic!("a power of two"),
};

static SINK: Mutex<Option<Sender<ActivityRecord>>> = Mutex::new(None);
static DROPPED: AtomicU64 = AtomicU64::new(0);
static OVERFLOWED: AtomicU64 = AtomicU64::new(0);
static TOO_SHORT: AtomicU64 = AtomicU64::new(0);
static NOT_TIMED: AtomicU64 = AtomicU64::new(0);
static PANICKED: AtomicU64 = AtomicU64::new(0);

/// Where records go from now on; false when another collector is there already.
pub(super) fn attach(sink: Sender<ActivityRecord>) -> bool {
    let mut place = SINK.lock().unwrap_or_else(PoisonError::into_inner);
    if place.is_some() {
        return false;
    }
    for counter in [&DROPPED, &OVERFLOWED, &TOO_SHORT, &NOT_TIMED, &PANICKED] {
        counter.store(0, Ordering::Relaxed);
    }
    *place = Some(sink);
    true
}

/// Records go nowhere from now on.
pub(super) fn detach() {
    SINK.lock().unwrap_or_else(PoisonError::into_inner).take();
}

/// What was lost since the last [`attach`].
pub(super) fn loss() -> Loss {
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    Loss {
        dropped_by_cupti: read(&DROPPED),
        overflowed: read(&OVERFLOWED),
        too_short: read(&TOO_SHORT),
        not_timed: read(&NOT_TIMED),
        panicked: read(&PANICKED),
    }
}

/// CUPTI wants a buffer. A null one may crash it, so an allocation failure gives a zero size only.
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
    context: CUcontext,
    stream: u32,
    buffer: *mut u8,
    _size: usize,
    valid_bytes: usize,
) {
    // A panic must not cross into C.
    // SAFETY: the buffer is one of ours with `valid_bytes` of records, live until freed below.
    let read = catch_unwind(|| unsafe { read_all(buffer, valid_bytes) });
    if read.is_err() {
        PANICKED.fetch_add(1, Ordering::Relaxed);
    }
    let mut dropped = 0;
    // SAFETY: valid for one write. Asked outside of our own lock: CUPTI takes locks of its own here.
    let asked =
        unsafe { sys::cuptiActivityGetNumDroppedRecords(context, stream, &raw mut dropped) };
    if asked == sys::CUptiResult::CUPTI_SUCCESS {
        DROPPED.fetch_add(dropped as u64, Ordering::Relaxed);
    }
    if !buffer.is_null() {
        // SAFETY: allocated in `requested` with this layout, and CUPTI is done with it.
        unsafe { dealloc(buffer, LAYOUT) };
    }
}

/// Decodes every record of a buffer and passes it on.
///
/// # Safety
/// `buffer` points at `valid_bytes` bytes of activity records.
unsafe fn read_all(buffer: *mut u8, valid_bytes: usize) {
    let sink = SINK.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut record = ptr::null_mut();
    loop {
        // SAFETY: CUPTI walks its own buffer; `record` starts null and then is what CUPTI returned last.
        let next = unsafe { sys::cuptiActivityGetNextRecord(buffer, valid_bytes, &raw mut record) };
        if next != sys::CUptiResult::CUPTI_SUCCESS {
            return;
        }
        let offset = record as usize - buffer as usize;
        // SAFETY: the record lies in the buffer, so the bytes from it to the valid end do too.
        let bytes =
            unsafe { std::slice::from_raw_parts(record.cast::<u8>(), valid_bytes - offset) };
        // SAFETY: the buffer that the record's pointers belong to is not handed back yet.
        let event = unsafe { event(Record::decode(bytes)) };
        count(&event.record);
        if let Some(sink) = &sink
            && sink.try_send(event).is_err()
        {
            OVERFLOWED.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// # Safety
/// The record's buffer is still ours.
unsafe fn event(record: Record) -> ActivityRecord {
    let name = match record {
        // SAFETY: as the caller says.
        Record::Kernel(kernel) => unsafe { name_at(kernel.name_address) },
        _ => None,
    };
    ActivityRecord { record, name }
}

fn count(record: &Record) {
    match record {
        Record::TooShort(..) => TOO_SHORT.fetch_add(1, Ordering::Relaxed),
        Record::Kernel(kernel) if kernel.start_ns == 0 && kernel.end_ns == 0 => {
            NOT_TIMED.fetch_add(1, Ordering::Relaxed)
        }
        _ => 0,
    };
}
