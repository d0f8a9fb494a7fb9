//! Where things stand: the checkout, its crates, its files.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

/// Folders of the crates.
pub(crate) const CRATES: [&str; 11] = [
    "traces",
    "traces/query",
    "traces/testkit",
    "kernels",
    "engine",
    "profiler",
    "profiler/cupti-sys",
    "profiler/inject",
    "profiler/inject/wire",
    "gui",
    "cluster",
];

/// The top of the checkout.
pub(crate) fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let above = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        above.canonicalize().expect("the checkout is there")
    });
    &ROOT
}

/// A file's text.
pub(crate) fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// As messages name a file: below the top of the checkout.
pub(crate) fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().into_owned()
}

/// Files below a folder of the checkout with one of these endings, sorted; build output and hidden folders left out.
pub(crate) fn files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(&root().join(folder), endings, &mut found);
    found.sort();
    found
}

/// Rust sources below a folder of the checkout.
pub(crate) fn rust_files(folder: &str) -> Vec<PathBuf> {
    files(folder, &[".rs"])
}

fn collect(under: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(under) else { return };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                collect(&path, endings, found);
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
}
