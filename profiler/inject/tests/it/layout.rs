//! Layouts and numbers against the C headers, when they are there.

use std::{fmt::Write as _, mem::offset_of};

use weftscope_inject::{
    activity::{
        claim::{CallbackData, DRIVER, ENTER},
        library::{FORCED, HELD, SubscriberParams},
        recording::SYSTEM_THREAD_IDS,
    },
    nvtx::abi as nvtx,
    sanitizer::abi,
};
use weftscope_testkit::compile_with_headers;

#[test]
fn the_sanitizers_layouts_and_numbers_are_the_headers() {
    let mut program = String::from("#include <stddef.h>\n#include <sanitizer.h>\n");
    program += "#include <sanitizer_driver_cbid.h>\n#include <sanitizer_runtime_cbid.h>\n";
    for (record, name, offset) in abi::FIELDS {
        writeln!(
            program,
            "_Static_assert(offsetof({record}, {name}) == {offset}, \"{record}.{name}\");"
        )
        .unwrap();
    }
    for (name, number) in [
        ("SANITIZER_CB_DOMAIN_DRIVER_API", abi::DOMAIN_DRIVER_API),
        ("SANITIZER_CB_DOMAIN_RUNTIME_API", abi::DOMAIN_RUNTIME_API),
        ("SANITIZER_CBID_DRIVER_API_cuProfilerStart", abi::PROFILER_START),
        ("SANITIZER_CBID_DRIVER_API_cuProfilerStop", abi::PROFILER_STOP),
        ("SANITIZER_CBID_RUNTIME_API_cudaProfilerStart", abi::RUNTIME_PROFILER_START),
        ("SANITIZER_CBID_RUNTIME_API_cudaProfilerStop", abi::RUNTIME_PROFILER_STOP),
        ("SANITIZER_API_ENTER", abi::API_ENTER),
        ("SANITIZER_API_EXIT", abi::API_EXIT),
        ("SANITIZER_CBID_LAUNCH_END", abi::LAUNCH_END),
        ("SANITIZER_CBID_GRAPHS_GRAPHEXEC_DESTROYING", abi::GRAPH_DESTROYING),
        ("SANITIZER_CBID_GRAPHS_LAUNCH_END", abi::GRAPH_LAUNCH_END),
        ("SANITIZER_CB_DOMAIN_RESOURCE", abi::DOMAIN_RESOURCE),
        ("SANITIZER_CB_DOMAIN_LAUNCH", abi::DOMAIN_LAUNCH),
        ("SANITIZER_CB_DOMAIN_GRAPHS", abi::DOMAIN_GRAPHS),
        ("SANITIZER_CBID_RESOURCE_CONTEXT_CREATION_FINISHED", abi::CONTEXT_CREATED),
        ("SANITIZER_CBID_RESOURCE_CONTEXT_DESTROY_STARTING", abi::CONTEXT_DESTROYING),
        ("SANITIZER_CBID_RESOURCE_MODULE_LOADED", abi::MODULE_LOADED),
        ("SANITIZER_CBID_RESOURCE_MODULE_UNLOAD_STARTING", abi::MODULE_UNLOADING),
        ("SANITIZER_CBID_LAUNCH_BEGIN", abi::LAUNCH_BEGIN),
        ("SANITIZER_CBID_GRAPHS_NODE_LAUNCH_BEGIN", abi::NODE_LAUNCH_BEGIN),
        ("SANITIZER_CBID_GRAPHS_LAUNCH_BEGIN", abi::GRAPH_LAUNCH_BEGIN),
        ("SANITIZER_INSTRUCTION_BLOCK_ENTER", abi::BLOCK_ENTER),
        ("SANITIZER_INSTRUCTION_BLOCK_EXIT", abi::BLOCK_EXIT),
        ("CU_GRAPH_NODE_TYPE_KERNEL", abi::NODE_KERNEL),
        ("SANITIZER_PATCH_SUCCESS", 0),
    ] {
        writeln!(program, "_Static_assert({name} == {number}, \"{name}\");").unwrap();
    }
    let [driver, runtime] = [abi::DRIVER_CAPTURES, abi::RUNTIME_CAPTURES].map(|it| it.concat());
    for (domain, calls) in [
        ("DRIVER", [abi::DRIVER_WAITS, &driver].concat()),
        ("RUNTIME", [abi::RUNTIME_WAITS, &runtime].concat()),
    ] {
        for (name, number) in calls {
            let name = format!("SANITIZER_CBID_{domain}_API_{name}");
            writeln!(program, "_Static_assert({name} == {number}, \"{name}\");").unwrap();
        }
    }
    compile_with_headers(&["sanitizer.h", "cuda.h", "crt/host_defines.h"], "c", &program);
}

