//! Who may depend on whom.

use crate::house::{relative, root, rust_files, text};

/// A crate and those of ours that it may use.
const EDGES: &[(&str, &[&str])] = &[
    ("traces", &[]),
    ("kernels", &[]),
    ("engine", &["kernels"]),
    ("profiler/inject/wire", &[]),
    ("profiler/inject", &["wire"]),
    ("profiler", &["traces", "engine", "kernels", "wire"]),
    ("traces/query", &["traces"]),
    ("gui", &["traces", "query", "profiler", "engine"]),
    ("cluster", &["traces"]),
];

/// Names under the dependency tables of a manifest, with the table they stand in.
fn dependencies(manifest: &str) -> Vec<(String, String)> {
    let mut table = String::new();
    let mut found = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[') {
            table = name.trim_end_matches(']').to_owned();
        } else if table.contains("dependencies")
            && let Some(name) = line.split(['.', '=', ' ']).next()
            && !name.is_empty()
            && !name.starts_with('#')
        {
            found.push((table.clone(), name.to_owned()));
        }
    }
    found
}

#[test]
fn crates_depend_only_downwards() {
    for (folder, may) in EDGES {
        let manifest = text(&root().join(folder).join("Cargo.toml"));
        for (table, name) in dependencies(&manifest) {
            let Some(to) = name.strip_prefix("weftscope-") else { continue };
            let is_for_tests =
                table.contains("dev-dependencies") && (to == "testkit" || to == *folder);
            assert!(
                is_for_tests || may.contains(&to),
                "{folder}/Cargo.toml [{table}]: {folder} may not depend on {to}"
            );
        }
        for path in rust_files(folder) {
            let source = text(&path);
            for (to, _) in EDGES {
                let named = source.contains(&format!("weftscope_{to}::"));
                let own = to == folder;
                assert!(
                    !named || own || may.contains(to),
                    "{}: {folder} may not use weftscope_{to}",
                    relative(&path)
                );
            }
        }
    }
}
