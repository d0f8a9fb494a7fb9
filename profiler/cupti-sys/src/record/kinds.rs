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
