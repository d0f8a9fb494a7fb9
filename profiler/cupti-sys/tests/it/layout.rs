//! The decoder's table against the C headers (when they are there) and against cudarc's structs.

use std::fmt::Write as _;

use cupti_sys::{bindings, layout};
use weftscope_testkit::compile_with_headers;

use super::HEADERS;

#[test]
fn table_agrees_with_the_headers() {
    let mut program = String::from("#include <stddef.h>\n#include <cuda.h>\n#include <cupti.h>\n");
    for layout in layout::ALL {
        for field in layout.fields {
            let (record, name) = (layout.name, field.name);
            writeln!(
                program,
                "_Static_assert(offsetof({record}, {name}) == {}, \"{record}.{name}\");",
                field.offset
            )
            .unwrap();
            writeln!(
                program,
                "_Static_assert(sizeof((({record}*)0)->{name}) == {}, \"{record}.{name} size\");",
                field.size
            )
            .unwrap();
        }
    }
    compile_with_headers(&HEADERS, "c", &program);
}

macro_rules! agrees {
    ($layout:ident, $record:ident { $($field:ident = $member:ident),+ $(,)? }) => {
        $(
            assert_eq!(
                layout::$layout::$field.offset,
                std::mem::offset_of!(bindings::$record, $member),
                concat!(stringify!($record), ".", stringify!($member)),
            );
        )+
    };
}

#[test]
fn table_agrees_with_the_bindings() {
    for_kernels();
    agrees!(memcpy, CUpti_ActivityMemcpy6 {
        COPY_KIND = copyKind, SRC_KIND = srcKind, DST_KIND = dstKind, GRAPH_NODE = graphNodeId, BYTES = bytes, START = start, END = end, DEVICE = deviceId, CONTEXT = contextId,
        STREAM = streamId, CORRELATION = correlationId,
    });
    agrees!(memcpy_peer, CUpti_ActivityMemcpyPtoP4 {
        BYTES = bytes, START = start, END = end, DEVICE = deviceId, SRC_DEVICE = srcDeviceId,
        DST_DEVICE = dstDeviceId, CORRELATION = correlationId, GRAPH_NODE = graphNodeId,
    });
    agrees!(memset, CUpti_ActivityMemset4 {
        BYTES = bytes, START = start, END = end, DEVICE = deviceId, CORRELATION = correlationId,
        GRAPH_NODE = graphNodeId,
    });
    agrees!(marker, CUpti_ActivityMarker2 {
        FLAGS = flags, AT = timestamp, ID = id, OBJECT_KIND = objectKind, PROCESS = objectId, NAME = name,
        DOMAIN = domain,
    });
    agrees!(api, CUpti_ActivityAPI { CBID = cbid, START = start, CORRELATION = correlationId });
    agrees!(synchronization, CUpti_ActivitySynchronization2 {
        START = start, END = end, CORRELATION = correlationId, CONTEXT = contextId, STREAM = streamId,
    });
    agrees!(overhead, CUpti_ActivityOverhead3 { KIND = overheadKind, START = start, END = end });
    agrees!(external_correlation, CUpti_ActivityExternalCorrelation {
        EXTERNAL_KIND = externalKind, EXTERNAL_ID = externalId, CORRELATION = correlationId,
    });
}

/// The prefix holds in the first kernel record of our range and in the newest of the bindings.
fn for_kernels() {
    agrees!(kernel, CUpti_ActivityKernel9 { START = start, NAME = name, GRAPH_NODE = graphNodeId, GRAPH = graphId });
    agrees!(kernel, CUpti_ActivityKernel10 { START = start, NAME = name, GRAPH_NODE = graphNodeId, GRAPH = graphId });
}
