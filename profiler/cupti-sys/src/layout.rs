//! Where the fields of activity records lie. One table serves the decoder and the test against the headers.

/// A field: the offset of its first byte and its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Name in the C struct.
    pub name: &'static str,
    /// Offset in bytes.
    pub offset: usize,
    /// Size in bytes.
    pub size: usize,
}

/// A record: the C struct whose prefix is read, and the fields that are.
#[derive(Clone, Copy, Debug)]
pub struct RecordLayout {
    /// C struct, of the oldest version that has every field.
    pub name: &'static str,
    /// Fields, in order of offset.
    pub fields: &'static [Field],
}

impl RecordLayout {
    /// Bytes that must be there to read every field.
    pub const fn min_len(&self) -> usize {
        let last = self.fields[self.fields.len() - 1];
        last.offset + last.size
    }
}

macro_rules! layout {
    ($(#[$doc:meta])* $module:ident = $name:literal {
        $($field:ident $text:literal @ $offset:literal : $size:literal),+ $(,)?
    }) => {
        $(#[$doc])*
        pub mod $module {
            use super::{Field, RecordLayout};
            $(
                #[doc = concat!("`", $text, "`")]
                pub const $field: Field = Field { name: $text, offset: $offset, size: $size };
            )+
            /// The whole.
            pub const LAYOUT: RecordLayout = RecordLayout { name: $name, fields: &[$($field),+] };
        }
    };
}

layout! {
    /// `CUpti_ActivityKernel9` and its successors.
    kernel = "CUpti_ActivityKernel9" {
        REGISTERS "registersPerThread" @ 6: 2,
        START "start" @ 16: 8,
        END "end" @ 24: 8,
        DEVICE "deviceId" @ 40: 4,
        CONTEXT "contextId" @ 44: 4,
        STREAM "streamId" @ 48: 4,
        GRID_X "gridX" @ 52: 4,
        GRID_Y "gridY" @ 56: 4,
        GRID_Z "gridZ" @ 60: 4,
        BLOCK_X "blockX" @ 64: 4,
        BLOCK_Y "blockY" @ 68: 4,
        BLOCK_Z "blockZ" @ 72: 4,
        STATIC_SMEM "staticSharedMemory" @ 76: 4,
        DYNAMIC_SMEM "dynamicSharedMemory" @ 80: 4,
        CORRELATION "correlationId" @ 92: 4,
        GRID_ID "gridId" @ 96: 8,
        NAME "name" @ 104: 8,
        GRAPH_NODE "graphNodeId" @ 144: 8,
        GRAPH "graphId" @ 156: 4,
        CLUSTER_X "clusterX" @ 176: 4,
        CLUSTER_Y "clusterY" @ 180: 4,
        CLUSTER_Z "clusterZ" @ 184: 4,
    }
}

layout! {
    /// `CUpti_ActivityMemcpy5` and its successors.
    memcpy = "CUpti_ActivityMemcpy5" {
        COPY_KIND "copyKind" @ 4: 1,
        SRC_KIND "srcKind" @ 5: 1,
        DST_KIND "dstKind" @ 6: 1,
        BYTES "bytes" @ 8: 8,
        START "start" @ 16: 8,
        END "end" @ 24: 8,
        DEVICE "deviceId" @ 32: 4,
        CONTEXT "contextId" @ 36: 4,
        STREAM "streamId" @ 40: 4,
        CORRELATION "correlationId" @ 44: 4,
        GRAPH_NODE "graphNodeId" @ 64: 8,
    }
}

layout! {
    /// `CUpti_ActivityMemcpyPtoP4`.
    memcpy_peer = "CUpti_ActivityMemcpyPtoP4" {
        BYTES "bytes" @ 8: 8,
        START "start" @ 16: 8,
        END "end" @ 24: 8,
        DEVICE "deviceId" @ 32: 4,
        CONTEXT "contextId" @ 36: 4,
        STREAM "streamId" @ 40: 4,
        SRC_DEVICE "srcDeviceId" @ 44: 4,
        DST_DEVICE "dstDeviceId" @ 52: 4,
        CORRELATION "correlationId" @ 60: 4,
        GRAPH_NODE "graphNodeId" @ 72: 8,
    }
}

layout! {
    /// `CUpti_ActivityMemset4` and its successors.
    memset = "CUpti_ActivityMemset4" {
        VALUE "value" @ 4: 4,
        BYTES "bytes" @ 8: 8,
        START "start" @ 16: 8,
        END "end" @ 24: 8,
        DEVICE "deviceId" @ 32: 4,
        CONTEXT "contextId" @ 36: 4,
        STREAM "streamId" @ 40: 4,
        CORRELATION "correlationId" @ 44: 4,
        GRAPH_NODE "graphNodeId" @ 64: 8,
    }
}

layout! {
    /// `CUpti_ActivityMarker2`. The object is one of a union: of threads it is their process, then they themselves.
    marker = "CUpti_ActivityMarker2" {
        FLAGS "flags" @ 4: 4,
        AT "timestamp" @ 8: 8,
        ID "id" @ 16: 4,
        OBJECT_KIND "objectKind" @ 20: 4,
        PROCESS "objectId.pt.processId" @ 24: 4,
        THREAD "objectId.pt.threadId" @ 28: 4,
        NAME "name" @ 40: 8,
        DOMAIN "domain" @ 48: 8,
    }
}

layout! {
    /// `CUpti_ActivityAPI`.
    api = "CUpti_ActivityAPI" {
        CBID "cbid" @ 4: 4,
        START "start" @ 8: 8,
        END "end" @ 16: 8,
        PROCESS "processId" @ 24: 4,
        THREAD "threadId" @ 28: 4,
        CORRELATION "correlationId" @ 32: 4,
        RETURN_VALUE "returnValue" @ 36: 4,
    }
}

layout! {
    /// `CUpti_ActivitySynchronization` and its successors.
    synchronization = "CUpti_ActivitySynchronization" {
        TYPE "type" @ 4: 4,
        START "start" @ 8: 8,
        END "end" @ 16: 8,
        CORRELATION "correlationId" @ 24: 4,
        CONTEXT "contextId" @ 28: 4,
        STREAM "streamId" @ 32: 4,
    }
}

layout! {
    /// `CUpti_ActivityOverhead2` and its successors.
    overhead = "CUpti_ActivityOverhead2" {
        KIND "overheadKind" @ 4: 4,
        OBJECT_KIND "objectKind" @ 8: 4,
        START "start" @ 24: 8,
        END "end" @ 32: 8,
    }
}

layout! {
    /// `CUpti_ActivityExternalCorrelation`.
    external_correlation = "CUpti_ActivityExternalCorrelation" {
        EXTERNAL_KIND "externalKind" @ 4: 4,
        EXTERNAL_ID "externalId" @ 8: 8,
        CORRELATION "correlationId" @ 16: 4,
    }
}

/// Every record that the decoder reads.
pub const ALL: [RecordLayout; 9] = [
    kernel::LAYOUT,
    memcpy::LAYOUT,
    memcpy_peer::LAYOUT,
    memset::LAYOUT,
    marker::LAYOUT,
    api::LAYOUT,
    synchronization::LAYOUT,
    overhead::LAYOUT,
    external_correlation::LAYOUT,
];
