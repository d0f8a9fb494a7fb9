//! Starts [`weftscope::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    weftscope::cli::main()
}
