//! What CUPTI and NCCL tell of what has run.

use serde::{Deserialize, Serialize};

/// A kernel that has run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelRun {
    /// [`Kernel::id`](crate::Kernel::id).
    pub kernel: u32,
    /// [`Device::ordinal`](crate::Device::ordinal).
    pub device: u32,
    /// CUPTI's number of the stream.
    pub stream: u32,
    /// Thread blocks.
    pub grid: [u32; 3],
    /// Threads a block.
    pub block: [u32; 3],
    /// Blocks a cluster; zero or one: none.
    pub cluster: [u32; 3],
    /// Its beginning.
    pub start_cupti_ns: u64,
    /// Its end.
    pub end_cupti_ns: u64,
    /// CUPTI's number of the call that launched it; all nodes of a graph's launch share it.
    pub correlation: u32,
    /// Graph and node that it was launched as.
    pub node: Option<GraphNode>,
}

/// A node of a CUDA graph, as CUPTI numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GraphNode {
    /// The graph; `None`: not told of copies.
    pub graph: Option<u32>,
    /// The node.
    pub node: u64,
}

/// What a copy moved where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Moved {
    /// Between memories of one device or of it and the host, by CUPTI's numbers.
    Copy {
        /// `CUpti_ActivityMemcpyKind`.
        kind: u8,
        /// `CUpti_ActivityMemoryKind` of what is read.
        from: u8,
        /// Of what is written.
        to: u8,
    },
    /// From one device to another.
    Peer {
        /// [`Device::ordinal`](crate::Device::ordinal) of the one that is read.
        from: u32,
        /// Of the one that is written.
        to: u32,
    },
    /// Memory was set.
    Set,
}

/// A copy that has run, or a setting of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyRun {
    /// What it moved where.
    pub moved: Moved,
    /// Bytes.
    pub bytes: u64,
    /// [`Device::ordinal`](crate::Device::ordinal) of the device whose engine did it.
    pub device: u32,
    /// CUPTI's number of the stream.
    pub stream: u32,
    /// Its beginning.
    pub start_cupti_ns: u64,
    /// Its end.
    pub end_cupti_ns: u64,
    /// CUPTI's number of the call that asked for it.
    pub correlation: u32,
    /// Graph and node that it was launched as.
    pub node: Option<GraphNode>,
}

/// An NVTX range that has ended, or a mark, whose two times are the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// As the program calls it.
    pub name: String,
    /// The domain; empty: the default one.
    pub domain: String,
    /// The thread that began it; `None`: of none.
    pub tid: Option<u32>,
    /// Another thread ended it.
    pub ended_elsewhere: bool,
    /// Its beginning.
    pub start_cupti_ns: u64,
    /// Its end.
    pub end_cupti_ns: u64,
}

/// As [`Range`], told where CUPTI is not: on the host's clock, by whoever began it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostRange {
    /// As the program calls it.
    pub name: String,
    /// The domain; empty: the default one.
    pub domain: String,
    /// The thread that began it.
    pub tid: u32,
    /// Its beginning.
    pub start_host_ns: i64,
    /// Its end.
    pub end_host_ns: i64,
}

/// A channel of a collective that has ended: one thread block's part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelRun {
    /// [`Collective::id`](crate::Collective::id); `None`: of something that is not told, e.g. a send.
    pub collective: Option<u64>,
    /// [`Communicator::id`](crate::Communicator::id).
    pub communicator: u64,
    /// [`Communicator::device`](crate::Communicator::device): a process may have several of one communicator.
    pub device: Option<u32>,
    /// NCCL's number of the channel.
    pub channel: u32,
    /// The block has its arguments and its work.
    pub start_device_ns: u64,
    /// Its first thread has done its part of the work.
    pub end_device_ns: u64,
}
