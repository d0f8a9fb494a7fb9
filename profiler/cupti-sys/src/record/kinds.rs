//! What each kind of record says. Times are CUPTI nanoseconds, ids are CUPTI's own.

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
    /// Shared memory a block that is declared in the kernel, bytes.
    pub static_smem_bytes: u32,
    /// Shared memory a block that is asked for at the launch, bytes.
    pub dynamic_smem_bytes: u32,
    /// Joins it with the API call that launched it.
    pub correlation: u32,
    /// Launch id on its device.
    pub grid_id: u64,
    /// Address of the mangled name, for [`name_at`](crate::name_at).
    pub name_address: usize,
    /// Node of the graph it was replayed from, else 0.
    pub graph_node: u64,
    /// Graph it was replayed from, else 0.
    pub graph: u32,
    /// Thread blocks a cluster, x y z; zero or one: none.
    pub cluster: [u32; 3],
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
    /// Memory that is read (pageable, pinned, device …), CUPTI's number.
    pub src_kind: u8,
    /// Memory that is written, CUPTI's number.
    pub dst_kind: u8,
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
    /// Node of the graph it was replayed from, else 0.
    pub graph_node: u64,
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
    /// Node of the graph it was replayed from, else 0.
    pub graph_node: u64,
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
    /// Node of the graph it was replayed from, else 0.
    pub graph_node: u64,
}

/// A point of an NVTX range, or an NVTX mark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marker {
    /// When.
    pub at_ns: u64,
    /// [`INSTANT`](Self::INSTANT), [`START`](Self::START) or [`END`](Self::END), beside others.
    pub flags: u32,
    /// Joins the end of a range with its start.
    pub id: u32,
    /// Process and thread; `None` when the marker is of something else.
    pub thread: Option<(u32, u32)>,
    /// Address of the name, for [`name_at`](crate::name_at); 0 at the end of a range.
    pub name_address: usize,
    /// Address of the domain's name; 0 of the default domain.
    pub domain_address: usize,
}

impl Marker {
    /// A mark.
    pub const INSTANT: u32 = 1;
    /// A range begins.
    pub const START: u32 = 1 << 1;
    /// A range ends.
    pub const END: u32 = 1 << 2;
    /// `CUPTI_ACTIVITY_OBJECT_THREAD`.
    pub const OF_THREAD: u32 = 2;
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
