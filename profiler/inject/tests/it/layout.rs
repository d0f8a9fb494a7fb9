//! Layouts and numbers against the C headers, when they are there.

use std::fmt::Write as _;

use weftscope_inject::sanitizer::abi;
use weftscope_testkit::compile_with_headers;

#[test]
fn the_sanitizers_layouts_and_numbers_are_the_headers() {
    let mut program = String::from("#include <stddef.h>\n#include <sanitizer.h>\n");
    for (record, name, offset) in abi::FIELDS {
        writeln!(
            program,
            "_Static_assert(offsetof({record}, {name}) == {offset}, \"{record}.{name}\");"
        )
        .unwrap();
    }
    for (name, number) in [
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
    compile_with_headers(&["sanitizer.h", "cuda.h", "crt/host_defines.h"], "c", &program);
}
