//! Fields of each kind, read at the places that the layouts name.

use super::kinds::{
    ApiCall, ExternalCorrelation, Kernel, Marker, Memcpy, MemcpyPeer, Memset, Overhead,
    Synchronization,
};
use crate::layout::{self, Field};

/// Reads fields of a record that is known to be long enough.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

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

pub(super) fn kernel(r: Reader<'_>) -> Kernel {
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
        static_smem_bytes: r.u32(at::STATIC_SMEM),
        dynamic_smem_bytes: r.u32(at::DYNAMIC_SMEM),
        correlation: r.u32(at::CORRELATION),
        grid_id: r.u64(at::GRID_ID),
        name_address: r.u64(at::NAME) as usize,
        graph_node: r.u64(at::GRAPH_NODE),
        graph: r.u32(at::GRAPH),
        cluster: [r.u32(at::CLUSTER_X), r.u32(at::CLUSTER_Y), r.u32(at::CLUSTER_Z)],
    }
}

pub(super) fn memcpy(r: Reader<'_>) -> Memcpy {
    use layout::memcpy as at;
    Memcpy {
        start_ns: r.u64(at::START),
        end_ns: r.u64(at::END),
        copy_kind: r.u32(at::COPY_KIND) as u8,
        src_kind: r.u32(at::SRC_KIND) as u8,
        dst_kind: r.u32(at::DST_KIND) as u8,
        bytes: r.u64(at::BYTES),
        device: r.u32(at::DEVICE),
        context: r.u32(at::CONTEXT),
        stream: r.u32(at::STREAM),
        correlation: r.u32(at::CORRELATION),
        graph_node: r.u64(at::GRAPH_NODE),
    }
}

pub(super) fn memcpy_peer(r: Reader<'_>) -> MemcpyPeer {
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
        graph_node: r.u64(at::GRAPH_NODE),
    }
}

pub(super) fn memset(r: Reader<'_>) -> Memset {
    use layout::memset as at;
    Memset {
        start_ns: r.u64(at::START),
        end_ns: r.u64(at::END),
        bytes: r.u64(at::BYTES),
        device: r.u32(at::DEVICE),
        stream: r.u32(at::STREAM),
        correlation: r.u32(at::CORRELATION),
        graph_node: r.u64(at::GRAPH_NODE),
    }
}

pub(super) fn marker(r: Reader<'_>) -> Marker {
    use layout::marker as at;
    let is_of_thread = r.u32(at::OBJECT_KIND) == Marker::OF_THREAD;
    Marker {
        at_ns: r.u64(at::AT),
        flags: r.u32(at::FLAGS),
        id: r.u32(at::ID),
        thread: is_of_thread.then(|| (r.u32(at::PROCESS), r.u32(at::THREAD))),
        name_address: r.u64(at::NAME) as usize,
        domain_address: r.u64(at::DOMAIN) as usize,
    }
}

pub(super) fn api(r: Reader<'_>) -> ApiCall {
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

pub(super) fn synchronization(r: Reader<'_>) -> Synchronization {
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

pub(super) fn overhead(r: Reader<'_>) -> Overhead {
    use layout::overhead as at;
    Overhead { start_ns: r.u64(at::START), end_ns: r.u64(at::END), kind: r.u32(at::KIND) }
}

pub(super) fn external_correlation(r: Reader<'_>) -> ExternalCorrelation {
    use layout::external_correlation as at;
    ExternalCorrelation {
        kind: r.u32(at::EXTERNAL_KIND),
        id: r.u64(at::EXTERNAL_ID),
        correlation: r.u32(at::CORRELATION),
    }
}
