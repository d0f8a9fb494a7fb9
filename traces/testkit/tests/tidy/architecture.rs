//! `ARCHITECTURE.md` and `CONTRIBUTING.md` name only what exists.

use crate::house::{CRATES, root, text};

/// Longer, and nobody reads it to the end.
const MAX_LINES: usize = 300;

/// What stands in backticks and begins with a crate's folder.
fn paths(document: &str) -> impl Iterator<Item = &str> {
    document.split('`').skip(1).step_by(2).filter(|quoted| {
        let is_path =
            quoted.contains('/') && !quoted.contains([' ', '*', '<']) && !quoted.contains("NAME");
        is_path && CRATES.iter().any(|folder| quoted.starts_with(&format!("{folder}/")))
    })
}

#[test]
fn documents_name_what_exists() {
    for document in [
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "README.md",
        "docs/measurements.md",
        "docs/tokenweave.md",
        "kernels/NOTES.md",
    ] {
        for path in paths(&text(&root().join(document))) {
            let path = path.split(':').next().unwrap_or(path);
            assert!(root().join(path).exists(), "{document} names `{path}`, which does not exist");
        }
    }
}

#[test]
fn architecture_names_every_crate_and_is_short() {
    let document = text(&root().join("ARCHITECTURE.md"));
    for folder in CRATES {
        let named =
            document.contains(&format!("`{folder}/`")) || document.contains(&format!("`{folder}`"));
        assert!(named, "ARCHITECTURE.md does not name `{folder}`");
    }
    let lines = document.lines().count();
    assert!(lines <= MAX_LINES, "ARCHITECTURE.md has {lines} lines, more than {MAX_LINES}");
}
