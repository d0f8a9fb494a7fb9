//! One file opened in a process of its own, so that its time and its memory are nobody else's.

use std::fs::File;
use std::num::NonZero;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use weftscope_traces::stream::silent;
use weftscope_traces::{OpenOptions, open};

/// Asks this program to open one file.
pub(crate) const ONE: &str = "--one";

/// What opening a file cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    pub(crate) slices: u64,
    /// Records that were counted as lost.
    pub(crate) rejected: u64,
    pub(crate) wall_s: f64,
    pub(crate) cpu_s: f64,
    /// Of the file, a million bytes each.
    pub(crate) mb_per_s: f64,
    /// What the trace adds to the process's memory.
    pub(crate) resident_bytes: u64,
    /// The most that it added while it was being read.
    pub(crate) most_bytes: u64,
}

/// Opens a file in a process of its own.
pub(crate) fn figures(threads: usize, path: &Path) -> Figures {
    let program = std::env::current_exe().expect("a program has a path");
    let out = Command::new(program).args([ONE, &threads.to_string()]).arg(path).output();
    let out = out.expect("it starts");
    let text = String::from_utf8_lossy(&out.stdout);
    let words: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [slices, rejected, wall_s, cpu_s, resident, most] = words[..] else {
        panic!("{}: {text}{}", path.display(), String::from_utf8_lossy(&out.stderr))
    };
    let bytes = std::fs::metadata(path).map_or(0, |meta| meta.len());
    Figures {
        slices: slices as u64,
        rejected: rejected as u64,
        wall_s,
        cpu_s,
        mb_per_s: bytes as f64 / 1e6 / wall_s,
        resident_bytes: resident as u64,
        most_bytes: most as u64,
    }
}

/// Opens a file and prints what it cost.
pub(crate) fn one(threads: &str, path: &Path) {
    let threads = threads.parse().ok().and_then(NonZero::new).expect("a number of threads");
    let options = OpenOptions { threads, ..OpenOptions::default() };
    // What is made once a process, like the rules of kernels' names, is not the file's.
    let little =
        br#"[{"ph": "X", "cat": "kernel", "name": "k", "ts": 1, "dur": 1, "args": {"stream": 7}}]"#;
    open(&little[..], &options, &mut silent).expect("a trace");
    let (before, cpu_s, begun) = (resident_bytes(), cpu_seconds(), Instant::now());
    let file = File::open(path).expect("the input was made before");
    let trace = open(file, &options, &mut silent).expect("a trace");
    let (wall_s, cpu_s) = (begun.elapsed().as_secs_f64(), cpu_seconds() - cpu_s);
    let rejected: u64 = trace.diagnostics.counts.values().sum();
    let resident = resident_bytes().saturating_sub(before);
    let most = most_resident_bytes().saturating_sub(before);
    println!("{} {rejected} {wall_s} {cpu_s} {resident} {most}", trace.num_slices());
}

/// Memory of this process that is in RAM.
fn resident_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    pages * 4096
}

/// The most memory that this process ever had in RAM.
fn most_resident_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// Processor time of this process, user and system, in steps of 10 ms.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = text.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = behind_name.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|ticks| ticks.parse::<f64>().ok());
    (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0
}
