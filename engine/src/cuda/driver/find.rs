//! Where CUDA's shared libraries may lie.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
use thiserror::Error;

/// Why a library is not there.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FindError {
    /// Nothing with its name lies anywhere that was searched.
    #[error("{library} not found; {remedy}")]
    NotFound {
        /// Base name.
        library: &'static str,
        /// What to install or set.
        remedy: &'static str,
    },
    /// A file was there, but the loader refused it.
    #[error("{library} could not be loaded: {cause}")]
    NotLoadable {
        /// Base name.
        library: &'static str,
        /// What the loader said, with the path.
        cause: String,
    },
}

/// Folders below a CUDA toolkit or a `site-packages/nvidia/cu13`.
const FOLDERS: [&str; 4] = ["lib64", "targets/x86_64-linux/lib", "lib", "compute-sanitizer"];

/// Files named `stem*` in the toolkits (`CUDA_HOME`, `CUDA_PATH`, `WEFTSCOPE_CUDA_DIR`, `/usr/local/cuda*`) and in
/// the PyPI packages of the usual Python environments, best first.
///
/// `wheel` is the package folder below `nvidia/` for CUDA 12 wheels, e.g. `cuda_nvrtc`; CUDA 13 wheels share `cu13`.
pub fn library_paths(
    stem: &str,
    wheel: &str,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Vec<PathBuf> {
    let mut roots: Vec<PathBuf> = ["WEFTSCOPE_CUDA_DIR", "CUDA_HOME", "CUDA_PATH"]
        .iter()
        .filter_map(|name| variable(name).map(PathBuf::from))
        .collect();
    roots.extend(entries(Path::new("/usr/local"), "cuda"));
    for prefix in ["VIRTUAL_ENV", "CONDA_PREFIX"].iter().filter_map(|name| variable(name)) {
        roots.extend(wheels(Path::new(&prefix), wheel));
    }
    if let Some(home) = variable("HOME") {
        roots.extend(wheels(&Path::new(&home).join(".local"), wheel));
    }
    for prefix in ["/usr/local", "/usr"] {
        roots.extend(wheels(Path::new(prefix), wheel));
    }
    let mut paths = Vec::new();
    for root in roots {
        for folder in FOLDERS {
            for path in entries(&root.join(folder), stem) {
                if !paths.contains(&path) {
                    paths.push(path);
                }
            }
        }
    }
    paths
}

/// Loads a library for the rest of the process, its symbols global so that cudarc finds it by name.
pub(in crate::cuda) fn load(path: &Path) -> Result<(), String> {
    // SAFETY: the initialisers of CUDA's libraries may run at any time; the library is never unloaded.
    match unsafe { Library::open(Some(path), RTLD_NOW | RTLD_GLOBAL) } {
        Ok(library) => {
            std::mem::forget(library);
            Ok(())
        }
        Err(error) => Err(error.to_string()),
    }
}

/// `lib/python3*/{site,dist}-packages/nvidia/{cu13,wheel}` below a prefix.
fn wheels(prefix: &Path, wheel: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for python in entries(&prefix.join("lib"), "python3") {
        for packages in ["site-packages", "dist-packages"] {
            found.push(python.join(packages).join("nvidia/cu13"));
            found.push(python.join(packages).join("nvidia").join(wheel));
        }
    }
    found
}

/// Entries of a folder whose name begins with `prefix`, highest name first.
fn entries(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(read) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = read
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix)))
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    paths.reverse();
    paths
}