#[test]
fn cuptis_layouts_and_numbers_are_the_headers() {
    let mut program = String::from("#include <stddef.h>\n#include <cuda.h>\n#include <cupti.h>\n");
    for (what, ours) in [
        ("offsetof(CUpti_CallbackData, callbackSite)", offset_of!(CallbackData, site)),
        ("offsetof(CUpti_CallbackData, symbolName)", offset_of!(CallbackData, symbol)),
        ("offsetof(CUpti_CallbackData, correlationId)", offset_of!(CallbackData, correlation)),
        ("CUpti_SubscriberParams_STRUCT_SIZE", size_of::<SubscriberParams>()),
        (
            "offsetof(CUpti_SubscriberParams, oldSubscriberName)",
            offset_of!(SubscriberParams, other),
        ),
        ("CUPTI_CB_DOMAIN_DRIVER_API", DRIVER as usize),
        ("CUPTI_API_ENTER", ENTER as usize),
        ("CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED", HELD as usize),
        ("CUPTI_ACTIVITY_FLAG_FLUSH_FORCED", FORCED as usize),
        ("CUPTI_ACTIVITY_THREAD_ID_TYPE_SYSTEM", SYSTEM_THREAD_IDS as usize),
    ] {
        writeln!(program, "_Static_assert({what} == {ours}, \"{what}\");").unwrap();
    }
    // A later header may have more behind what is filled in here.
    program = program.replace(
        "_Static_assert(CUpti_SubscriberParams_STRUCT_SIZE == ",
        "_Static_assert(CUpti_SubscriberParams_STRUCT_SIZE >= ",
    );
    compile_with_headers(&["cupti.h", "cuda.h", "crt/host_defines.h"], "c", &program);
}

#[test]
fn nvtxs_layouts_and_numbers_are_the_headers() {
    let mut program = String::from("#include <stddef.h>\n#include <nvtx3/nvToolsExt.h>\n");
    let mut holds = |what: &str, ours: usize| {
        writeln!(program, "_Static_assert({what} == {ours}, \"{what}\");").unwrap();
    };
    for (module, calls) in [("CORE", &nvtx::CORE_CALLS[..]), ("CORE2", &nvtx::CORE2_CALLS[..])] {
        for (name, number) in calls {
            holds(&format!("NVTX_CBID_{module}_{name}"), *number);
        }
    }
    for (what, ours) in [
        ("NVTX_ETID_CALLBACKS", nvtx::CALLBACKS as usize),
        ("NVTX_CB_MODULE_CORE", nvtx::CORE as usize),
        ("NVTX_CB_MODULE_CORE2", nvtx::CORE2 as usize),
        ("NVTX_MESSAGE_TYPE_ASCII", nvtx::ASCII as usize),
        ("NVTX_MESSAGE_TYPE_UNICODE", nvtx::UNICODE as usize),
        ("NVTX_MESSAGE_TYPE_REGISTERED", nvtx::REGISTERED as usize),
        ("sizeof(wchar_t)", 4),
        ("sizeof(nvtxEventAttributes_t)", size_of::<nvtx::Attributes>()),
        (
            "offsetof(nvtxEventAttributes_t, messageType)",
            offset_of!(nvtx::Attributes, message_type),
        ),
        ("offsetof(nvtxEventAttributes_t, message)", offset_of!(nvtx::Attributes, message)),
        (
            "offsetof(NvtxExportTableCallbacks, GetModuleFunctionTable)",
            offset_of!(nvtx::Callbacks, table),
        ),
    ] {
        holds(what, ours);
    }
    compile_with_headers(&["nvtx3/nvToolsExt.h"], "c", &program);
}
