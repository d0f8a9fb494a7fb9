//! Starts [`weftscope::cli`].

use std::process::ExitCode;

/// The C library's allocator keeps what many short-lived threads have freed: a live run on GPUs whose knobs are turned grew by
/// 5 MB a second. This one gives it back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    weftscope::cli::main()
}
