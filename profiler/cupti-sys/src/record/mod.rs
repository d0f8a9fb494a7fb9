//! Activity records: bytes in, enum out, nothing followed and nothing called.

mod kinds;
mod read;

use std::ffi::{CStr, c_char};

pub use self::kinds::{
    ApiCall, ExternalCorrelation, Kernel, Marker, Memcpy, MemcpyPeer, Memset, Overhead,
    Synchronization,
};
use self::read::Reader;
use crate::{
    ActivityKind,
    layout::{self, RecordLayout},
};

/// One activity record. Times are CUPTI nanoseconds (`CLOCK_REALTIME` domain by default); a kernel whose start and
/// end are both 0 was not timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// A kernel.
    Kernel(Kernel),
    /// A copy on one device or between host and device.
    Memcpy(Memcpy),
    /// A copy between devices.
    MemcpyPeer(MemcpyPeer),
    /// A memory set.
    Memset(Memset),
    /// A point of an NVTX range, or an NVTX mark.
    Marker(Marker),
    /// A driver call.
    Driver(ApiCall),
    /// A runtime call.
    Runtime(ApiCall),
    /// A synchronisation.
    Synchronization(Synchronization),
    /// What profiling cost.
    Overhead(Overhead),
    /// An id pushed around an API call.
    ExternalCorrelation(ExternalCorrelation),
    /// A kind that is not read, by its number.
    Other(u32),
    /// Fewer bytes than the record's prefix: its kind's number and the bytes there were.
    TooShort(u32, usize),
}

impl Record {
    /// Reads one record from its first byte on. `bytes` may be longer than the record: later versions append
    /// fields, and the iterator that hands out records does not say how long they are.
    pub fn decode(bytes: &[u8]) -> Self {
        let Some(raw) = bytes.first_chunk::<4>().map(|chunk| u32::from_le_bytes(*chunk)) else {
            return Self::TooShort(0, bytes.len());
        };
        let Some(kind) = ActivityKind::from_raw(raw) else { return Self::Other(raw) };
        let layout = Self::layout_of(kind);
        if bytes.len() < layout.min_len() {
            return Self::TooShort(raw, bytes.len());
        }
        let r = Reader(bytes);
        match kind {
            ActivityKind::Kernel | ActivityKind::ConcurrentKernel => Self::Kernel(read::kernel(r)),
            ActivityKind::Memcpy => Self::Memcpy(read::memcpy(r)),
            ActivityKind::MemcpyPeer => Self::MemcpyPeer(read::memcpy_peer(r)),
            ActivityKind::Memset => Self::Memset(read::memset(r)),
            ActivityKind::Marker => Self::Marker(read::marker(r)),
            ActivityKind::Driver => Self::Driver(read::api(r)),
            ActivityKind::Runtime => Self::Runtime(read::api(r)),
            ActivityKind::Synchronization => Self::Synchronization(read::synchronization(r)),
            ActivityKind::Overhead => Self::Overhead(read::overhead(r)),
            ActivityKind::ExternalCorrelation => {
                Self::ExternalCorrelation(read::external_correlation(r))
            }
        }
    }

    /// Node of the CUDA graph that it was replayed from; `None`: it was launched by itself.
    pub fn graph_node(&self) -> Option<u64> {
        let node = match self {
            Self::Kernel(it) => it.graph_node,
            Self::Memcpy(it) => it.graph_node,
            Self::MemcpyPeer(it) => it.graph_node,
            Self::Memset(it) => it.graph_node,
            _ => 0,
        };
        (node != 0).then_some(node)
    }

    /// The prefix that [`decode`](Self::decode) reads of a kind.
    pub fn layout_of(kind: ActivityKind) -> RecordLayout {
        match kind {
            ActivityKind::Kernel | ActivityKind::ConcurrentKernel => layout::kernel::LAYOUT,
            ActivityKind::Memcpy => layout::memcpy::LAYOUT,
            ActivityKind::MemcpyPeer => layout::memcpy_peer::LAYOUT,
            ActivityKind::Memset => layout::memset::LAYOUT,
            ActivityKind::Marker => layout::marker::LAYOUT,
            ActivityKind::Driver | ActivityKind::Runtime => layout::api::LAYOUT,
            ActivityKind::Synchronization => layout::synchronization::LAYOUT,
            ActivityKind::Overhead => layout::overhead::LAYOUT,
            ActivityKind::ExternalCorrelation => layout::external_correlation::LAYOUT,
        }
    }
}

/// The text of a name that CUPTI handed out.
///
/// # Safety
/// `address` is the name of a record whose buffer CUPTI has not taken back, so it is 0 or points at a
/// NUL-terminated string that stays valid during the call.
pub unsafe fn name_at(address: usize) -> Option<String> {
    if address == 0 {
        return None;
    }
    // SAFETY: not null, and the caller vouches for a live NUL-terminated string.
    let name = unsafe { CStr::from_ptr(address as *const c_char) };
    Some(name.to_string_lossy().into_owned())
}
