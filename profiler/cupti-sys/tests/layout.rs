//! The decoder's table against the C headers (when they are there) and against cudarc's structs.

use std::{env, fmt::Write as _, fs, path::PathBuf, process::Command};

use cupti_sys::{bindings, layout};

/// The folder above `include`, when it holds CUPTI's and CUDA's headers.
fn headers() -> Option<PathBuf> {
    let mut roots: Vec<PathBuf> = ["WEFTSCOPE_CUDA_DIR", "CUDA_HOME", "CUDA_PATH"]
        .iter()
        .filter_map(|name| env::var_os(name).map(PathBuf::from))
        .collect();
    roots.push(PathBuf::from("/usr/local/cuda"));
    roots
        .into_iter()
        .map(|root| root.join("include"))
        // cupti.h includes the other two; on the package index they come in three packages.
        .find(|include| {
            let needed = ["cupti.h", "cuda.h", "crt/host_defines.h"];
            needed.iter().all(|header| include.join(header).is_file())
        })
}

#[test]
fn table_agrees_with_the_headers() {
    let Some(include) = headers() else {
        aloud(format_args!(
            "skipped: cupti.h, cuda.h and crt/host_defines.h are not together (WEFTSCOPE_CUDA_DIR names the folder \
             above include)"
        ));
        return;
    };
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
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("layout.c");
    fs::write(&source, program).unwrap();
    let compiled =
        Command::new("cc").arg("-fsyntax-only").arg("-I").arg(&include).arg(&source).output();
    let Ok(compiled) = compiled else {
        aloud(format_args!("skipped: no C compiler"));
        return;
    };
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
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
    agrees!(memcpy, CUpti_ActivityMemcpy6 { BYTES = bytes, START = start, CORRELATION = correlationId });
    agrees!(memset, CUpti_ActivityMemset4 { BYTES = bytes, START = start, CORRELATION = correlationId });
    agrees!(api, CUpti_ActivityAPI { CBID = cbid, START = start, CORRELATION = correlationId });
    agrees!(synchronization, CUpti_ActivitySynchronization2 { START = start, STREAM = streamId });
    agrees!(overhead, CUpti_ActivityOverhead3 { START = start, END = end });
    agrees!(external_correlation, CUpti_ActivityExternalCorrelation { EXTERNAL_ID = externalId });
}

/// The prefix holds in the first kernel record of our range and in the newest of the bindings.
fn for_kernels() {
    agrees!(kernel, CUpti_ActivityKernel9 { START = start, NAME = name, GRAPH_NODE = graphNodeId, GRAPH = graphId });
    agrees!(kernel, CUpti_ActivityKernel10 { START = start, NAME = name, GRAPH_NODE = graphNodeId, GRAPH = graphId });
}

/// Says on stderr what the test harness would keep to itself when the test passes.
fn aloud(what: std::fmt::Arguments<'_>) {
    let _said = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("{what}\n"));
}
