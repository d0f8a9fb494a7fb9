use std::{
    env, fs,
    path::{Path, PathBuf},
};

use super::{Check, Finding};

pub(super) const CHECKS: [Check; 2] =
    [Check { name: "display", run: display }, Check { name: "OpenGL", run: opengl }];

/// A window can be tried: the machine has a display, or is one on which only trying tells.
pub(in crate::cli) fn has_display() -> bool {
    !matches!(display(), Finding::Missing { .. })
}

fn display() -> Finding {
    if !cfg!(target_os = "linux") {
        return Finding::Note("known once a window is opened".to_owned());
    }
    let named = ["WAYLAND_DISPLAY", "DISPLAY"].into_iter().find_map(|name| {
        let value = env::var_os(name).filter(|value| !value.is_empty())?;
        Some(format!("{name}={}", value.to_string_lossy()))
    });
    match named {
        Some(display) => Finding::Available(display),
        None => Finding::Missing {
            why: "neither WAYLAND_DISPLAY nor DISPLAY is set; weftscope then runs without a window".to_owned(),
            remedy: "run it on a desktop, with ssh -X, or under xvfb-run; report, shot and convert need no display"
                .to_owned(),
        },
    }
}

/// Looks for the library files only: loading a driver to ask it may fail in ways that end a program.
fn opengl() -> Finding {
    if !cfg!(target_os = "linux") {
        return Finding::Note("comes with the system".to_owned());
    }
    let found = ["libGL.so.1", "libEGL.so.1"].into_iter().find_map(find_library);
    match found {
        Some(path) => Finding::Available(path.display().to_string()),
        None => Finding::Missing {
            why: "neither libGL.so.1 nor libEGL.so.1 is installed".to_owned(),
            remedy: "install Mesa (Debian and Ubuntu: libgl1 libegl1 libgl1-mesa-dri); pictures by `shot` need none"
                .to_owned(),
        },
    }
}

fn find_library(name: &str) -> Option<PathBuf> {
    let search = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&search).collect();
    for root in ["/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64"] {
        folders.push(root.into());
        folders.extend(multiarch(Path::new(root)));
    }
    folders.into_iter().map(|folder| folder.join(name)).find(|path| path.exists())
}

/// Debian's folders for one architecture, e.g. `/usr/lib/x86_64-linux-gnu`.
fn multiarch(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().ends_with("-linux-gnu"))
        .map(|entry| entry.path())
        .collect()
}
