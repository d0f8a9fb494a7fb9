//! What `ARCHITECTURE.md` says is absent: libraries, files, threads and clocks outside their rooms.

use std::collections::BTreeSet;

use crate::{
    house::{CRATES, relative, rust_files, text},
    syntax::Syntax,
};

/// Paths that code below a folder must not name, and why.
struct Absence {
    folders: &'static [&'static str],
    paths: &'static [&'static str],
    why: &'static str,
    /// Rooms that may: threads are begun there only if the caller allows more than one, and end with the call.
    but: &'static [&'static str],
}

const ABSENCES: &[Absence] = &[
    Absence {
        folders: &["traces/src"],
        paths: &["std::fs", "std::net", "std::process", "std::env", "memmap2", "tempfile"],
        why: "traces is handed Read and Write, it opens nothing",
        but: &[],
    },
    Absence {
        folders: &[
            "traces/src",
            "engine/src/sim",
            "engine/src/plan",
            "engine/src/split",
            "engine/src/strategy",
        ],
        paths: &[
            "std::thread",
            "std::time::Instant",
            "std::time::SystemTime",
            "crossbeam",
            "rayon",
        ],
        why: "no thread and no clock, so that it runs in a browser",
        but: &["traces/src/interchange/chrome/read"],
    },
    Absence {
        folders: &["engine/src/sim", "engine/src/plan", "engine/src/split", "engine/src/strategy"],
        paths: &["std::fs", "std::net", "std::process", "std::env", "crate::cuda"],
        why: "plans and the simulator touch neither files nor GPUs",
        but: &[],
    },
    Absence {
        folders: &["engine/src", "profiler/src", "traces/src", "kernels/src"],
        paths: &["egui", "eframe", "weftscope"],
        why: "only gui draws",
        but: &[],
    },
    Absence {
        folders: &["engine/src", "gui/src", "traces/src", "kernels/src"],
        paths: &["cupti_sys"],
        why: "only profiler::cupti sees CUPTI",
        but: &[],
    },
    Absence {
        folders: &["gui", "traces", "kernels"],
        paths: &["cudarc"],
        why: "only engine::cuda, profiler::cupti and cupti-sys name cudarc",
        but: &[],
    },
    Absence {
        folders: &["traces/src", "engine/src", "profiler/src", "gui/src"],
        paths: &["std::sync::mpsc::channel", "crossbeam::channel::unbounded"],
        why: "no queue is unbounded",
        but: &[],
    },
];

/// Where cudarc may be named.
const CUDARC: [&str; 3] = ["engine/src/cuda", "profiler/src/cupti", "profiler/cupti-sys"];
/// Where unsafe code may stand.
const UNSAFE: [&str; 5] = [
    CUDARC[0],
    CUDARC[1],
    CUDARC[2],
    // A library that C programs load, and NVIDIA's tools call back.
    "profiler/inject/src",
    // SQLite's traits are unsafe to implement.
    "traces/query/src/module.rs",
];

/// Whether something at or below `path` is among these names.
fn names(named: &BTreeSet<String>, path: &str) -> bool {
    let below = format!("{path}::");
    named.contains(path)
        || named.range(below.clone()..).next().is_some_and(|name| name.starts_with(&below))
}

#[test]
fn what_is_absent_on_purpose_is_absent() {
    for Absence { folders, paths, why, but } in ABSENCES {
        for folder in *folders {
            let sources = rust_files(folder);
            assert!(!sources.is_empty(), "{folder} has no sources: the rule would hold of nothing");
            for path in sources {
                let place = relative(&path);
                let may = but.iter().any(|room| place.starts_with(room));
                if may || place.contains("/tests") || place.contains("/testing") {
                    continue;
                }
                let named = Syntax::of_file(&path).names();
                for absent in *paths {
                    assert!(!names(&named, absent), "{place} names {absent}: {why}");
                }
            }
        }
    }
}

#[test]
fn a_name_is_found_however_it_is_imported() {
    let named = |text: &str| Syntax::of(text).unwrap().names();
    let whole = ["use std::fs;", "use std::{io, fs::File};", "fn f() { std::fs::read(\"x\"); }"];
    for text in whole {
        assert!(names(&named(text), "std::fs"), "{text}");
    }
    let in_two = named("use std::time; fn f() { time::Instant::now(); }");
    assert!(names(&in_two, "std::time::Instant"));
    let other = named("use std::time::Duration; use std::fmt; use std::fs_other;");
    assert!(!names(&other, "std::time::Instant") && !names(&other, "std::fs"));
}

#[test]
fn cudarc_stays_in_its_rooms() {
    for path in ["engine", "profiler"].iter().flat_map(|folder| rust_files(folder)) {
        let place = relative(&path);
        if !CUDARC.iter().any(|room| place.starts_with(room)) {
            let named = Syntax::of_file(&path).names();
            assert!(!names(&named, "cudarc"), "{place} names cudarc; only {CUDARC:?} may");
        }
    }
}

#[test]
fn unsafe_code_stays_in_its_rooms() {
    for path in CRATES.iter().flat_map(|folder| rust_files(folder)) {
        let place = relative(&path);
        let is_here = place.starts_with("traces/testkit/tests/tidy");
        if is_here || UNSAFE.iter().any(|room| place.starts_with(room)) {
            continue;
        }
        let text = text(&path);
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            let forms = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"];
            let hit = forms.iter().any(|form| line.contains(form));
            assert!(!hit, "{place}: unsafe code outside {UNSAFE:?}: {line}");
        }
    }
}
