//! Every environment variable that the code reads is in the README.

use std::{collections::BTreeSet, path::Path};

use crate::house::{CRATES, files, relative, root, text};

/// Prefixes of our own variables.
const OURS: [&str; 2] = ["WEFTSCOPE_", "CUPTI_SYS_"];

/// Variables named in a text: ours wherever they stand, others where `env::var`, `var_os` or `env!` takes them. Cargo's
/// own are left aside.
fn variables(source: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let is_word = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let word = |text: &str| text.chars().take_while(|&c| is_word(c)).collect::<String>();
    for prefix in OURS {
        for (at, _) in source.match_indices(prefix) {
            let starts = !source[..at].chars().next_back().is_some_and(is_word);
            found.extend(
                starts.then(|| word(&source[at..])).filter(|name| name.len() > prefix.len()),
            );
        }
    }
    for call in ["var(\"", "var_os(\""] {
        found.extend(source.match_indices(call).map(|(at, _)| word(&source[at + call.len()..])));
    }
    found.retain(|name| !name.starts_with("CARGO_") && name != "OUT_DIR" && !name.is_empty());
    found
}

fn sources() -> Vec<std::path::PathBuf> {
    let mut all: Vec<_> =
        CRATES.iter().flat_map(|folder| files(folder, &[".rs", ".sh", ".py"])).collect();
    all.push(root().join(".ci/run"));
    all.retain(|path| !Path::new(&relative(path)).starts_with("traces/testkit/tests/tidy"));
    all
}

#[test]
fn every_variable_is_in_the_readme() {
    let readme = text(&root().join("README.md"));
    let mut missing = BTreeSet::new();
    for path in sources() {
        for name in variables(&text(&path)) {
            if !readme.contains(&format!("`{name}`")) {
                missing.insert(format!("{name} ({})", relative(&path)));
            }
        }
    }
    assert!(missing.is_empty(), "not in README.md: {missing:#?}");
}

#[test]
fn every_variable_of_the_readme_is_read_somewhere() {
    let known: BTreeSet<String> =
        sources().iter().flat_map(|path| variables(&text(path))).collect();
    let named = variables(&text(&root().join("README.md")));
    let unread: Vec<_> = named.difference(&known).collect();
    assert!(unread.is_empty(), "README.md names {unread:?}, which nothing reads");
}

#[test]
fn variables_are_found() {
    let found = variables("std::env::var_os(\"HOME\"); let x = \"WEFTSCOPE_A_B\"; NO_WEFTSCOPE_X");
    assert_eq!(found.iter().collect::<Vec<_>>(), ["HOME", "WEFTSCOPE_A_B"]);
}
