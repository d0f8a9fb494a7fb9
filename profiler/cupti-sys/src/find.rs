//! Where libcupti may lie.

use std::{
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
};

/// File names, newest first.
pub const NAMES: [&str; 3] = ["libcupti.so.13", "libcupti.so.12", "libcupti.so"];

/// Folders below a CUDA toolkit.
const TOOLKIT: [&str; 4] = ["extras/CUPTI/lib64", "lib64", "targets/x86_64-linux/lib", "lib"];

/// Folders below a site-packages folder: the CUDA 13 and the CUDA 12 wheels.
const WHEELS: [&str; 2] = ["nvidia/cu13/lib", "nvidia/cuda_cupti/lib"];

/// Paths to try, best first, each once; only files that exist.
///
/// `variable` reads the environment, so that tests need not change it.
pub fn candidates(variable: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    if let Some(asked) = variable("CUPTI_SYS_LIBRARY") {
        let asked = PathBuf::from(asked);
        if asked.is_file() {
            push(&mut found, asked);
        } else {
            in_folder(&mut found, &asked);
        }
    }
    for name in ["CUDA_HOME", "CUDA_PATH", "WEFTSCOPE_CUDA_DIR"] {
        if let Some(home) = variable(name) {
            in_toolkit(&mut found, Path::new(&home));
        }
    }
    for toolkit in entries(Path::new("/usr/local"), "cuda") {
        in_toolkit(&mut found, &toolkit);
    }
    for packages in site_packages(&variable) {
        for wheel in WHEELS {
            in_folder(&mut found, &packages.join(wheel));
        }
    }
    found
}

fn in_toolkit(found: &mut Vec<PathBuf>, home: &Path) {
    for folder in TOOLKIT {
        in_folder(found, &home.join(folder));
    }
}

fn in_folder(found: &mut Vec<PathBuf>, folder: &Path) {
    for name in NAMES {
        let path = folder.join(name);
        if path.is_file() {
            push(found, path);
        }
    }
}

fn push(found: &mut Vec<PathBuf>, path: PathBuf) {
    if !found.contains(&path) {
        found.push(path);
    }
}

/// `lib/python3*/site-packages` (and Debian's dist-packages) below the usual prefixes.
fn site_packages(variable: &impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let mut prefixes: Vec<PathBuf> = Vec::new();
    prefixes.extend(variable("VIRTUAL_ENV").map(PathBuf::from));
    prefixes.extend(variable("CONDA_PREFIX").map(PathBuf::from));
    prefixes.extend(variable("HOME").map(|home| PathBuf::from(home).join(".local")));
    prefixes.extend(["/usr/local", "/usr", "/opt/venv"].map(PathBuf::from));
    let mut packages = Vec::new();
    for prefix in prefixes {
        for python in entries(&prefix.join("lib"), "python3") {
            packages.push(python.join("site-packages"));
            packages.push(python.join("dist-packages"));
        }
    }
    packages
}

/// Entries of a folder whose name begins with `prefix`, highest name first.
fn entries(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(read) = fs::read_dir(folder) else { return Vec::new() };
    let begins = |name: &OsStr| name.to_str().is_some_and(|name| name.starts_with(prefix));
    let mut paths: Vec<PathBuf> = read
        .flatten()
        .filter(|entry| begins(&entry.file_name()))
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    paths.reverse();
    paths
}
