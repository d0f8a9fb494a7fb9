//! Starts [`weftscope::cli`]; in a browser, [`weftscope::web`].

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    weftscope::cli::main()
}

#[cfg(target_arch = "wasm32")]
fn main() {
    weftscope::web::main();
}
