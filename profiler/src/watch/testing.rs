//! What tests of these rooms make.

use weftscope_wire::{Launch, Stamping, Wait};

/// A launch of kernel 0 on device 0, one block of one thread, by thread 1.
pub(super) fn launch(id: u64, at_host_ns: i64) -> Launch {
    Launch {
        id,
        kernel: 0,
        device: 0,
        stream: 0,
        grid: [1; 3],
        block: [1; 3],
        cluster: [0; 3],
        at_host_ns,
        tid: 1,
        graph: None,
        stamping: Stamping::Blocks,
    }
}

/// A thread waits for so long.
pub(super) fn wait(tid: u32, at_host_ns: i64, length_ns: i64) -> Wait {
    let returned_host_ns = at_host_ns + length_ns;
    Wait { call: "cudaStreamSynchronize".to_owned(), tid, at_host_ns, returned_host_ns }
}
