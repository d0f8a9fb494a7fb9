//! Asking the C headers, where they are.

use std::{env, fs, path::PathBuf, process::Command};

use weftscope_testkit::{Need, skip};

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

/// Compiles `program` against the headers; panics with the compiler's words when an assertion in it fails. Skips where
/// headers or compiler are missing.
pub(crate) fn compile(compiler: &str, name: &str, program: &str) {
    let Some(include) = headers() else {
        let reason = "cupti.h, cuda.h and crt/host_defines.h are not together (WEFTSCOPE_CUDA_DIR names the folder \
                      above include)";
        return skip(Need::Oracle, reason);
    };
    let folder = tempfile::tempdir().expect("a folder for the program");
    let source = folder.path().join(name);
    fs::write(&source, program).expect("room for the program");
    let compiled =
        Command::new(compiler).arg("-fsyntax-only").arg("-I").arg(&include).arg(&source).output();
    let Ok(compiled) = compiled else {
        return skip(Need::Oracle, format_args!("no {compiler}"));
    };
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
}
