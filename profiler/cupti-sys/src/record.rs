//! Activity records: bytes in, enum out, nothing followed and nothing called.

use std::ffi::{CStr, c_char};

use crate::{
    ActivityKind,
    layout::{self, Field, Layout},
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

/// A kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kernel {
    /// First nanosecond.
    pub start_ns: u64,
    /// Last nanosecond.
    pub end_ns: u64,
    /// Device index.
    pub device: u32,
    /// Context id.
    pub context: u32,
    /// Stream id.
    pub stream: u32,
    /// Thread blocks, x y z.
    pub grid: [u32; 3],
    /// Threads a block, x y z.
    pub block: [u32; 3],
    /// Registers a thread.
    pub registers: u16,
    /// Shared memory a block, static and dynamic, bytes.
    pub smem_bytes: (u32, u32),
    /// Joins it with the API call that launched it.
    pub correlation: u32,
    /// Launch id on its device.
    pub grid_id: u64,
    /// Address of the mangled name, for [`name_at`].
    pub name_address: usize,
    /// Node of the graph it was replayed from, else 0.
    pub graph_node: u64,
    /// Graph it was replayed from, else 0.
    pub graph: u32,
}

/// A copy on one device or between host and device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memcpy {
    /// First nanosecond.
    pub start_ns: u64,
    /// Last nanosecond.
    pub end_ns: u64,
    /// Direction, CUPTI's number.
    pub copy_kind: u8,
    /// Bytes copied.
    pub bytes: u64,
    /// Device index.
    pub device: u32,
    /// Context id.
    pub context: u32,
    /// Stream id.
    pub stream: u32,
    /// Joins it with the API call.
    pub correlation: u32,
}

/// A copy between devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemcpyPeer {
    /// First nanosecond.
    pub start_ns: u64,
    /// Last nanosecond.
    pub end_ns: u64,
    /// Bytes copied.
    pub bytes: u64,
    /// Device whose engine copied.
    pub device: u32,
    /// Stream id.
    pub stream: u32,
    /// From.
    pub src_device: u32,
    /// To.
    pub dst_device: u32,
    /// Joins it with the API call.
    pub correlation: u32,
}

/// A memory set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memset {
    /// First nanosecond.
    pub start_ns: u64,
    /// Last nanosecond.
    pub end_ns: u64,
    /// Bytes set.
    pub bytes: u64,
    /// Device index.
    pub device: u32,
    /// Stream id.
    pub stream: u32,
    /// Joins it with the API call.
    pub correlation: u32,
}

/// A driver or runtime call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ApiCall {
    /// First nanosecond.
    pub start_ns: u64,
    /// Last nanosecond.
    pub end_ns: u64,
    /// Which function, CUPTI's callback id.
    pub cbid: u32,
    /// Process id.
    pub process: u32,
    /// Thread id.
    pub thread: u32,
    /// Joins it with what it launched.
    pub correlation: u32,
    /// What the function returned.
    pub return_value: u32,
}

/// A synchronisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Synchronization {
    /// First nanosecond.
    pub start_ns: u64,
    /// Last nanosecond.
    pub end_ns: u64,
    /// Event, stream wait, stream, context: CUPTI's number.
    pub kind: u32,
    /// Joins it with the API call.
    pub correlation: u32,
    /// Context id.
    pub context: u32,
    /// Stream id.
    pub stream: u32,
}

/// What profiling cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overhead {
    /// First nanosecond.
    pub start_ns: u64,
    /// Last nanosecond.
    pub end_ns: u64,
    /// What sort of overhead, CUPTI's number.
    pub kind: u32,
}

