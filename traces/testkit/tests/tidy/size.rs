//! Files are short, and the longer ones say what they are about.

use crate::house::{CRATES, files, relative, rust_files, text};

/// A file longer than this is two ideas.
const MAX_LINES: usize = 450;
/// A file longer than this says at its top what it is about.
const UNEXPLAINED_LINES: usize = 150;

#[test]
fn files_are_short_and_say_what_they_are_about() {
    let mut wrong = Vec::new();
    for path in CRATES.iter().flat_map(|folder| rust_files(folder)) {
        let (place, text) = (relative(&path), text(&path));
        let lines = text.lines().count();
        if lines > MAX_LINES {
            wrong.push(format!("{place} has {lines} lines; split it"));
        }
        if lines > UNEXPLAINED_LINES && !text.starts_with("//!") {
            wrong.push(format!("{place} has {lines} lines and no word on what it is about"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn device_programs_are_short_and_say_what_they_are_about() {
    for path in files("kernels/cuda", &[".cu", ".cuh"]) {
        let (place, text) = (relative(&path), text(&path));
        assert!(text.lines().count() <= MAX_LINES, "{place} is too long");
        assert!(text.starts_with("//") || text.starts_with("/*"), "{place} says not what it is");
    }
}
