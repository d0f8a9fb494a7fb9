//! House rules as a test: crate edges, what ARCHITECTURE.md names, file sizes, words that stay out.
//!
//! It lives in `testkit` because that depends on nothing, so it runs even when the rest does not build.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Who may depend on whom. A debt would be listed here under that name; there is none.
const EDGES: &[(&str, &[&str])] = &[
    ("traces", &[]),
    ("kernels", &[]),
    ("engine", &["kernels"]),
    ("profiler", &["traces", "engine", "kernels"]),
    ("gui", &["traces", "profiler", "engine"]),
];

/// External crates that only some folders may name.
const RESERVED: &[(&str, &[&str])] = &[
    ("cudarc", &["engine/src/cuda", "profiler/src/cupti", "profiler/cupti-sys"]),
    ("egui", &["gui"]),
    ("eframe", &["gui"]),
];

/// A file longer than this is two ideas.
const MAX_LINES: usize = 600;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the checkout is there")
}

fn files(under: &Path, ending: &str, out: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(under) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            if name != "target" && !name.to_string_lossy().starts_with('.') {
                files(&path, ending, out);
            }
        } else if name.to_string_lossy().ends_with(ending) {
            out.push(path);
        }
    }
}

fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut out = Vec::new();
    files(&root().join(folder), ".rs", &mut out);
    out.sort();
    out
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().into_owned()
}

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
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        EDGES.iter().map(|(from, to)| (*from, to.iter().copied().collect())).collect();
    for (folder, may) in &allowed {
        let manifest = fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
        for (table, name) in dependencies(&manifest) {
            if let Some(to) = name.strip_prefix("weftscope-") {
                let is_testkit = to == "testkit" && table.contains("dev-dependencies");
                assert!(
                    is_testkit || may.contains(to),
                    "{folder}/Cargo.toml [{table}]: {folder} may not depend on {to}"
                );
            }
        }
        for path in rust_files(folder) {
            let text = fs::read_to_string(&path).unwrap();
            for (to, _) in EDGES {
                let named = text.contains(&format!("weftscope_{to}::"));
                let own = to == folder || path.starts_with(root().join(folder).join("tests"));
                assert!(
                    !named || own || may.contains(to),
                    "{}: {folder} may not use weftscope_{to}",
                    relative(&path)
                );
            }
        }
    }
}

#[test]
fn reserved_crates_stay_in_their_rooms() {
    for (folder, _) in EDGES {
        for path in rust_files(folder) {
            let place = relative(&path);
            let text = fs::read_to_string(&path).unwrap();
            for (name, rooms) in RESERVED {
                if rooms.iter().any(|room| place.starts_with(room)) {
                    continue;
                }
                let used =
                    text.contains(&format!("{name}::")) || text.contains(&format!("use {name};"));
                assert!(
                    !used || place.starts_with("traces/testkit/tests/tidy"),
                    "{place} names {name}; only {rooms:?} may"
                );
            }
        }
    }
}

#[test]
fn unsafe_code_stays_in_two_modules() {
    for (folder, _) in EDGES {
        for path in rust_files(folder) {
            let place = relative(&path);
            let room = ["engine/src/cuda", "profiler/src/cupti", "profiler/cupti-sys"];
            if place.starts_with("traces/testkit/tests/tidy")
                || room.iter().any(|room| place.starts_with(room))
            {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            for line in code {
                let hit = line.contains("unsafe {")
                    || line.contains("unsafe fn")
                    || line.contains("unsafe impl");
                assert!(!hit, "{place}: unsafe code outside its two modules: {line}");
            }
        }
    }
}

#[test]
fn files_are_short() {
    for (folder, _) in EDGES {
        for path in rust_files(folder) {
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            assert!(lines <= MAX_LINES, "{} has {lines} lines; split it", relative(&path));
        }
    }
}

/// Every `path/like/this` in backticks exists, and every crate has its line.
#[test]
fn architecture_names_what_exists() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for (folder, _) in EDGES {
        assert!(
            text.contains(&format!("`{folder}/`")),
            "ARCHITECTURE.md does not name `{folder}/`"
        );
    }
    for quoted in text.split('`').skip(1).step_by(2) {
        let is_path = quoted.contains('/')
            && !quoted.contains(' ')
            && EDGES.iter().any(|(folder, _)| quoted.starts_with(&format!("{folder}/")));
        if is_path {
            assert!(
                root().join(quoted).exists(),
                "ARCHITECTURE.md names `{quoted}`, which does not exist"
            );
        }
        if let Some(name) =
            quoted.strip_prefix("weftscope-").filter(|name| !name.contains(['/', ' ']))
        {
            assert!(
                root().join(name).join("Cargo.toml").exists(),
                "ARCHITECTURE.md names crate `{quoted}`"
            );
        }
    }
    assert!(text.lines().count() <= 300, "ARCHITECTURE.md is longer than 300 lines");
}