/// An id pushed around an API call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExternalCorrelation {
    /// Which stack of ids, CUPTI's number.
    pub kind: u32,
    /// The id.
    pub id: u64,
    /// The API call's correlation id.
    pub correlation: u32,
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
            ActivityKind::Kernel | ActivityKind::ConcurrentKernel => Self::Kernel(kernel(r)),
            ActivityKind::Memcpy => Self::Memcpy(memcpy(r)),
            ActivityKind::MemcpyPeer => Self::MemcpyPeer(memcpy_peer(r)),
            ActivityKind::Memset => Self::Memset(memset(r)),
            ActivityKind::Driver => Self::Driver(api(r)),
            ActivityKind::Runtime => Self::Runtime(api(r)),
            ActivityKind::Synchronization => Self::Synchronization(synchronization(r)),
            ActivityKind::Overhead => Self::Overhead(overhead(r)),
            ActivityKind::ExternalCorrelation => Self::ExternalCorrelation(external_correlation(r)),
        }
    }

    /// The prefix that [`decode`](Self::decode) reads of a kind.
    pub fn layout_of(kind: ActivityKind) -> Layout {
        match kind {
            ActivityKind::Kernel | ActivityKind::ConcurrentKernel => layout::kernel::LAYOUT,
            ActivityKind::Memcpy => layout::memcpy::LAYOUT,
            ActivityKind::MemcpyPeer => layout::memcpy_peer::LAYOUT,
            ActivityKind::Memset => layout::memset::LAYOUT,
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

/// Reads fields of a record that is known to be long enough.
#[derive(Clone, Copy)]
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn u64(self, field: Field) -> u64 {
        let mut out = [0; 8];
        out[..field.size].copy_from_slice(&self.0[field.offset..field.offset + field.size]);
        u64::from_le_bytes(out)
    }

    fn u32(self, field: Field) -> u32 {
        self.u64(field) as u32
    }
}

fn kernel(r: Reader<'_>) -> Kernel {
    use layout::kernel as at;
    Kernel {
        start_ns: r.u64(at::START),
        end_ns: r.u64(at::END),
        device: r.u32(at::DEVICE),
        context: r.u32(at::CONTEXT),
        stream: r.u32(at::STREAM),
        grid: [r.u32(at::GRID_X), r.u32(at::GRID_Y), r.u32(at::GRID_Z)],
        block: [r.u32(at::BLOCK_X), r.u32(at::BLOCK_Y), r.u32(at::BLOCK_Z)],
        registers: r.u32(at::REGISTERS) as u16,
        smem_bytes: (r.u32(at::STATIC_SMEM), r.u32(at::DYNAMIC_SMEM)),
        correlation: r.u32(at::CORRELATION),
        grid_id: r.u64(at::GRID_ID),
        name_address: r.u64(at::NAME) as usize,
        graph_node: r.u64(at::GRAPH_NODE),
        graph: r.u32(at::GRAPH),
    }
}

fn memcpy(r: Reader<'_>) -> Memcpy {
    use layout::memcpy as at;
    Memcpy {
        start_ns: r.u64(at::START),
        end_ns: r.u64(at::END),
        copy_kind: r.u32(at::COPY_KIND) as u8,
        bytes: r.u64(at::BYTES),
        device: r.u32(at::DEVICE),
        context: r.u32(at::CONTEXT),
        stream: r.u32(at::STREAM),
        correlation: r.u32(at::CORRELATION),
    }
}

fn memcpy_peer(r: Reader<'_>) -> MemcpyPeer {
    use layout::memcpy_peer as at;
    MemcpyPeer {
        start_ns: r.u64(at::START),
        end_ns: r.u64(at::END),
        bytes: r.u64(at::BYTES),
        device: r.u32(at::DEVICE),
        stream: r.u32(at::STREAM),
        src_device: r.u32(at::SRC_DEVICE),
        dst_device: r.u32(at::DST_DEVICE),
        correlation: r.u32(at::CORRELATION),
    }
}

fn memset(r: Reader<'_>) -> Memset {
    use layout::memset as at;
    Memset {
        start_ns: r.u64(at::START),
        end_ns: r.u64(at::END),
        bytes: r.u64(at::BYTES),
        device: r.u32(at::DEVICE),
        stream: r.u32(at::STREAM),
        correlation: r.u32(at::CORRELATION),
    }
}

fn api(r: Reader<'_>) -> ApiCall {
    use layout::api as at;
    ApiCall {
        start_ns: r.u64(at::START),
        end_ns: r.u64(at::END),
        cbid: r.u32(at::CBID),
        process: r.u32(at::PROCESS),
        thread: r.u32(at::THREAD),
        correlation: r.u32(at::CORRELATION),
        return_value: r.u32(at::RETURN_VALUE),
    }
}

fn synchronization(r: Reader<'_>) -> Synchronization {
    use layout::synchronization as at;
    Synchronization {
        start_ns: r.u64(at::START),
        end_ns: r.u64(at::END),
        kind: r.u32(at::TYPE),
        correlation: r.u32(at::CORRELATION),
        context: r.u32(at::CONTEXT),
        stream: r.u32(at::STREAM),
    }
}

fn overhead(r: Reader<'_>) -> Overhead {
    use layout::overhead as at;
    Overhead { start_ns: r.u64(at::START), end_ns: r.u64(at::END), kind: r.u32(at::KIND) }
}

fn external_correlation(r: Reader<'_>) -> ExternalCorrelation {
    use layout::external_correlation as at;
    ExternalCorrelation {
        kind: r.u32(at::EXTERNAL_KIND),
        id: r.u64(at::EXTERNAL_ID),
        correlation: r.u32(at::CORRELATION),
    }
}
