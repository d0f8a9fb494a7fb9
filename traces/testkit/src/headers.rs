//! Asking the C headers, where they are.

use std::{
    env,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

use crate::{Need, skip};

/// The first `include` with all of these headers.
fn headers(needed: &[&str]) -> Option<PathBuf> {
    let mut roots: Vec<PathBuf> = ["WEFTSCOPE_CUDA_DIR", "CUDA_HOME", "CUDA_PATH"]
        .iter()
        .filter_map(|name| env::var_os(name).map(PathBuf::from))
        .collect();
    roots.push(PathBuf::from("/usr/local/cuda"));
    roots
        .into_iter()
        .map(|root| root.join("include"))
        .find(|include| needed.iter().all(|header| include.join(header).is_file()))
}

/// Compiles a program in `c` or `c++` against the headers that it needs, and those that they include: on the package
/// index they come in several packages. Skips where headers or compiler are missing.
///
/// # Panics
/// With the compiler's words when an assertion in the program fails.
pub fn compile_with_headers(needed: &[&str], language: &str, program: &str) {
    let Some(include) = headers(needed) else {
        let list = needed.join(", ");
        return skip(
            Need::Oracle,
            format_args!(
                "{list} are not together (WEFTSCOPE_CUDA_DIR names the folder above include)"
            ),
        );
    };
    let compiler = if language == "c" { "cc" } else { "c++" };
    let started = Command::new(compiler)
        .args(["-fsyntax-only", "-x", language, "-I"])
        .arg(&include)
        .arg("-")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut started) = started else { return skip(Need::Oracle, format_args!("no {compiler}")) };
    let written = started.stdin.take().map(|mut input| input.write_all(program.as_bytes()));
    assert!(matches!(written, Some(Ok(()))), "{compiler} does not take the program");
    let compiled = started.wait_with_output().expect("it was started");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
}
